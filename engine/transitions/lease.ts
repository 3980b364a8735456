import { FinanceError } from '../../errors';
import { factsOf, record, updateSealed } from '../audit';
import type { Approval, DocumentRow, Json, LeasedDocument, Notes, StoreSettings } from '../model';
import { all, lock, one, run, type SqlValue, type Transition, type Tx } from '../transaction';
import { documentById, openException, readDocument, readyChanges, transit } from './documents';
import { fail as failDocument } from './settle';
import { waitForTarget, wakeResumed } from './targets';

export interface LeaseInput {
  pipeline: string;
  worker: string;
  limit: number;
  settings: StoreSettings;
}

/**
 * Gives a worker the right to up to `limit` documents of a pipeline, one a lane, the oldest first. The fence of
 * each grows. While suspects of a crash wait, each worker gets them one by one with nothing else in its flight.
 */
export function* lease(
  tx: Tx,
  { pipeline, worker, limit, settings }: LeaseInput,
): Transition<LeasedDocument[]> {
  if (limit <= 0) return [];
  yield* lock(tx, 'worker', worker);
  const { paused, alone } = yield* leaveToLease(pipeline, worker);
  if (paused) return [];
  const rows = alone
    ? yield* nextSuspect(tx, pipeline, worker, settings)
    : yield* all<DocumentRow>(
        `SELECT * FROM documents WHERE state = 'ready' AND blocked = 0 AND pipeline = $1
         ORDER BY seq LIMIT $2 {skip locked}`,
        pipeline,
        limit,
      );
  const leased: LeasedDocument[] = [];
  for (const row of rows) leased.push(yield* grant(tx, row, worker, settings, alone));
  return leased;
}

/**
 * Whether the pipeline is paused, and whether this worker runs a suspect, or one is there for it to run (a paused
 * pipeline's waits for its time).
 */
function* leaveToLease(pipeline: string, worker: string): Transition<{ paused: boolean; alone: boolean }> {
  const found = yield* one<{ paused: string | null; suspect: string | null }>(
    // materialized, so that it is found by the index of the suspects, which are few, and not among all that are ready
    `SELECT (SELECT name FROM pipelines WHERE name = $1 AND paused = 1) AS paused,
     (WITH suspects AS MATERIALIZED (SELECT id, state, blocked, worker, pipeline FROM documents WHERE suspect = 1)
     SELECT id FROM suspects WHERE state = 'leased' AND worker = $2 OR state = 'ready' AND blocked = 0
     AND pipeline IN (SELECT name FROM pipelines WHERE paused = 0) LIMIT 1) AS suspect`,
    pipeline,
    worker,
  );
  return { paused: found?.paused != null, alone: found?.suspect != null };
}

/** The suspect to run next, if the worker runs nothing; one that takes long no longer holds the others up. */
function* nextSuspect(
  tx: Tx,
  pipeline: string,
  worker: string,
  settings: StoreSettings,
): Transition<DocumentRow[]> {
  const inFlight = yield* one<{ started: number | null }>(
    "SELECT MAX(updated_at) AS started FROM documents WHERE state = 'leased' AND worker = $1",
    worker,
  );
  const busy = inFlight?.started != null && Number(inFlight.started) > tx.now - settings.suspectMs;
  if (busy) return [];
  return yield* all<DocumentRow>(
    `SELECT * FROM documents WHERE suspect = 1 AND state = 'ready' AND blocked = 0 AND pipeline = $1
     ORDER BY seq LIMIT 1 {skip locked}`,
    pipeline,
  );
}

function* grant(
  tx: Tx,
  row: DocumentRow,
  worker: string,
  settings: StoreSettings,
  alone: boolean,
): Transition<LeasedDocument> {
  const fence = Number(row.fence) + 1;
  const changes = {
    state: 'leased',
    fence,
    hop: 0,
    worker,
    lease_until: tx.now + settings.leaseMs,
    deadline: tx.now + settings.deadlineMs,
    settled_at: null,
    outcome: null,
    alone: alone ? 1 : 0,
    error: null,
    error_at: null,
    due: null,
    waits_for: null,
  };
  yield* transit(tx, row, 'leased', changes, { fence, worker }, [], true);
  const body = yield* one<{ media_type: string; content: Uint8Array }>(
    `SELECT media_type, content FROM bodies WHERE document_id = $1 AND role IN ('source', 'corrected') AND content IS NOT NULL
     ORDER BY CASE role WHEN 'corrected' THEN 0 ELSE 1 END, created_at DESC, id DESC LIMIT 1`,
    row.id,
  );
  const isPinned = row.mapping !== null && (yield* hasFixedMapping(tx, row.id, fence));
  const approval = fence > 1 || row.parent_id ? yield* approvalOf(row.id) : undefined;
  return {
    context: {
      ...(approval ? { approval } : {}),
      ...(isPinned ? { pinned: JSON.parse(row.mapping!) as Notes['mapping'] } : {}),
      documentId: row.id,
      fence,
      hop: 0,
      entity: row.entity,
      kind: row.received_kind,
      lane: row.lane,
      pipeline: row.pipeline ?? '',
      attempt: Number(row.attempts) + 1,
      correlationId: row.correlation_id,
      receivedAt: Number(row.received_at),
    },
    body: { mediaType: body?.media_type ?? '', text: Buffer.from(body?.content ?? []).toString('utf8') },
    source: JSON.parse(row.source) as Json,
  };
}

/** Whether a document runs with the mapping of its row: effects were had with it, or it was approved for this run. */
function* hasFixedMapping(tx: Tx, documentId: string, fence: number): Transition<boolean> {
  if (yield* one('SELECT id FROM steps WHERE document_id = $1 LIMIT 1', documentId)) return true;
  if (fence === 1) return false;
  const replayed = (yield* factsOf(tx, documentId, 'replayed')).at(-1);
  return replayed?.approved !== undefined;
}

/**
 * Who approved a document that was held for it, and which content. One that was never leased was never held, unless it
 * is a child, which may be held from its birth.
 */
function* approvalOf(documentId: string): Transition<Approval | undefined> {
  const released = yield* one<{ actor: string; details: string | null }>(
    `SELECT actor, details FROM exceptions WHERE document_id = $1 AND code = 'DOCUMENT_APPROVAL' AND resolution = 'retried'
     ORDER BY closed_at DESC LIMIT 1`,
    documentId,
  );
  const { contentHash } = JSON.parse(released?.details ?? '{}') as { contentHash?: string };
  return released && contentHash ? { by: released.actor, contentHash } : undefined;
}

/** The pipeline of messages in a flow without `pipeline in`: each step node receives and settles by itself. */
export const MESSAGE_PIPELINE = '(message)';

/**
 * Leases one document by id, for a step node outside a pipeline.
 * @throws STORE_STATE where it is under way or held
 */
export function* leaseDocument(
  tx: Tx,
  { documentId, worker, settings }: { documentId: string; worker: string; settings: StoreSettings },
): Transition<LeasedDocument> {
  const row = yield* documentById(documentId);
  const free =
    row.state === 'ready' ||
    row.state === 'retry' ||
    (row.state === 'waiting' && row.waits_for?.startsWith(waitForTarget(''))) ||
    (row.state === 'settled' && row.outcome === 'completed');
  if (!free)
    throw new FinanceError('STORE_STATE', { message: `Document ${row.id} is ${row.state}.`, documentId });
  return yield* grant(tx, row, worker, settings, false);
}

export interface RenewInput {
  worker: string;
  leases: { documentId: string; fence: number }[];
  leaseMs: number;
}

/**
 * Makes leases last longer, each until the deadline since its last progress at most. Not audited.
 * @returns the documents whose lease is lost
 */
export function* renew(tx: Tx, { worker, leases, leaseMs }: RenewInput): Transition<{ lost: string[] }> {
  const lost: string[] = [];
  for (const { documentId, fence } of leases) {
    const row = yield* one<DocumentRow>(
      "SELECT * FROM documents WHERE id = $1 AND fence = $2 AND worker = $3 AND state = 'leased' {lock}",
      documentId,
      fence,
      worker,
    );
    if (!row || Number(row.deadline) <= tx.now) lost.push(documentId);
    else
      yield* run(
        'UPDATE documents SET lease_until = $2 WHERE id = $1',
        documentId,
        Math.min(tx.now + leaseMs, Number(row.deadline)),
      );
  }
  return { lost };
}

/** Gives leases back before their time (drain); counted apart from attempts. */
export function* release(
  tx: Tx,
  input: { worker: string; documentIds?: string[] },
): Transition<{ released: number }> {
  const rows = yield* all<DocumentRow>(
    "SELECT * FROM documents WHERE state = 'leased' AND worker = $1 ORDER BY seq {lock}",
    input.worker,
  );
  let released = 0;
  for (const row of rows) {
    if (input.documentIds && !input.documentIds.includes(row.id)) continue;
    yield* transit(tx, row, 'released', {
      ...(yield* readyChanges(tx, row)),
      drains: Number(row.drains) + 1,
    });
    released++;
  }
  return { released };
}

/**
 * Voids the leases of workers that are gone: of all, where one process owns the store (it just opened it); then nothing
 * of what they declared counts either.
 */
export function* recover(
  tx: Tx,
  { settings }: { settings: StoreSettings },
): Transition<{ recovered: number }> {
  if (tx.deadWorkers) return { recovered: yield* voidLeases(tx, tx.deadWorkers, settings) };
  yield* run('DELETE FROM declarations');
  return {
    recovered: yield* voidAll(tx, yield* all("SELECT * FROM documents WHERE state = 'leased'"), settings),
  };
}

function* voidLeases(tx: Tx, workers: readonly string[], settings: StoreSettings): Transition<number> {
  let voided = 0;
  for (const worker of workers) {
    const rows = yield* all<DocumentRow>(
      "SELECT * FROM documents WHERE state = 'leased' AND worker = $1 ORDER BY seq {skip locked}",
      worker,
    );
    voided += yield* voidAll(tx, rows, settings);
  }
  return voided;
}

/**
 * What was in flight of a crash is suspect of it; a document that crashed alone and made no progress too often is
 * held as stalled.
 */
function* voidAll(tx: Tx, rows: DocumentRow[], settings: StoreSettings): Transition<number> {
  for (const row of rows) {
    const crashes = row.alone === 1 ? Number(row.crashes) + 1 : Number(row.crashes);
    if (crashes >= settings.maxCrashesAlone) {
      yield* stall(
        tx,
        row,
        new FinanceError('RUN_CRASHED', {
          message: `The runtime crashed ${crashes} times with this document alone.`,
        }),
      );
      continue;
    }
    if (row.pipeline === MESSAGE_PIPELINE) {
      yield* stall(
        tx,
        row,
        new FinanceError('RUN_IN_DOUBT', { message: 'The runtime ended in a step outside a pipeline.' }),
      );
      continue;
    }
    yield* transit(tx, row, 'recovered', { ...(yield* readyChanges(tx, row)), crashes, suspect: 1 });
  }
  return rows.length;
}

function* stall(tx: Tx, row: DocumentRow, error: FinanceError): Transition<void> {
  const stored = error.toJSON();
  const subject = yield* openException(tx, row, stored);
  const changes: Record<string, SqlValue> = {
    state: 'held',
    error: JSON.stringify(stored),
    error_at: tx.now,
    crashes: 0,
    expiries: 0,
    suspect: 0,
    alone: 0,
  };
  if (row.lane_policy === 'pass') changes.in_lane = 0;
  yield* transit(tx, row, 'held', changes, { code: error.code }, [subject]);
}

/** Does what is due: retries, waits that ended, leases that expired, failures that no route took. */
export function* sweep(tx: Tx, { settings }: { settings: StoreSettings }): Transition<void> {
  const page = 500;
  if (tx.deadWorkers) yield* voidLeases(tx, tx.deadWorkers, settings);
  const retries = yield* all<DocumentRow>(
    "SELECT * FROM documents WHERE state = 'retry' AND due <= $1 ORDER BY due LIMIT $2 {skip locked}",
    tx.now,
    page,
  );
  for (const row of retries) yield* transit(tx, row, 'due', yield* readyChanges(tx, row));
  yield* wakeResumed(tx);
  const waits = yield* all<DocumentRow>(
    "SELECT * FROM documents WHERE state = 'waiting' AND due <= $1 ORDER BY due LIMIT $2 {skip locked}",
    tx.now,
    page,
  );
  for (const row of waits) yield* endWait(tx, row);
  const expired = yield* all<DocumentRow>(
    "SELECT * FROM documents WHERE state = 'leased' AND lease_until <= $1 LIMIT $2 {skip locked}",
    tx.now,
    page,
  );
  for (const row of expired) yield* expire(tx, row, settings);
  const failed = yield* all<DocumentRow>(
    "SELECT * FROM documents WHERE state = 'leased' AND error_at <= $1 LIMIT $2 {skip locked}",
    tx.now - settings.graceMs,
    page,
  );
  for (const row of failed)
    yield* failDocument(
      tx,
      { documentId: row.id, fence: Number(row.fence), hop: row.hop },
      JSON.parse(row.error!),
    );
}

/** How many documents are ready, leased, retrying or waiting; held ones do not count. */
export function* countOpen(_tx: Tx): Transition<number> {
  const counts = yield* all<{ n: number }>(
    `SELECT COUNT(*) AS n FROM documents WHERE state = 'ready' UNION ALL SELECT COUNT(*) FROM documents WHERE state = 'leased'
     UNION ALL SELECT COUNT(*) FROM documents WHERE state = 'retry' UNION ALL SELECT COUNT(*) FROM documents WHERE state = 'waiting'`,
  );
  return counts.reduce((sum, { n }) => sum + Number(n), 0);
}

function* endWait(tx: Tx, row: DocumentRow): Transition<void> {
  if (!row.waits_for?.startsWith('ref:')) return yield* transit(tx, row, 'due', yield* readyChanges(tx, row));
  const reference = row.waits_for.slice(4);
  yield* stall(
    tx,
    row,
    new FinanceError('RUN_REFERENCE_MISSING', { message: `${reference} did not arrive in time.` }),
  );
}

/** A lease that ran out: the flow swallowed the message, or a process hangs. */
function* expire(tx: Tx, row: DocumentRow, settings: StoreSettings): Transition<void> {
  if (row.error) {
    yield* failDocument(
      tx,
      { documentId: row.id, fence: Number(row.fence), hop: row.hop },
      JSON.parse(row.error),
    );
    return;
  }
  const expiries = Number(row.expiries) + 1;
  if (expiries >= settings.maxExpiries) {
    const message = `The document was delivered ${expiries} times and never settled.`;
    return yield* stall(tx, row, new FinanceError('RUN_STALLED', { message }));
  }
  yield* transit(tx, row, 'expired', { ...(yield* readyChanges(tx, row)), expiries });
}

/** Pauses or resumes a pipeline: a paused one leases nothing, what is in flight goes on. */
export function* pausePipeline(
  tx: Tx,
  { name, paused, actor, reason }: { name: string; paused: boolean; actor?: string; reason?: string },
): Transition<void> {
  const known = yield* one('SELECT name FROM pipelines WHERE name = $1 {lock}', name);
  if (!known) throw new FinanceError('STORE_NOT_FOUND', { message: `There is no pipeline ${name}.` });
  const changed = yield* updateSealed('pipelines', name, { paused: paused ? 1 : 0 });
  yield* record(tx, paused ? 'paused' : 'resumed', null, { pipeline: name, actor, reason }, [changed]);
  tx.wake.add(name);
}

/** The present row of a document; for tests and diagnosis. */
export function* documentRow(_tx: Tx, { documentId }: { documentId: string }): Transition<DocumentRow> {
  return yield* readDocument(documentId);
}
