import type { ErrorCode, ErrorKind, StoredError } from '../errors';

/** How often and how fast a kind of error is tried again. */
export interface RetryRule {
  /** Failed attempts of this kind after which a document is held. */
  attempts: number;
  /** First delay in milliseconds; doubled each time. */
  first: number;
  /** Longest delay in milliseconds. */
  longest: number;
}

/** The rule of each kind that is tried again; all other kinds are held at once. */
export const RETRIES = {
  transient: { attempts: 10, first: 200, longest: 60_000 },
  throttled: { attempts: 50, first: 1_000, longest: 300_000 },
  // Long enough for a weekend: 2 days and a half at least.
  unavailable: { attempts: 1_500, first: 500, longest: 300_000 },
  in_doubt: { attempts: 10, first: 500, longest: 60_000 },
} as const satisfies Partial<Record<ErrorKind, RetryRule>>;

/** A target takes nothing just now: the document did not try, and nothing is counted. */
const NOT_TRIED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'TARGET_UNAVAILABLE',
  'TARGET_PAUSED',
  'TARGET_BUSY',
]);

/** Whether the error says that the target was not called at all. */
export const isNotTried = ({ code }: Pick<StoredError, 'code'>): boolean => NOT_TRIED.has(code);

/** The longest wait that another side may ask for: a day. */
const LONGEST_ASKED = 86_400_000;
/** For a wait that was asked for without saying how long. */
const UNSAID = 1_000;

/** Failed attempts of a document so far, by kind of error. */
export type Tries = Partial<Record<ErrorKind, number>>;

export type Disposition =
  | { action: 'retry'; delayMs: number; tries: Tries }
  /** Waits for its target; comes back by itself after `delayMs`, or when the target is resumed. */
  | { action: 'await'; delayMs: number }
  | { action: 'hold'; error: StoredError };

/**
 * What becomes of a document whose step failed; the kind of the error alone decides. Each kind has a count of its
 * own, so that a long outage does not use up the attempts of the conflict after it.
 * @param tries failed attempts so far, this one not counted
 * @param chance 0 ≤ chance < 1, spreads the retries: half of the delay is jitter, and a tenth of what was asked for
 */
export function disposition(error: StoredError, tries: Tries, chance: number): Disposition {
  const asked = askedFor(error) * (1 + chance / 10);
  if (isNotTried(error)) return { action: 'await', delayMs: Math.round(asked || UNSAID) };
  const rule: RetryRule | undefined = (RETRIES as Partial<Record<ErrorKind, RetryRule>>)[error.kind];
  if (!rule) return { action: 'hold', error };
  const failed = (tries[error.kind] ?? 0) + 1;
  if (failed >= rule.attempts) {
    const message = `${error.message} (the last of ${failed} attempts)`;
    return { action: 'hold', error: { ...error, message } };
  }
  const backoff = Math.min(rule.first * 2 ** (failed - 1), rule.longest);
  const delayMs = Math.round(Math.max(backoff * (0.5 + chance / 2), asked));
  return { action: 'retry', delayMs, tries: { ...tries, [error.kind]: failed } };
}

/** Retry-After in milliseconds, within bounds; 0 where none was given. */
function askedFor({ retryAfterMs }: StoredError): number {
  if (retryAfterMs === undefined || !(retryAfterMs > 0)) return 0;
  return Math.min(retryAfterMs, LONGEST_ASKED);
}
