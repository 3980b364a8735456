import Big from 'big.js';
import { all, type Transition, type Tx } from '../transaction';
import { type Amounts, addTo, exactSum, nothing, plus, type SumRow, sumOf } from './amounts';
import { jsonMember, periodOf, Query, type Scope } from './query';

/** How far a document has come; each is in exactly one. */
export const STAGES = ['posted', 'held', 'retrying', 'rejected', 'skipped', 'duplicate', 'open'] as const;
export type Stage = (typeof STAGES)[number];

/** The stage of document `d`. */
export const STAGE_OF = `CASE d.state WHEN 'settled' THEN (CASE d.outcome WHEN 'completed' THEN 'posted' ELSE d.outcome END)
  WHEN 'held' THEN 'held' WHEN 'retry' THEN 'retrying' ELSE 'open' END`;

/** The condition that document `d` was mapped. */
export const IS_MAPPED = 'd.content_hash IS NOT NULL';

/** Steps `s` that have an intent and no result, while nobody works at their document. */
export const IN_DOUBT = `(s.state = 'intent' OR s.state = 'pending') AND s.state = 'intent' AND d.state <> 'leased'`;

/** A count and its exact amount in the currency of the row. */
export interface Figure {
  count: number;
  amount: string;
}

export interface OverviewRow {
  entity: string;
  /** Empty where the documents have no amount. */
  currency: string;
  /** YYYY-MM of the documents' own day, else of the day they came. */
  period: string;
  /** `received` is all of them; `mapped` and `inDoubt` are among the others, which are disjoint. */
  stages: Record<'received' | 'mapped' | 'inDoubt' | Stage, Figure>;
  /** Whether the stages add up to what was received, and no acknowledged event of the entity is without document. */
  ties: boolean;
}

export interface Period {
  scope: Scope;
  entity?: string;
  /** First and last period, YYYY-MM. */
  from?: string;
  to?: string;
}

/** Documents by entity, currency and period: how many, and how much money, stand where. */
export function* overview(tx: Tx, input: Period): Transition<OverviewRow[]> {
  const query = selection(tx, input);
  const rows = yield* all<GroupRow>(
    `SELECT d.entity, COALESCE(d.currency, '') AS currency, ${periodOf(tx)} AS period, ${STAGE_OF} AS stage,
     CASE WHEN ${IS_MAPPED} THEN 1 ELSE 0 END AS mapped, ${exactSum(tx, 'd.amount')}
     FROM documents d ${query.where} GROUP BY 1, 2, 3, 4, 5, 6, 7`,
    ...query.params,
  );
  const matrix = new Map<string, OverviewRow>();
  for (const row of rows) {
    const { stages } = rowOf(matrix, row);
    addFigure(stages.received, row);
    addFigure(stages[row.stage], row);
    if (Number(row.mapped) === 1) addFigure(stages.mapped, row);
  }
  for (const row of yield* inDoubt(tx, input)) addFigure(rowOf(matrix, row).stages.inDoubt, row);
  const missing = input.from || input.to ? new Set() : yield* withoutDocument(tx, input, matrix.values());
  const result = [...matrix.values()].map((row) => ({ ...row, ties: ties(row) && !missing.has(row.entity) }));
  return result.sort((a, b) => order(a).localeCompare(order(b)));
}

type GroupRow = SumRow &
  Pick<OverviewRow, 'entity' | 'currency' | 'period'> & { stage: Stage; mapped: number };

const order = ({ entity, period, currency }: OverviewRow) => `${entity} ${period} ${currency}`;

function selection(tx: Tx, { scope, entity, from, to }: Period): Query {
  return new Query(tx).within(scope).equal('d.entity', entity).periods(from, to);
}

function rowOf(
  matrix: Map<string, OverviewRow>,
  { entity, currency, period }: Pick<OverviewRow, 'entity' | 'currency' | 'period'>,
): OverviewRow {
  const key = JSON.stringify([entity, currency, period]);
  let row = matrix.get(key);
  if (!row) {
    const names = ['received', 'mapped', 'inDoubt', ...STAGES] as const;
    const stages = Object.fromEntries(names.map((name) => [name, { count: 0, amount: '0' }]));
    row = { entity, currency, period, stages: stages as OverviewRow['stages'], ties: true };
    matrix.set(key, row);
  }
  return row;
}

function addFigure(figure: Figure, row: SumRow): void {
  figure.count += Number(row.n);
  const sum = sumOf(row);
  if (sum) figure.amount = plus(figure.amount, sum);
}

function ties({ stages }: OverviewRow): boolean {
  const sum: Figure = { count: 0, amount: '0' };
  for (const stage of STAGES)
    addFigure(sum, { scale: 0, long: null, sum: stages[stage].amount, n: stages[stage].count });
  return sum.count === stages.received.count && new Big(sum.amount).eq(stages.received.amount);
}

function* inDoubt(tx: Tx, input: Period): Transition<GroupRow[]> {
  const query = selection(tx, input).and(
    `EXISTS (SELECT 1 FROM steps s WHERE s.document_id = d.id AND ${IN_DOUBT})`,
  );
  // From the few open steps to their documents, never through all documents.
  const open = "SELECT s.document_id FROM steps s WHERE s.state = 'intent' OR s.state = 'pending'";
  return yield* all<GroupRow>(
    `SELECT d.entity, COALESCE(d.currency, '') AS currency, ${periodOf(tx)} AS period, ${exactSum(tx, 'd.amount')}
     FROM documents d ${query.and(`d.id IN (${open})`).where} GROUP BY d.entity, d.currency, 3, scale, long`,
    ...query.params,
  );
}

/** Entities with acknowledged events of which there is no document, or documents that no event made. */
function* withoutDocument(
  tx: Tx,
  { scope, entity }: Period,
  rows: Iterable<OverviewRow>,
): Transition<Set<string>> {
  const difference = new Map<string, number>();
  // A reader of some periods sees only part of the documents.
  if (scope.periodFrom || scope.periodTo) return new Set();
  const add = (key: string, n: number) => difference.set(key, (difference.get(key) ?? 0) + n);
  for (const row of rows) add(row.entity, row.stages.received.count);
  const query = new Query(tx).within({ entities: scope.entities }).equal('d.entity', entity);
  const events = yield* all<{ entity: string; n: number }>(
    `SELECT d.entity, COUNT(*) AS n FROM deliveries d ${query.where} GROUP BY d.entity`,
    ...query.params,
  );
  for (const { entity: key, n } of events) add(key, -Number(n));
  return new Set([...difference].filter(([, n]) => n !== 0).map(([key]) => key));
}

/** From which age on (milliseconds) an exception is in a bucket: under an hour, a day, seven days, and older. */
export const AGES = { lt1h: 0, '1d': 3_600_000, '3d': 86_400_000, '7d': 7 * 86_400_000 } as const;
export type Age = keyof typeof AGES;

/** The age bucket of exception `e`. */
export function ageOf(tx: Tx): string {
  const since = (age: Age) => `e.opened_at > ${tx.now - AGES[age]}`;
  return `CASE WHEN ${since('1d')} THEN 'lt1h' WHEN ${since('3d')} THEN '1d' WHEN ${since('7d')} THEN '3d' ELSE '7d' END`;
}

export interface Charts {
  /** A day each, milliseconds since the epoch of its beginning (UTC). */
  throughput: { at: number; received: number; settled: number; held: number }[];
  ageing: (Amounts & { bucket: Age })[];
  trend: { at: number; source: string; opened: number; closed: number }[];
}

const DAY_MS = 86_400_000;

/** What came and went, by day; open exceptions by age; exceptions that opened and closed, by day and source. */
export function* charts(tx: Tx, input: { scope: Scope; entity?: string; days: number }): Transition<Charts> {
  const since = (Math.floor(tx.now / DAY_MS) - input.days + 1) * DAY_MS;
  const throughput = new Map<number, Charts['throughput'][number]>();
  for (let at = since; at <= tx.now; at += DAY_MS)
    throughput.set(at, { at, received: 0, settled: 0, held: 0 });
  const trend = new Map<string, Charts['trend'][number]>();
  for (const [column, name] of [
    ['received_at', 'received'],
    ['settled_at', 'settled'],
  ] as const)
    for (const { at, n } of yield* byDay(tx, input, 'documents d', `d.${column}`, since))
      throughput.get(Number(at))![name] += Number(n);
  const exceptions = 'exceptions e JOIN documents d ON d.id = e.document_id';
  const system = `COALESCE(${jsonMember(tx, 'd.source', 'system')}, '')`;
  for (const [column, name] of [
    ['opened_at', 'opened'],
    ['closed_at', 'closed'],
  ] as const)
    for (const row of yield* byDay(tx, input, exceptions, `e.${column}`, since, system)) {
      const at = Number(row.at);
      const key = `${at} ${row.source}`;
      const day = trend.get(key) ?? { at, source: row.source, opened: 0, closed: 0 };
      trend.set(key, day);
      day[name] += Number(row.n);
      if (name === 'opened') throughput.get(at)!.held += Number(row.n);
    }
  return {
    throughput: [...throughput.values()],
    ageing: yield* ageing(tx, input),
    trend: [...trend.values()].sort((a, b) => a.at - b.at || (a.source < b.source ? -1 : 1)),
  };
}

function byDay(
  tx: Tx,
  { scope, entity }: Period,
  from: string,
  column: string,
  since: number,
  source = "''",
): Transition<{ at: number; source: string; n: number }[]> {
  const query = new Query(tx).within(scope).equal('d.entity', entity);
  query.and(`${column} >= ${query.value(since)}`).and(`${column} <= ${query.value(tx.now)}`);
  return all(
    `SELECT ${column} - ${column} % ${DAY_MS} AS at, ${source} AS source, COUNT(*) AS n FROM ${from}
     ${query.where} GROUP BY 1, 2`,
    ...query.params,
  );
}

function* ageing(tx: Tx, { scope, entity }: Period): Transition<Charts['ageing']> {
  const query = new Query(tx).within(scope, 'e.entity').equal('e.entity', entity).and('e.closed_at IS NULL');
  const rows = yield* all<SumRow & { bucket: Age; currency: string | null }>(
    `SELECT ${ageOf(tx)} AS bucket, e.currency, ${exactSum(tx, 'e.amount')}
     FROM exceptions e JOIN documents d ON d.id = e.document_id ${query.where} GROUP BY 1, 2, 3, 4`,
    ...query.params,
  );
  return (Object.keys(AGES) as Age[]).map((bucket) => {
    const total = nothing();
    for (const row of rows) if (row.bucket === bucket) addTo(total, row.currency, row);
    return { bucket, ...total };
  });
}
