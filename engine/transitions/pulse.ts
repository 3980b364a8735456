import type { DocumentState } from '../model';
import { all, one, type Transition, type Tx } from '../transaction';
import { type Amounts, addTo, exactSum, nothing, type SumRow } from './amounts';
import { feeds } from './monitor';

/** `blocked`: ready, but behind another document of its lane. */
type OpenState = Exclude<DocumentState, 'settled'> | 'blocked';

/** Documents of a pipeline in one state; times in milliseconds since the epoch. */
export interface Backlog {
  /** Empty where no pipeline claims them. */
  pipeline: string;
  state: OpenState;
  documents: number;
  /** When the first of them came. */
  oldestAt: number;
}

/** Documents that wait for a target which is down or paused. */
export interface Delayed {
  target: string;
  documents: number;
  /** When the first of them came. */
  oldestAt: number;
}

/** Open exceptions of an entity and class. */
export interface OpenExceptions extends Amounts {
  entity: string;
  class: string;
  oldestAt: number;
}

/** Where a feed stands. */
export interface Feed {
  name: string;
  value: string;
  /** When it moved last. */
  lastAt: number;
}

/** How a store is: what waits, since when, and for whom. */
export interface Pulse {
  /** By the store's clock. */
  at: number;
  backlog: Backlog[];
  delayed: Delayed[];
  exceptions: OpenExceptions[];
  feeds: Feed[];
  paused: { pipelines: string[]; targets: { name: string; since: number }[] };
}

const STATES: readonly [OpenState, string][] = [
  ['ready', "state = 'ready' AND blocked = 0"],
  ['leased', "state = 'leased'"],
  ['retry', "state = 'retry'"],
  ['waiting', "state = 'waiting'"],
  ['held', "state = 'held'"],
];
const BLOCKED = "state = 'ready' AND blocked = 1";

/** What metrics, health and alerts are made of; each part is read through the partial index of its state. */
export function* pulse(tx: Tx): Transition<Pulse> {
  const backlog: Backlog[] = [];
  for (const [state, which] of STATES) backlog.push(...(yield* backlogOf(state, which)));
  const ready = backlog.filter(({ state }) => state === 'ready');
  if (yield* someBlocked(ready)) backlog.push(...(yield* backlogOf('blocked', BLOCKED)));
  const pipelines = yield* all<{ name: string }>('SELECT name FROM pipelines WHERE paused = 1 ORDER BY name');
  const targets = yield* all<{ name: string; since: number }>(
    'SELECT name, changed_at AS since FROM targets WHERE paused = 1 ORDER BY name',
  );
  return {
    at: tx.now,
    backlog,
    delayed: yield* delayed(),
    exceptions: yield* openExceptions(tx),
    feeds: yield* feeds(tx),
    paused: {
      pipelines: pipelines.map(({ name }) => name),
      targets: targets.map(({ name, since }) => ({ name, since: Number(since) })),
    },
  };
}

/** The first of them is the one with the least `seq`: found in the index, and only its row is read. */
function* backlogOf(state: OpenState, which: string): Transition<Backlog[]> {
  const rows = yield* all<{ pipeline: string | null; documents: number; oldest: number }>(
    `SELECT g.pipeline, g.documents, d.received_at AS oldest FROM
     (SELECT pipeline, COUNT(*) AS documents, MIN(seq) AS first FROM documents WHERE ${which} GROUP BY pipeline) g
     JOIN documents d ON d.seq = g.first ORDER BY g.pipeline`,
  );
  return rows.map(({ pipeline, documents, oldest }) => ({
    pipeline: pipeline ?? '',
    state,
    documents: Number(documents),
    oldestAt: Number(oldest),
  }));
}

/** Those behind others have no index of their own: they are read only where there are any. */
function* someBlocked(ready: readonly Backlog[]): Transition<boolean> {
  const all = yield* one<{ n: number }>("SELECT COUNT(*) AS n FROM documents WHERE state = 'ready'");
  return Number(all?.n) > ready.reduce((sum, { documents }) => sum + documents, 0);
}

function* delayed(): Transition<Delayed[]> {
  const rows = yield* all<{ waits_for: string; documents: number; oldest: number }>(
    `SELECT waits_for, COUNT(*) AS documents, MIN(received_at) AS oldest FROM documents
     WHERE state = 'waiting' AND waits_for >= 'target:' AND waits_for < 'target;' GROUP BY waits_for ORDER BY waits_for`,
  );
  return rows.map(({ waits_for, documents, oldest }) => ({
    target: waits_for.slice('target:'.length),
    documents: Number(documents),
    oldestAt: Number(oldest),
  }));
}

function* openExceptions(tx: Tx): Transition<OpenExceptions[]> {
  const rows = yield* all<
    SumRow & { entity: string; class: string; currency: string | null; oldest: number }
  >(
    `SELECT entity, class, currency, MIN(opened_at) AS oldest, ${exactSum(tx, 'amount')} FROM exceptions
     WHERE closed_at IS NULL GROUP BY entity, class, currency, scale, long ORDER BY entity, class`,
  );
  const found = new Map<string, OpenExceptions>();
  for (const row of rows) {
    const key = JSON.stringify([row.entity, row.class]);
    const oldestAt = Number(row.oldest);
    const known = found.get(key) ?? { entity: row.entity, class: row.class, oldestAt, ...nothing() };
    known.oldestAt = Math.min(known.oldestAt, oldestAt);
    addTo(known, row.currency, row);
    found.set(key, known);
  }
  return [...found.values()];
}
