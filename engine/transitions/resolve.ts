import { FinanceError } from '../../errors';
import type { DocumentRow, StepRow } from '../model';
import { all, type Transition, type Tx } from '../transaction';
import { type Changes, closeExceptions, documentById, keepBody, readyChanges, transit } from './documents';
import { pipelineOf } from './receive';
import { isErased } from './retention';
import { settleRow } from './settle';

/** Who decided, and why; both are kept for ever. */
export interface Decision {
  documentId: string;
  actor: string;
  reason: string;
}

/**
 * Runs a held or settled document again from the start of its pipeline. Steps done before give their recorded
 * results, and the mapping that they were done with is used again unless `mapping` is `latest`.
 * @throws STORE_STATE where the document is under way already
 */
export function* replay(tx: Tx, input: Decision & { mapping?: 'pinned' | 'latest' }): Transition<void> {
  const row = yield* documentById(input.documentId);
  if (row.state !== 'held' && row.state !== 'settled') throw wrongState(row, 'replayed');
  if (yield* isErased(row.id)) throw wrongState(row, 'replayed: its texts were erased');
  if (row.outcome === 'duplicate') throw wrongState(row, 'replayed: its original can be');
  const { name, lane_policy } = yield* pipelineOf(row);
  const subjects = yield* closeExceptions(tx, row.id, 'retried', input.actor, input.reason);
  const changes: Changes = {
    ...(yield* readyChanges(tx, { ...row, pipeline: name })),
    pipeline: name,
    lane_policy,
    outcome: null,
    settled_at: null,
    attempts: 0,
    tries: null,
    expiries: 0,
    crashes: 0,
    ...(input.mapping === 'latest' ? { mapping: null } : {}),
  };
  yield* transit(
    tx,
    row,
    'replayed',
    changes,
    { actor: input.actor, reason: input.reason, mapping: input.mapping ?? 'pinned' },
    subjects,
  );
}

/**
 * Settles a held document without completing it. Where effects were already had, the caller must say that they
 * are kept; its key is released, so that a corrected document can come under it.
 * @throws STORE_STATE where it is not held, or has effects and `effects` is not given
 */
export function* dismiss(
  tx: Tx,
  input: Decision & { outcome: 'skipped' | 'rejected'; effects?: 'kept' },
): Transition<void> {
  const row = yield* documentById(input.documentId);
  if (row.state !== 'held') throw wrongState(row, input.outcome);
  const steps = yield* all<StepRow>(
    "SELECT kind FROM steps WHERE document_id = $1 AND state <> 'failed'",
    row.id,
  );
  if (steps.length > 0 && input.effects !== 'kept')
    throw new FinanceError('STORE_STATE', {
      message: `Document ${row.id} already had effects (${steps.map(({ kind }) => kind).join(', ')}): say that they are kept, with a reason.`,
      documentId: row.id,
    });
  const { actor, reason } = input;
  yield* settleRow(
    tx,
    row,
    input.outcome,
    { actor, reason, effects: steps.length > 0 ? 'kept' : 'none' },
    {},
    [],
    { actor, reason },
  );
}

/** Gives a held document a corrected source body; the original stays. */
export function* correct(tx: Tx, input: Decision & { mediaType: string; content: string }): Transition<void> {
  const row = yield* documentById(input.documentId);
  if (row.state !== 'held') throw wrongState(row, 'corrected');
  const subject = yield* keepBody(tx, row.id, 'corrected', input.mediaType, input.content);
  yield* transit(
    tx,
    row,
    'corrected',
    {},
    { actor: input.actor, reason: input.reason },
    subject ? [subject] : [],
  );
}

function wrongState(row: DocumentRow, verb: string): FinanceError {
  return new FinanceError('STORE_STATE', {
    message: `Document ${row.id} is ${row.outcome ?? row.state} and cannot be ${verb}.`,
    documentId: row.id,
  });
}
