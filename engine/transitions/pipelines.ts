import { FinanceError, type StoredError } from '../../errors';
import { insertSealed, record, updateSealed } from '../audit';
import { stableJson } from '../ids';
import type { DocumentRow, LanePolicy, PipelineDefinition } from '../model';
import { all, insert, lock, one, run, type Transition, type Tx } from '../transaction';
import { closeExceptions, documentById, laneTaken, transit } from './documents';
import { MESSAGE_PIPELINE } from './lease';
import { holdRow } from './settle';

interface PipelineRow {
  name: string;
  entities: string;
  kinds: string;
  lane_policy: LanePolicy;
  required_steps: string;
}

/** The one pipeline whose filter covers the entity and kind; overlaps are refused at deploy. */
export function* claimingPipeline(entity: string, kind: string): Transition<PipelineRow | undefined> {
  return (yield* allPipelines()).find(
    ({ entities, kinds }) => covers(entities, entity) && covers(kinds, kind),
  );
}

function* allPipelines(): Transition<PipelineRow[]> {
  return yield* all<PipelineRow>(
    'SELECT name, entities, kinds, lane_policy, required_steps FROM pipelines ORDER BY name',
  );
}

/** Looks again while no pipeline can come or go, so that none comes that does not see the document it claims. */
export function* claimedMeanwhile(
  tx: Tx,
  { entity, kind }: { entity: string; kind: string },
): Transition<PipelineRow | undefined> {
  if (tx.dialect === 'sqlite') return undefined;
  yield* lock(tx, 'pipelines', '');
  return yield* claimingPipeline(entity, kind);
}

function covers(list: string, value: string): boolean {
  const members = JSON.parse(list) as string[];
  return members.length === 0 || members.includes(value);
}

/** Why a document that no pipeline claims is held. */
export function unclaimed({ entity, kind }: { entity: string; kind: string }): StoredError {
  return new FinanceError('RUN_UNCLAIMED', {
    message: `No pipeline claims documents of kind ${kind} for entity ${entity}.`,
  }).toJSON();
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

/**
 * Makes these pipelines all there are, whatever runtimes declared; documents that were held as unclaimed and are
 * claimed now become ready.
 * @throws CONFIG_PIPELINES_OVERLAP where two filters cover the same documents
 */
export function* syncPipelines(tx: Tx, definitions: PipelineDefinition[]): Transition<{ claimed: number }> {
  assertApart(definitions);
  yield* lock(tx, 'pipelines', '');
  yield* run('DELETE FROM declarations');
  return { claimed: yield* replace(tx, definitions, new Set()) };
}

export interface DeclareInput {
  worker: string;
  /** All pipelines of the flows of this runtime. */
  pipelines: PipelineDefinition[];
}

export interface Declared {
  /** How many documents that were held as unclaimed are claimed now. */
  claimed: number;
  /** The names that the runtime has now. */
  declared: string[];
  /**
   * Pipelines that claim what a pipeline of another living runtime claims: one that the runtime had before stays as it
   * was, so that its documents wait.
   */
  refused: { name: string; message: string }[];
}

/**
 * Declares the pipelines of a runtime in place of those that it declared before. A pipeline goes once no living runtime
 * declares it; its open documents go to the one that claims them now, or are held. Of a pipeline that several
 * declare, the last definition counts.
 * @throws CONFIG_PIPELINES_OVERLAP where two filters of this runtime cover the same documents
 */
export function* declarePipelines(tx: Tx, { worker, pipelines }: DeclareInput): Transition<Declared> {
  assertApart(pipelines);
  yield* lock(tx, 'pipelines', '');
  const had = yield* declaredPipelines(tx, { worker });
  for (const gone of [worker, ...(tx.deadWorkers ?? [])])
    yield* run('DELETE FROM declarations WHERE worker = $1', gone);
  const living = yield* all<{ pipeline: string }>('SELECT DISTINCT pipeline FROM declarations');
  const kept = new Set(living.map(({ pipeline }) => pipeline));
  const rivals = (yield* allPipelines()).filter(
    ({ name }) => kept.has(name) && !pipelines.some((own) => own.name === name),
  );
  const refused: Declared['refused'] = [];
  for (const { name, entities, kinds } of pipelines) {
    const rival = rivals.find((row) => meet(asFilter(row), { entities, kinds }));
    const message = `Pipeline "${name}" claims documents of "${rival?.name}", which the flows of another runtime have.`;
    if (rival) refused.push({ name, message });
  }
  const accepted = pipelines.filter(({ name }) => !refused.some((one) => one.name === name));
  const waiting = refused.map(({ name }) => name).filter((name) => had.includes(name));
  const declared = [...accepted.map(({ name }) => name), ...waiting];
  for (const name of declared) yield* insert('declarations', { worker, pipeline: name });
  const claimed = yield* replace(tx, accepted, new Set([...kept, ...waiting]));
  return { claimed, declared, refused };
}

/** The names of the pipelines that the store has as declared by this runtime. */
export function* declaredPipelines(_tx: Tx, { worker }: { worker: string }): Transition<string[]> {
  const rows = yield* all<{ pipeline: string }>(
    'SELECT pipeline FROM declarations WHERE worker = $1 ORDER BY pipeline',
    worker,
  );
  return rows.map(({ pipeline }) => pipeline);
}

/** Puts the definitions in place and removes all other pipelines but those `kept`. @returns documents claimed by it */
function* replace(tx: Tx, definitions: PipelineDefinition[], kept: ReadonlySet<string>): Transition<number> {
  const before = yield* allPipelines();
  const changed: string[] = [];
  for (const { name } of before) {
    if (kept.has(name) || definitions.some((definition) => definition.name === name)) continue;
    yield* run('DELETE FROM pipelines WHERE name = $1', name);
    changed.push(name);
  }
  for (const definition of definitions)
    if (yield* putPipeline(definition, before)) changed.push(definition.name);
  if (changed.length > 0)
    yield* record(
      tx,
      'pipelines',
      null,
      {},
      changed.map((name) => ['pipelines', name]),
    );
  yield* rebindStrays(tx);
  for (const { name } of definitions) tx.wake.add(name);
  return yield* claimUnclaimed(tx);
}

/**
 * The open documents of pipelines that are gone (or have another name) go to the one that claims them now. Also those
 * that were being received while theirs went.
 */
function* rebindStrays(tx: Tx): Transition<void> {
  const open = yield* all<DocumentRow>(
    `SELECT * FROM documents WHERE state <> 'settled' AND state <> 'held' AND pipeline <> $1
     AND pipeline NOT IN (SELECT name FROM pipelines) ORDER BY seq {lock}`,
    MESSAGE_PIPELINE,
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
        { from: row.pipeline },
      );
  }
}

function* putPipeline(
  { name, entities, kinds, lanePolicy, requiredSteps }: PipelineDefinition,
  before: PipelineRow[],
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
  const { name: _, ...old } = known;
  if (stableJson(values) === stableJson(old)) return false;
  yield* updateSealed('pipelines', name, values);
  return true;
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

interface Filter {
  entities: string[];
  kinds: string[];
}

function asFilter({ entities, kinds }: PipelineRow): Filter {
  return { entities: JSON.parse(entities) as string[], kinds: JSON.parse(kinds) as string[] };
}

/** Whether there may be a document that both cover; an empty list covers all. */
function meet(first: Filter, second: Filter): boolean {
  const overlap = (a: string[], b: string[]) =>
    a.length === 0 || b.length === 0 || a.some((value) => b.includes(value));
  return overlap(first.entities, second.entities) && overlap(first.kinds, second.kinds);
}

/** Plain words about the first two pipelines that would claim the same document, if any do. */
export function findOverlap(definitions: PipelineDefinition[]): string | undefined {
  for (const [index, first] of definitions.entries())
    for (const second of definitions.slice(index + 1)) {
      if (first.name === second.name) return `Two pipelines are named "${first.name}".`;
      if (meet(first, second))
        return `Pipelines "${first.name}" and "${second.name}" claim the same documents.`;
    }
  return undefined;
}

function assertApart(definitions: PipelineDefinition[]): void {
  const overlap = findOverlap(definitions);
  if (overlap) throw new FinanceError('CONFIG_PIPELINES_OVERLAP', { message: overlap });
}
