import { setTimeout as sleep } from 'node:timers/promises';
import { FinanceError, toFinanceError } from '../../errors';

/** SQLSTATEs after which the same transaction, run again, may well succeed. */
const COLLISIONS = new Set(['40001', '40P01', '23505', '55P03']);
/** SQLSTATEs of a connection that ended, or of a server that takes no work just now. */
const GONE = /^(08...|57P0.|25P03|25006|53300)$/;

/** Thrown where the session that holds a worker's lock is not there just now; nothing was written. */
export class NotConnected extends Error {}

function sqlState(error: unknown): string | undefined {
  const { severity, code } = error as { severity?: string; code?: string };
  return severity === undefined ? undefined : code;
}

/** Two transactions met: unique violation, deadlock, serialization failure. */
export function isCollision(error: unknown): boolean {
  return COLLISIONS.has(sqlState(error) ?? '');
}

/** The connection ended or could not be made. */
export function isGone(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return GONE.test(state);
  // `pg` says it with plain errors, the socket with system errors.
  const plain = error instanceof Error && error.constructor === Error;
  return plain || error instanceof NotConnected || error instanceof AggregateError;
}

/** What a caller is told of a failure of Postgres. */
export function storeError(error: unknown): FinanceError {
  if (error instanceof FinanceError) return error;
  const state = sqlState(error);
  const { message } = error as Error;
  if (state === '53100') return new FinanceError('STORE_DISK_FULL', { cause: error });
  if (state?.startsWith('22') || (!state && !isGone(error))) return toFinanceError(error, 'RUN_UNEXPECTED');
  return new FinanceError('STORE_UNAVAILABLE', { message: `The store failed: ${message}`, cause: error });
}

/**
 * Runs `attempt` again while it fails in a way that leaves nothing written, up to `patienceMs`.
 * @throws what {@link storeError} makes of the last failure
 */
export async function patiently<Result>(patienceMs: number, attempt: () => Promise<Result>): Promise<Result> {
  const until = Date.now() + patienceMs;
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      const longest = isCollision(error) ? 200 : isGone(error) ? 500 : 0;
      const delay = Math.min(longest, 5 * 2 ** failures) * (0.5 + Math.random() / 2);
      if (longest === 0 || Date.now() + delay > until) throw storeError(error);
      await sleep(delay);
    }
  }
}
