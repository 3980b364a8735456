import { all, one, type Transition, type Tx } from '../transaction';
import { Query, type Scope } from './query';

/** What of a pipeline waits, and where: at its source, for its mapping, for what comes after it. */
export interface Backlog {
  name: string;
  paused: boolean;
  /** Entities that it claims, of those that the reader sees; empty for all. */
  entities: string[];
  backlog: { source: number; mapping: number; posting: number };
  inFlight: number;
  /** When its oldest open document came, milliseconds since the epoch. */
  oldestAt: number | null;
}

const OPEN_STATES = ['ready', 'leased', 'retry', 'waiting'] as const;

/** The pipelines with the open documents of a reader's entities. */
export function* backlogs(tx: Tx, input: { scope: Scope }): Transition<Backlog[]> {
  const pipelines = yield* all<{ name: string; paused: number; entities: string }>(
    'SELECT name, paused, entities FROM pipelines ORDER BY name',
  );
  const found = pipelines.map((row) =>
    newBacklog(row.name, row.paused === 1, JSON.parse(row.entities) as string[]),
  );
  const query = new Query(tx);
  // One part a state: each has an index of its own.
  const parts = OPEN_STATES.map(
    (state) =>
      `SELECT pipeline, entity, state, fence, content_hash, received_at, date FROM documents WHERE state = '${state}'`,
  );
  const rows = yield* all<{ pipeline: string; place: Place; flying: number; n: number; oldest: number }>(
    `SELECT d.pipeline, CASE WHEN d.fence = 0 THEN 'source' WHEN d.content_hash IS NULL THEN 'mapping' ELSE 'posting' END
     AS place, CASE WHEN d.state = 'leased' THEN 1 ELSE 0 END AS flying, COUNT(*) AS n, MIN(d.received_at) AS oldest
     FROM (${parts.join(' UNION ALL ')}) d ${query.within(input.scope).where} GROUP BY 1, 2, 3`,
    ...query.params,
  );
  for (const { pipeline, place, flying, n, oldest } of rows) {
    const row = found.find(({ name }) => name === pipeline);
    if (!row) continue;
    row.backlog[place] += Number(n);
    if (Number(flying) === 1) row.inFlight += Number(n);
    row.oldestAt = Math.min(row.oldestAt ?? Number(oldest), Number(oldest));
  }
  const { entities: seen } = input.scope;
  return found
    .filter(({ entities }) => isSeen(input.scope, entities))
    .map((row) => (seen ? { ...row, entities: row.entities.filter((one) => seen.includes(one)) } : row));
}

type Place = keyof Backlog['backlog'];

const newBacklog = (name: string, paused: boolean, entities: string[]): Backlog => ({
  name,
  paused,
  entities,
  backlog: { source: 0, mapping: 0, posting: 0 },
  inFlight: 0,
  oldestAt: null,
});

function isSeen({ entities: seen }: Scope, entities: string[]): boolean {
  return !seen || entities.length === 0 || entities.some((entity) => seen.includes(entity));
}

export interface TargetUse {
  name: string;
  /** Milliseconds from intent to result, of the last steps. */
  p50: number;
  p95: number;
  /** Documents that wait for it. */
  waiting: number;
}

/** So many of the last steps tell how fast targets are. */
const LAST_STEPS = 2_000;

/** The targets that the last steps of a reader's entities went to. */
export function* targetUse(tx: Tx, input: { scope: Scope }): Transition<TargetUse[]> {
  const query = new Query(tx).within(input.scope).and("s.state = 'done'");
  const steps = yield* all<{ target: string; ms: number }>(
    `SELECT s.target, s.updated_at - s.intended_at AS ms
     FROM (SELECT * FROM steps ORDER BY id DESC LIMIT ${LAST_STEPS}) s JOIN documents d ON d.id = s.document_id ${query.where}`,
    ...query.params,
  );
  const waits = new Query(tx)
    .and("d.state = 'waiting'")
    .and("d.waits_for LIKE 'target:%'")
    .within(input.scope);
  const waiting = yield* all<{ waits_for: string; n: number }>(
    `SELECT d.waits_for, COUNT(*) AS n FROM documents d ${waits.where} GROUP BY d.waits_for`,
    ...waits.params,
  );
  const times = new Map<string, number[]>();
  for (const { target, ms } of steps) times.set(target, [...(times.get(target) ?? []), Number(ms)]);
  const queued = new Map(waiting.map(({ waits_for, n }) => [waits_for.slice('target:'.length), Number(n)]));
  return [...new Set([...times.keys(), ...queued.keys()])].sort().map((name) => {
    const sorted = (times.get(name) ?? []).sort((a, b) => a - b);
    const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
    return { name, p50: at(0.5), p95: at(0.95), waiting: queued.get(name) ?? 0 };
  });
}

/**
 * Cursors, and when they moved last: where sources stand, and what the runtime keeps besides. What is remembered of
 * single objects (`object/…`, and its turns) is left out: there are as many as customers.
 */
export function* feeds(_tx: Tx): Transition<{ name: string; value: string; lastAt: number }[]> {
  return yield* all(
    `SELECT name, value, updated_at AS "lastAt" FROM cursors
     WHERE name NOT LIKE 'object/%' AND name NOT LIKE 'schedule/object/%' ORDER BY name`,
  );
}

/** What happened since the places of the chains that a listener knows: kinds of events, by entity. */
export interface Changes {
  heads: Record<string, number>;
  /** An event of no document has no entity. */
  events: { type: string; entity: string | null }[];
}

/** So many events of a chain are looked at; who is further behind hears of the last ones. */
const LOOK_BACK = 2_000;

/** @param input.heads chain → sequence; without it only where the chains stand */
export function* changesSince(_tx: Tx, input: { heads?: Record<string, number> }): Transition<Changes> {
  const heads = yield* all<{ chain: number; seq: number }>('SELECT chain, seq FROM audit_heads');
  const events: Changes['events'] = [];
  for (const { chain, seq } of heads) {
    const known = input.heads?.[chain];
    if (!input.heads || known === Number(seq)) continue;
    const after = Math.max(known ?? 0, Number(seq) - LOOK_BACK);
    events.push(
      ...(yield* all<Changes['events'][number]>(
        `SELECT DISTINCT a.type, d.entity FROM audit a LEFT JOIN documents d ON d.id = a.document_id
         WHERE a.chain = $1 AND a.seq > $2`,
        chain,
        after,
      )),
    );
  }
  return { heads: Object.fromEntries(heads.map(({ chain, seq }) => [chain, Number(seq)])), events };
}

/** The entities that a pipeline claims; empty for all, undefined where there is no such pipeline. */
export function* pipelineEntities(_tx: Tx, input: { name: string }): Transition<string[] | undefined> {
  const row = yield* one<{ entities: string }>('SELECT entities FROM pipelines WHERE name = $1', input.name);
  return row && (JSON.parse(row.entities) as string[]);
}
