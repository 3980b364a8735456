import type { StoredError } from '../../errors';
import { FinanceError } from '../../errors';
import { insertSealed, record, type Subject, updateSealed } from '../audit';
import { newId, stableJson } from '../ids';
import type { Care, DocumentRow, Json, LanePolicy, PipelineDefinition, StoreSettings } from '../model';
import type { Move } from '../observer';
import { all, lock, one, run, type Transition, type Tx } from '../transaction';
import { addBody, closeExceptions, documentById, laneTaken, openException, transit } from './documents';
import { holdRow } from './settle';

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

function unclaimed(input: Pick<ReceiveInput, 'entity' | 'kind'>): StoredError {
  return new FinanceError('RUN_UNCLAIMED', {
    message: `No pipeline claims documents of kind ${input.kind} for entity ${input.entity}.`,
  }).toJSON();
}

interface PipelineRow {
  name: string;
  entities: string;
  kinds: string;
  lane_policy: LanePolicy;
}

/** The one pipeline whose filter covers the entity and kind; overlaps are refused at deploy. */
function* claimingPipeline(entity: string, kind: string): Transition<PipelineRow | undefined> {
  const pipelines = yield* all<PipelineRow>(
    'SELECT name, entities, kinds, lane_policy FROM pipelines ORDER BY name',
  );
  return pipelines.find(({ entities, kinds }) => covers(entities, entity) && covers(kinds, kind));
}

/** Looks again while no pipeline can come or go, so that none comes that does not see the document it claims. */
function* claimedMeanwhile(tx: Tx, { entity, kind }: ReceiveInput): Transition<PipelineRow | undefined> {
  if (tx.dialect === 'sqlite') return undefined;
  yield* lock(tx, 'pipelines', '');
  return yield* claimingPipeline(entity, kind);
}

function covers(list: string, value: string): boolean {
  const members = JSON.parse(list) as string[];
  return members.length === 0 || members.includes(value);
}

/**
 * Makes the pipelines of the deployed flows the ones that claim documents; documents that were held as unclaimed
 * and are claimed now become ready.
 * @throws CONFIG_PIPELINES_OVERLAP where two filters cover the same documents
 */
export function* syncPipelines(tx: Tx, definitions: PipelineDefinition[]): Transition<{ claimed: number }> {
  const overlap = findOverlap(definitions);
  if (overlap) throw new FinanceError('CONFIG_PIPELINES_OVERLAP', { message: overlap });
  yield* lock(tx, 'pipelines', '');
  const before = yield* all<PipelineRow & { required_steps: string; paused: number }>(
    'SELECT * FROM pipelines ORDER BY name',
  );
  const touched = new Set<string>();
  for (const row of before) {
    if (definitions.some(({ name }) => name === row.name)) continue;
    yield* run('DELETE FROM pipelines WHERE name = $1', row.name);
    touched.add(row.name);
  }
  const gone = [...touched];
  for (const definition of definitions)
    if (yield* putPipeline(definition, before)) touched.add(definition.name);
  if (touched.size > 0)
    yield* record(
      tx,
      'pipelines',
      null,
      {},
      [...touched].map((name) => ['pipelines', name]),
    );
  for (const name of gone) yield* rebind(tx, name);
  for (const { name } of definitions) tx.wake.add(name);
  return { claimed: yield* claimUnclaimed(tx) };
}

/** The open documents of a pipeline that is gone (or has another name) go to the one that claims them now. */
function* rebind(tx: Tx, gone: string): Transition<void> {
  const open = yield* all<DocumentRow>(
    "SELECT * FROM documents WHERE pipeline = $1 AND state <> 'settled' AND state <> 'held' ORDER BY seq {lock}",
    gone,
  );
  for (const row of open) {
    const pipeline = yield* claimingPipeline(row.entity, row.received_kind);
    if (!pipeline) yield* holdRow(tx, row, unclaimed({ entity: row.entity, kind: row.received_kind }));
    else
      yield* transit(
        tx,
        row,
        'rebound',
        { pipeline: pipeline.name, lane_policy: pipeline.lane_policy },
        { from: gone },
      );
  }
}

/** The pipeline that a document is to run in again: its own, or the one that claims it now. @throws RUN_UNCLAIMED */
export function* pipelineOf(row: DocumentRow): Transition<Pick<PipelineRow, 'name' | 'lane_policy'>> {
  const own = yield* one<PipelineRow>(
    'SELECT name, lane_policy FROM pipelines WHERE name = $1',
    row.pipeline,
  );
  const pipeline = own ?? (yield* claimingPipeline(row.entity, row.received_kind));
  if (pipeline) return pipeline;
  throw new FinanceError('RUN_UNCLAIMED', { documentId: row.id });
}

function* putPipeline(
  { name, entities, kinds, lanePolicy, requiredSteps }: PipelineDefinition,
  before: (PipelineRow & { required_steps: string })[],
): Transition<boolean> {
  const values = {
    entities: JSON.stringify(entities),
    kinds: JSON.stringify(kinds),
    lane_policy: lanePolicy,
    required_steps: JSON.stringify(requiredSteps),
  };
  const known = before.find((row) => row.name === name);
  if (!known) {
    yield* insertSealed('pipelines', { name, ...values, paused: 0 });
    return true;
  }
  const { entities: e, kinds: k, lane_policy, required_steps } = known;
  if (stableJson(values) === stableJson({ entities: e, kinds: k, lane_policy, required_steps })) return false;
  yield* updateSealed('pipelines', name, values);
  return true;
}

/** Plain words about the first two pipelines that would claim the same document, if any do. */
export function findOverlap(definitions: PipelineDefinition[]): string | undefined {
  const meet = (a: string[], b: string[]) =>
    a.length === 0 || b.length === 0 || a.some((value) => b.includes(value));
  for (const [index, first] of definitions.entries())
    for (const second of definitions.slice(index + 1)) {
      if (first.name === second.name) return `Two pipelines are named "${first.name}".`;
      if (meet(first.entities, second.entities) && meet(first.kinds, second.kinds))
        return `Pipelines "${first.name}" and "${second.name}" claim the same documents.`;
    }
  return undefined;
}

function* claimUnclaimed(tx: Tx): Transition<number> {
  const held = yield* all<{ document_id: string }>(
    "SELECT document_id FROM exceptions WHERE closed_at IS NULL AND code = 'RUN_UNCLAIMED'",
  );
  let claimed = 0;
  for (const { document_id } of held) {
    const row = yield* documentById(document_id);
    const pipeline = yield* claimingPipeline(row.entity, row.received_kind);
    if (!pipeline) continue;
    const subjects = yield* closeExceptions(
      tx,
      row.id,
      'claimed',
      null,
      `pipeline ${pipeline.name} claims it now`,
    );
    const changes = {
      state: 'ready',
      pipeline: pipeline.name,
      lane_policy: pipeline.lane_policy,
      in_lane: 1,
      blocked: yield* laneTaken(tx, row.lane),
      error: null,
      error_at: null,
    };
    yield* transit(tx, row, 'claimed', changes, {}, subjects);
    tx.wake.add(pipeline.name);
    claimed++;
  }
  return claimed;
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
