import { insertSealed, updateSealed } from '../audit';
import type { Json, LeaseRef, StepRow } from '../model';
import { all, lock, one, type Transition, type Tx } from '../transaction';
import { applyNotes, type Changes, leased, readyChanges, transit } from './documents';
import { branch, type ClaimRow, conflictError, holdRow, settleRow, UNLEASED } from './settle';

export interface ClaimInput extends LeaseRef {
  businessKey: string;
  contentHash: string;
}

export type ClaimResult =
  | { status: 'new'; hop: number }
  | { status: 'duplicate'; of: string; results: Record<string, Json> }
  | { status: 'waiting'; of: string }
  | { status: 'conflict'; of: string }
  | { status: 'branched' };

/**
 * Claims a business key for a document. The claim is final only when the document is settled as completed.
 * Same key and content as another document: settled as its duplicate at once. Other content: waits while the
 * first is open, else held as a conflict.
 */
export function* claim(tx: Tx, input: ClaimInput): Transition<ClaimResult> {
  const row = yield* leased(input);
  if (row.hop !== input.hop) return yield* branch(tx, row);
  yield* lock(tx, 'key', input.businessKey);
  const notes = yield* applyNotes(tx, row, {
    ...input.notes,
    businessKey: input.businessKey,
    contentHash: input.contentHash,
  });
  const first = yield* one<ClaimRow>('SELECT * FROM claims WHERE business_key = $1', input.businessKey);
  if (!first || first.document_id === row.id) {
    if (!first)
      notes.subjects.push(
        yield* insertSealed('claims', {
          business_key: input.businessKey,
          document_id: row.id,
          content_hash: input.contentHash,
          state: 'open',
        }),
      );
    else if (first.content_hash !== input.contentHash)
      notes.subjects.push(
        yield* updateSealed('claims', input.businessKey, { content_hash: input.contentHash }),
      );
    yield* transit(
      tx,
      row,
      'claimed-key',
      { ...notes.changes, hop: row.hop + 1 },
      { key: input.businessKey },
      notes.subjects,
    );
    return { status: 'new', hop: row.hop + 1 };
  }
  const of = first.document_id;
  if (first.content_hash === input.contentHash) {
    yield* settleRow(tx, row, 'duplicate', { of }, { ...notes.changes, duplicate_of: of }, notes.subjects);
    return { status: 'duplicate', of, results: yield* stepResults(of) };
  }
  if (first.state === 'final') {
    yield* holdRow(tx, row, conflictError(first), notes);
    return { status: 'conflict', of };
  }
  const changes = {
    ...notes.changes,
    ...UNLEASED,
    state: 'waiting',
    waits_for: `claim:${input.businessKey}`,
    due: null,
    in_lane: 0,
    blocked: 0,
  };
  yield* transit(tx, row, 'waiting', changes, { for: input.businessKey }, notes.subjects);
  return { status: 'waiting', of };
}

/** Results of the steps done for a document, by kind of effect. */
export function* stepResults(documentId: string): Transition<Record<string, Json>> {
  const steps = yield* all<StepRow>(
    "SELECT kind, result FROM steps WHERE document_id = $1 AND state = 'done' ORDER BY intended_at, id",
    documentId,
  );
  return Object.fromEntries(steps.map(({ kind, result }) => [kind, JSON.parse(result!) as Json]));
}

/** What is known of a document under its business key: whether it is completed, and its steps' results. */
export function* reference(
  _tx: Tx,
  { businessKey }: { businessKey: string },
): Transition<{ documentId: string; completed: boolean; results: Record<string, Json> } | undefined> {
  const known = yield* one<ClaimRow>('SELECT * FROM claims WHERE business_key = $1', businessKey);
  if (!known) return undefined;
  return {
    documentId: known.document_id,
    completed: known.state === 'final',
    results: yield* stepResults(known.document_id),
  };
}

/**
 * Lets a document wait for another one, named by its business key: it leaves its lane, holds no lease, and comes
 * back when that one is completed. `ready` where it is completed already.
 * @param due milliseconds since the epoch; then it is held as RUN_REFERENCE_MISSING
 */
export function* awaitReference(
  tx: Tx,
  input: LeaseRef & { businessKey: string; due: number },
): Transition<'ready' | 'waiting'> {
  const row = yield* leased(input);
  yield* lock(tx, 'key', input.businessKey);
  const known = yield* one<ClaimRow>(
    "SELECT * FROM claims WHERE business_key = $1 AND state = 'final'",
    input.businessKey,
  );
  const notes = yield* applyNotes(tx, row, input.notes);
  const back: Changes = known
    ? yield* readyChanges(tx, row)
    : {
        ...UNLEASED,
        state: 'waiting',
        waits_for: `ref:${input.businessKey}`,
        due: input.due,
        in_lane: 0,
        blocked: 0,
      };
  yield* transit(
    tx,
    row,
    known ? 'reference-arrived' : 'waiting',
    { ...notes.changes, ...back },
    { reference: input.businessKey },
    notes.subjects,
  );
  return known ? 'ready' : 'waiting';
}

/**
 * Puts a document off until `due` (milliseconds since the epoch), without a lease; it keeps its lane. For
 * documents that an entity takes in batches.
 */
export function* defer(tx: Tx, input: LeaseRef & { due: number }): Transition<void> {
  const row = yield* leased(input);
  yield* transit(
    tx,
    row,
    'deferred',
    { ...UNLEASED, state: 'waiting', waits_for: 'batch', due: input.due },
    { due: input.due },
  );
}
