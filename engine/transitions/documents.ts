import { FinanceError, type StoredError } from '../../errors';
import { insertSealed, record, type Subject, updateSealed } from '../audit';
import { newId, sha256 } from '../ids';
import type { Care, DocumentRow, LeaseRef, Notes } from '../model';
import { moveOf } from '../observer';
import { lock, one, type SqlValue, type Statement, type Transition, type Tx, together } from '../transaction';

/** What a write changes in a document's row. */
export type Changes = Partial<Record<keyof DocumentRow, SqlValue>>;

/** A document that the transition is about to change: no other transaction changes it meanwhile. */
export function* documentById(id: string): Transition<DocumentRow> {
  const [[row]] = yield* together<[DocumentRow[]]>(documentToChange(id));
  return foundDocument(id, row);
}

/** The statement of {@link documentById}, to go together with others. */
export function documentToChange(id: string): Statement {
  return { sql: 'SELECT * FROM documents WHERE id = $1 {lock}', params: [id] };
}

/** A document as it is now, for readers. */
export function* readDocument(id: string): Transition<DocumentRow> {
  return foundDocument(id, yield* one<DocumentRow>('SELECT * FROM documents WHERE id = $1', id));
}

/** @throws STORE_NOT_FOUND */
export function foundDocument(id: string, row: DocumentRow | undefined): DocumentRow {
  if (row) return row;
  throw new FinanceError('STORE_NOT_FOUND', { message: `There is no document ${id}.`, documentId: id });
}

/**
 * The row of a document that the caller holds the lease of.
 * @throws STORE_FENCE_STALE where another lease came after, or the document is no longer leased
 */
export function* leased(ref: LeaseRef): Transition<DocumentRow> {
  return asLeased(ref, yield* documentById(ref.documentId));
}

/** The row, if it is leased as the caller says. @throws STORE_FENCE_STALE */
export function asLeased(ref: LeaseRef, row: DocumentRow): DocumentRow {
  if (row.state !== 'leased' || Number(row.fence) !== ref.fence) throw staleFence(row, ref);
  return row;
}

export function staleFence(row: DocumentRow, ref: LeaseRef): FinanceError {
  return new FinanceError('STORE_FENCE_STALE', {
    message: `Document ${row.id} is ${row.state} with fence ${row.fence}; this message carries fence ${ref.fence}.`,
    documentId: row.id,
  });
}

/**
 * Changes a document's row and writes the one audit event of the transition.
 * @param fresh whether nothing has changed the row since this transaction locked and read it
 */
export function* transit(
  tx: Tx,
  row: DocumentRow,
  type: string,
  changes: Changes,
  data: Record<string, unknown> = {},
  subjects: Subject[] = [],
  fresh = false,
): Transition<void> {
  const leaves = changes.in_lane === 0 && row.in_lane === 1;
  if (row.state === 'leased' && changes.state !== undefined) tx.ended.set(row.id, row.worker);
  const move = tx.watched ? moveOf(row, changes) : undefined;
  if (move) tx.moves.push(move);
  if (leaves) yield* lock(tx, 'lane', row.lane);
  const changed = yield* updateSealed(
    'documents',
    row.id,
    { ...changes, updated_at: tx.now },
    fresh ? row : undefined,
  );
  const next = leaves ? yield* openLane(tx, row) : [];
  yield* record(tx, type, row.id, data, [changed, ...next, ...subjects]);
}

/** The document behind the one that left its lane is free to run. */
function* openLane(tx: Tx, row: DocumentRow): Transition<Subject[]> {
  const next = yield* one<Pick<DocumentRow, 'id' | 'blocked' | 'pipeline'>>(
    'SELECT id, blocked, pipeline FROM documents WHERE lane = $1 AND in_lane = 1 ORDER BY seq LIMIT 1',
    row.lane,
  );
  if (!next || next.blocked === 0) return [];
  if (next.pipeline) tx.wake.add(next.pipeline);
  return [yield* updateSealed('documents', next.id, { blocked: 0 })];
}

/** What makes a document `ready`: it keeps its place in the lane, or goes behind the one that is in it. */
export function* readyChanges(tx: Tx, row: DocumentRow): Transition<Changes> {
  if (row.pipeline) tx.wake.add(row.pipeline);
  const blocked = row.in_lane === 1 ? row.blocked : yield* laneTaken(tx, row.lane);
  return {
    state: 'ready',
    in_lane: 1,
    blocked,
    due: null,
    waits_for: null,
    worker: null,
    lease_until: null,
    deadline: null,
    error: null,
    error_at: null,
    suspect: 0,
    alone: 0,
  };
}

/** 1 where a document is in this lane, 0 where it is free; it stays so until the transaction ends. */
export function* laneTaken(tx: Tx, lane: string): Transition<0 | 1> {
  yield* lock(tx, 'lane', lane);
  return (yield* one('SELECT id FROM documents WHERE lane = $1 AND in_lane = 1 LIMIT 1', lane)) ? 1 : 0;
}

/** The columns that notes of pure nodes fill, and the canonical body beside them. */
export function* applyNotes(
  tx: Tx,
  row: DocumentRow,
  notes: Notes | undefined,
): Transition<{ changes: Changes; subjects: Subject[] }> {
  if (!notes) return { changes: {}, subjects: [] };
  const changes: Changes = {};
  if (notes.businessKey !== undefined) changes.business_key = notes.businessKey;
  if (notes.contentHash !== undefined) changes.content_hash = notes.contentHash;
  if (notes.amount !== undefined) changes.amount = notes.amount;
  if (notes.currency !== undefined) changes.currency = notes.currency;
  if (notes.number !== undefined) changes.number = notes.number;
  if (notes.date !== undefined) changes.date = notes.date;
  if (notes.sourceId !== undefined) changes.source_id = notes.sourceId;
  if (notes.kind !== undefined) changes.kind = notes.kind;
  if (notes.care !== undefined) changes.care = JSON.stringify(notes.care);
  if (notes.mapping !== undefined) changes.mapping = JSON.stringify(notes.mapping);
  if (notes.canonical === undefined) return { changes, subjects: [] };
  const subject = yield* keepBody(
    tx,
    row.id,
    'canonical',
    'application/json',
    JSON.stringify(notes.canonical),
  );
  return { changes, subjects: subject ? [subject] : [] };
}

/**
 * Stores a body unless the latest of its role, which counts, is the same. It is later than that one, also where both
 * come within a millisecond, or from runtimes whose clocks differ.
 */
export function* keepBody(
  tx: Tx,
  documentId: string,
  role: string,
  mediaType: string,
  content: string | Uint8Array,
): Transition<Subject | undefined> {
  const latest = yield* one<{ sha256: string; created_at: number }>(
    'SELECT sha256, created_at FROM bodies WHERE document_id = $1 AND role = $2 ORDER BY created_at DESC, id DESC LIMIT 1',
    documentId,
    role,
  );
  if (latest?.sha256 === sha256(content)) return undefined;
  const at = latest ? Math.max(tx.now, Number(latest.created_at) + 1) : tx.now;
  return yield* addBody(tx, documentId, role, mediaType, content, at);
}

/** Stores the first body of a role. */
export function* addBody(
  tx: Tx,
  documentId: string,
  role: string,
  mediaType: string,
  content: string | Uint8Array,
  at = tx.now,
): Transition<Subject> {
  const id = newId('bod', at);
  return yield* insertSealed('bodies', {
    id,
    document_id: documentId,
    role,
    media_type: mediaType,
    content: typeof content === 'string' ? Buffer.from(content) : content,
    sha256: sha256(content),
    created_at: at,
    erased_at: null,
  });
}

/** Opens an exception for a document; its class is the kind of the error. */
export function* openException(tx: Tx, row: DocumentRow, error: StoredError): Transition<Subject> {
  const id = newId('exc', tx.now);
  const care: Care = row.care ? (JSON.parse(row.care) as Care) : {};
  return yield* insertSealed('exceptions', {
    id,
    document_id: row.id,
    entity: row.entity,
    class: error.kind,
    code: error.code,
    step: error.step ?? null,
    cause: error.message,
    hint: error.hint,
    details: error.details ? JSON.stringify(error.details) : null,
    amount: row.amount,
    currency: row.currency,
    owner: care.owner ?? null,
    due: care.serviceHours === undefined ? null : tx.now + Math.round(care.serviceHours * 3_600_000),
    opened_at: tx.now,
    closed_at: null,
    resolution: null,
    actor: null,
    reason: null,
  });
}

/** The open exceptions of a document. */
export function openExceptions(documentId: string): Statement {
  return {
    sql: 'SELECT id FROM exceptions WHERE document_id = $1 AND closed_at IS NULL',
    params: [documentId],
  };
}

/** Closes the open exceptions of a document. @param open what {@link openExceptions} found */
export function* closeExceptions(
  tx: Tx,
  documentId: string,
  resolution: string,
  actor: string | null,
  reason: string | null,
  open?: { id: string }[],
): Transition<Subject[]> {
  const found = open ?? (yield* together<[{ id: string }[]]>(openExceptions(documentId)))[0];
  const closed: Subject[] = [];
  for (const { id } of found)
    closed.push(yield* updateSealed('exceptions', id, { closed_at: tx.now, resolution, actor, reason }));
  return closed;
}
