import type { ErrorKind, StoredError } from '../errors';

/** How often and how fast a kind of error is tried again. */
interface RetryRule {
  attempts: number;
  /** First delay in milliseconds; doubled each time. */
  first: number;
  /** Longest delay in milliseconds. */
  longest: number;
}

const RULES: Partial<Record<ErrorKind, RetryRule>> = {
  transient: { attempts: 10, first: 200, longest: 60_000 },
  throttled: { attempts: 50, first: 1_000, longest: 300_000 },
  unavailable: { attempts: 200, first: 500, longest: 300_000 },
  in_doubt: { attempts: 10, first: 500, longest: 60_000 },
};

export type Disposition = { action: 'retry'; delayMs: number } | { action: 'hold'; error: StoredError };

/**
 * What becomes of a document whose step failed; the kind of the error alone decides.
 * @param attempts failed attempts so far, this one not counted
 * @param chance 0 ≤ chance < 1, spreads the retries (half of the delay is jitter)
 */
export function disposition(error: StoredError, attempts: number, chance: number): Disposition {
  const rule = RULES[error.kind];
  if (!rule) return { action: 'hold', error };
  if (attempts + 1 >= rule.attempts) {
    const message = `${error.message} (the last of ${attempts + 1} attempts)`;
    return { action: 'hold', error: { ...error, message } };
  }
  const backoff = Math.min(rule.first * 2 ** attempts, rule.longest);
  const delayMs = Math.round(backoff * (0.5 + chance / 2));
  return { action: 'retry', delayMs: Math.max(delayMs, error.retryAfterMs ?? 0) };
}
