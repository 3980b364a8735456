import type { StoredError } from '../../errors';
import { FinanceError } from '../../errors';
import { insertSealed, record, type Subject, updateSealed } from '../audit';
import { newId } from '../ids';
import type { Care, Json, StoreSettings } from '../model';
import type { Move } from '../observer';
import { one, run, type Transition, type Tx } from '../transaction';
import { addBody, closeExceptions, documentById, laneTaken, openException, transit } from './documents';
import { claimedMeanwhile, claimingPipeline, unclaimed } from './pipelines';

export interface ReceiveInput {
  /** What makes the event itself at its source; a second one with this key is a redelivery. */
  receiveKey: string;
  /** Key of the legal entity; empty where no route leads to one (then `hold` says so). */
  entity: string;
  kind: string;
  /** The business object, the ordering key. */
  lane: string;
  /** Where it came from, plain JSON. */
  source: Json;
  body: { mediaType: string; content: string | Uint8Array };
  correlationId?: string;
  amount?: string;
  currency?: string;
  number?: string;
  parentId?: string;
  /** Who looks after it where it is held at once. */
  care?: Care;
  /** Bound to this pipeline without asking the filters: messages of a flow without `pipeline in`. */
  pipeline?: string;
  /** Stored and held at once: unparsable, unrouted, test mode at a live entity. */
  hold?: StoredError;
  /** Stored and settled as skipped at once: an event type that the source is configured to ignore. */
  skip?: string;
  /** Fetched by us (backfill): nobody was answered, so a known key counts as no redelivery. */
  fetched?: boolean;
  /** Moved in the same transaction. */
  cursor?: { name: string; value: string };
}

export interface ReceiveResult {
  documentId: string;
  status: 'received' | 'duplicate' | 'held' | 'skipped';
  pipeline?: string;
}

/**
 * Makes a document durable. The outside is told only after this transaction is committed.
 * A key that is known counts as a redelivery of the document that has it; no second document comes to be.
 */
export function* receive(
  tx: Tx,
  input: ReceiveInput & { settings: StoreSettings },
): Transition<ReceiveResult> {
  const cursor = input.cursor ? yield* writeCursor(tx, input.cursor.name, input.cursor.value) : [];
  const known = yield* one<{ document_id: string; count: number }>(
    'SELECT document_id, count FROM deliveries WHERE receive_key = $1 {lock}',
    input.receiveKey,
  );
  if (known && (yield* reroute(tx, known.document_id, input, cursor)))
    return { documentId: known.document_id, status: 'received' };
  if (known && input.fetched) {
    if (cursor.length > 0) yield* record(tx, 'cursor', null, {}, cursor);
    return { documentId: known.document_id, status: 'duplicate' };
  }
  if (known) {
    const counted = yield* updateSealed('deliveries', input.receiveKey, {
      count: Number(known.count) + 1,
      last_at: tx.now,
    });
    yield* record(tx, 'redelivered', known.document_id, {}, [counted, ...cursor]);
    return { documentId: known.document_id, status: 'duplicate' };
  }
  return yield* receiveNew(tx, input, cursor);
}

/** Held because no route led anywhere: it goes on when the event comes again and a route is there. */
const UNROUTED: ReadonlySet<string> = new Set(['SOURCE_UNROUTED', 'SOURCE_TEST_MODE']);

function* reroute(tx: Tx, documentId: string, input: ReceiveInput, cursor: Subject[]): Transition<boolean> {
  if (input.hold || input.skip) return false;
  const row = yield* documentById(documentId);
  const { code } = JSON.parse(row.error ?? '{}') as { code?: string };
  if (row.state !== 'held' || !UNROUTED.has(code ?? '')) return false;
  const pipeline = yield* claimingPipeline(input.entity, input.kind);
  if (!pipeline) return false;
  const lane = `${input.entity}/${input.lane}`;
  const delivery = yield* updateSealed('deliveries', input.receiveKey, {
    entity: input.entity,
    last_at: tx.now,
  });
  const closed = yield* closeExceptions(
    tx,
    row.id,
    'rerouted',
    null,
    `it came again for entity ${input.entity}`,
  );
  const changes = {
    state: 'ready',
    entity: input.entity,
    kind: input.kind,
    received_kind: input.kind,
    source: JSON.stringify(input.source),
    pipeline: pipeline.name,
    lane_policy: pipeline.lane_policy,
    lane,
    in_lane: 1,
    blocked: yield* laneTaken(tx, lane),
    error: null,
    error_at: null,
  };
  yield* transit(tx, row, 'rerouted', changes, {}, [delivery, ...closed, ...cursor]);
  tx.wake.add(pipeline.name);
  return true;
}

function* receiveNew(
  tx: Tx,
  input: ReceiveInput & { settings: StoreSettings },
  cursor: Subject[],
): Transition<ReceiveResult> {
  const id = newId('doc', tx.now);
  const pipeline = input.pipeline
    ? { name: input.pipeline, lane_policy: 'pass' as const }
    : ((yield* claimingPipeline(input.entity, input.kind)) ??
      (input.hold || input.skip ? undefined : yield* claimedMeanwhile(tx, input)));
  const error = input.hold ?? (pipeline || input.skip ? undefined : unclaimed(input));
  const lane = `${input.entity}/${input.lane}`;
  const open = !input.skip && !error;
  const state = input.skip ? 'settled' : error ? 'held' : 'ready';
  const blocked = open ? yield* laneTaken(tx, lane) : 0;
  if (blocked) yield* assertLaneOpen(lane, input.settings);
  const document = yield* insertSealed('documents', {
    id,
    entity: input.entity,
    kind: input.kind,
    received_kind: input.kind,
    pipeline: pipeline?.name ?? null,
    lane,
    lane_policy: pipeline?.lane_policy ?? 'block',
    source: JSON.stringify(input.source),
    receive_key: input.receiveKey,
    correlation_id: input.correlationId ?? id,
    parent_id: input.parentId ?? null,
    summary_id: null,
    business_key: null,
    content_hash: null,
    amount: input.amount ?? null,
    currency: input.currency ?? null,
    number: input.number ?? null,
    mapping: null,
    care: input.care ? JSON.stringify(input.care) : null,
    state,
    outcome: input.skip ? 'skipped' : null,
    duplicate_of: null,
    in_lane: open ? 1 : 0,
    blocked,
    fence: 0,
    hop: 0,
    worker: null,
    lease_until: null,
    deadline: null,
    due: null,
    waits_for: null,
    attempts: 0,
    expiries: 0,
    crashes: 0,
    drains: 0,
    suspect: 0,
    alone: 0,
    error: error ? JSON.stringify(error) : null,
    error_at: error ? tx.now : null,
    received_at: tx.now,
    updated_at: tx.now,
    settled_at: input.skip ? tx.now : null,
  });
  const delivery = yield* insertSealed('deliveries', {
    receive_key: input.receiveKey,
    document_id: id,
    entity: input.entity,
    count: input.fetched ? 0 : 1,
    last_at: tx.now,
  });
  const body = yield* addBody(tx, id, 'source', input.body.mediaType, input.body.content);
  const subjects: Subject[] = [document, delivery, body, ...cursor];
  if (error) subjects.push(yield* openException(tx, yield* documentById(id), error));
  const status = input.skip ? 'skipped' : error ? 'held' : 'received';
  yield* record(
    tx,
    'received',
    id,
    { status, pipeline: pipeline?.name ?? null, reason: input.skip ?? null },
    subjects,
  );
  if (tx.watched) tx.moves.push(...arrival(id, pipeline?.name ?? null, input, error));
  if (open && pipeline) tx.wake.add(pipeline.name);
  return { documentId: id, status, pipeline: pipeline?.name };
}

/** That it came, and where it ended at once. */
function arrival(
  documentId: string,
  pipeline: string | null,
  { entity, kind, correlationId = documentId, skip }: ReceiveInput,
  error: StoredError | undefined,
): Move[] {
  const move = { documentId, entity, kind, pipeline, correlationId };
  const came: Move = { what: 'received', ...move };
  if (skip) return [came, { what: 'settled', ...move, outcome: 'skipped' }];
  return error ? [came, { what: 'held', ...move, code: error.code }] : [came];
}

/** @throws STORE_FULL where a lane has as many documents as it may have: its target or its source runs wild */
function* assertLaneOpen(lane: string, { laneHighWater }: StoreSettings): Transition<void> {
  const last = yield* one(
    'SELECT seq FROM documents WHERE lane = $1 AND in_lane = 1 ORDER BY seq LIMIT 1 OFFSET $2',
    lane,
    laneHighWater - 1,
  );
  if (last)
    throw new FinanceError('STORE_FULL', {
      message: `${laneHighWater} documents wait in lane ${lane}.`,
      retryAfterMs: 5_000,
    });
}

/** Moves the cursor of a source. */
export function* setCursor(tx: Tx, input: { name: string; value: string }): Transition<void> {
  const subjects = yield* writeCursor(tx, input.name, input.value);
  yield* record(tx, 'cursor', null, {}, subjects);
}

/** Where a source stands; undefined before its first move. */
export function* getCursor(_tx: Tx, input: { name: string }): Transition<string | undefined> {
  return (yield* one<{ value: string }>('SELECT value FROM cursors WHERE name = $1', input.name))?.value;
}

function* writeCursor(tx: Tx, name: string, value: string): Transition<Subject[]> {
  yield* run(
    `INSERT INTO cursors (name, value, updated_at) VALUES ($1, $2, $3)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`,
    name,
    value,
    tx.now,
  );
  return [['cursors', name]];
}
