import { FinanceError } from '../../errors';
import { one, run, type Transition, type Tx } from '../transaction';

/** A write that began and did not end is over after this time: its process died. */
const ABANDONED_MS = 60_000;
/** How long an answer is kept for the same request. */
const KEPT_MS = 24 * 3_600_000;
const FORGET_MS = 600_000;

/** An answer that was given before. */
export interface Answered {
  status: number;
  response: string;
}

/**
 * Begins a write under its key. @returns the answer where the same request was answered before
 * @throws API_KEY_REUSED where the key was used for another request, API_IN_PROGRESS while the first one runs
 */
export function* beginWrite(
  tx: Tx,
  input: { key: string; requestHash: string },
): Transition<Answered | undefined> {
  yield* forgetOld(tx);
  const inserted = yield* one(
    `INSERT INTO api_writes (key, request_hash, created_at) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING RETURNING key`,
    input.key,
    input.requestHash,
    tx.now,
  );
  if (inserted) return undefined;
  const known = yield* one<{
    request_hash: string;
    status: number | null;
    response: string | null;
    created_at: number;
  }>('SELECT request_hash, status, response, created_at FROM api_writes WHERE key = $1 {lock}', input.key);
  if (known && known.request_hash !== input.requestHash) throw new FinanceError('API_KEY_REUSED');
  if (known && known.status !== null) return { status: Number(known.status), response: known.response ?? '' };
  if (!known || Number(known.created_at) > tx.now - ABANDONED_MS)
    throw new FinanceError('API_IN_PROGRESS', { retryAfterMs: 1_000 });
  yield* run('UPDATE api_writes SET created_at = $2 WHERE key = $1', input.key, tx.now);
  return undefined;
}

let forgotAt = 0;

/** Now and then, since it looks through the table. */
function* forgetOld({ now }: Tx): Transition<void> {
  if (Math.abs(now - forgotAt) < FORGET_MS) return;
  forgotAt = now;
  yield* run('DELETE FROM api_writes WHERE created_at < $1', now - KEPT_MS);
}

/** Keeps the answer of a write. */
export function* endWrite(_tx: Tx, input: { key: string } & Answered): Transition<void> {
  yield* run(
    'UPDATE api_writes SET status = $2, response = $3 WHERE key = $1',
    input.key,
    input.status,
    input.response,
  );
}

/** Frees the key of a write that failed: it may be tried again. */
export function* dropWrite(_tx: Tx, input: { key: string }): Transition<void> {
  yield* run('DELETE FROM api_writes WHERE key = $1 AND status IS NULL', input.key);
}
