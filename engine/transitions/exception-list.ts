import { all, type SqlValue, type Transition, type Tx } from '../transaction';
import { type Amounts, addTo, exactSum, nothing, type SumRow } from './amounts';
import { type Age, ageOf } from './overview';
import { Query, type Scope, sortable } from './query';

/** `retrying`: a person let it run again, and it is not settled yet. */
export type ExceptionState = 'open' | 'resolved' | 'retrying' | 'any';

export interface ExceptionFilter {
  id?: string;
  documentId?: string;
  entity?: string;
  class?: string;
  code?: string;
  step?: string;
  age?: Age;
  /** Decimal string; at least so much, whatever the sign. */
  minAmount?: string;
  /** Empty: of nobody. */
  owner?: string;
  tag?: string;
  /** Text in the cause, or in a reference of the document. */
  q?: string;
  state?: ExceptionState;
}

export type ExceptionSort = 'amount' | 'due' | 'opened';
/** Where a page ended: the sort value and the id of its last exception. */
export type ExceptionPlace = [value: number, id: string];

export interface ListedException {
  id: string;
  documentId: string;
  entity: string;
  class: string;
  code: string;
  step: string | null;
  cause: string;
  hint: string;
  amount: string | null;
  currency: string | null;
  owner: string | null;
  due: number | null;
  openedAt: number;
  closedAt: number | null;
  resolution: string | null;
  kind: string;
  number: string | null;
  sourceId: string | null;
  /** State of the document. */
  state: string;
  tags: string[];
  /** What waits behind it in its lane. */
  behind: Amounts;
}

/** The greatest first for money, the soonest for deadlines, the newest for age; then by id. */
const SORTS: Record<ExceptionSort, { value: string; descending: boolean }> = {
  amount: { value: `COALESCE(${sortable('e.amount')}, -1)`, descending: true },
  // Without a deadline: behind all others.
  due: { value: 'COALESCE(e.due, 9000000000000000)', descending: false },
  opened: { value: 'e.opened_at', descending: true },
};

const FROM = 'exceptions e JOIN documents d ON d.id = e.document_id';

/** A page of exceptions in an order that holds while others come and go. */
export function* exceptionList(
  tx: Tx,
  input: {
    scope: Scope;
    filter: ExceptionFilter;
    sort: ExceptionSort;
    after?: ExceptionPlace;
    limit: number;
  },
): Transition<{ items: ListedException[]; next?: ExceptionPlace }> {
  const { value, descending } = SORTS[input.sort];
  const query = filtered(tx, input.scope, input.filter);
  if (input.after) {
    const [last, id] = input.after;
    const place = query.value(last);
    query.and(
      `(${value} ${descending ? '<' : '>'} ${place} OR (${value} = ${place} AND e.id > ${query.value(id)}))`,
    );
  }
  const rows = yield* all<Omit<ListedException, 'tags' | 'behind'> & { sort: number; lane: string }>(
    `SELECT ${value} AS sort, d.lane, e.id, e.document_id AS "documentId", e.entity, e.class, e.code, e.step, e.cause,
     e.hint, e.amount, e.currency, e.owner, e.due, e.opened_at AS "openedAt", e.closed_at AS "closedAt", e.resolution,
     d.kind, d.number, d.source_id AS "sourceId", d.state FROM ${FROM} ${query.where}
     ORDER BY 1 ${descending ? 'DESC' : 'ASC'}, e.id LIMIT ${query.value(input.limit + 1)}`,
    ...query.params,
  );
  const page = rows.slice(0, input.limit);
  const tags = yield* tagsOf(
    tx,
    page.map(({ id }) => id),
  );
  const behind = yield* behindOf(tx, input.scope, page);
  const items = page.map(({ sort: _sort, lane: _lane, ...row }) => ({
    ...row,
    tags: tags.get(row.id) ?? [],
    behind: behind.get(row.documentId) ?? nothing(),
  }));
  const last = page.at(-1);
  return rows.length > input.limit && last ? { items, next: [Number(last.sort), last.id] } : { items };
}

/** The documents of the exceptions that a filter finds. */
export function* exceptionDocuments(
  tx: Tx,
  input: { scope: Scope; filter: ExceptionFilter; limit: number },
): Transition<string[]> {
  const query = filtered(tx, input.scope, input.filter);
  const rows = yield* all<{ id: string }>(
    `SELECT DISTINCT d.id FROM ${FROM} ${query.where} ORDER BY d.id LIMIT ${query.value(input.limit)}`,
    ...query.params,
  );
  return rows.map(({ id }) => id);
}

function filtered(tx: Tx, scope: Scope, filter: ExceptionFilter): Query {
  const query = new Query(tx).within(scope, 'e.entity');
  if (filter.state === 'resolved') query.and('e.closed_at IS NOT NULL');
  else if (filter.state === 'retrying')
    query.and("e.resolution = 'retried' AND d.state <> 'settled' AND d.state <> 'held'");
  else if (filter.state !== 'any') query.and('e.closed_at IS NULL');
  query.equal('e.id', filter.id).equal('e.document_id', filter.documentId);
  query.equal('e.entity', filter.entity).equal('e.class', filter.class).equal('e.code', filter.code);
  query.equal('e.step', filter.step);
  if (filter.age) query.and(`${ageOf(tx)} = ${query.value(filter.age)}`);
  if (filter.minAmount !== undefined)
    query.and(`${sortable('e.amount')} >= ${sortable(`CAST(${query.value(filter.minAmount)} AS TEXT)`)}`);
  if (filter.owner === '') query.and('e.owner IS NULL');
  else query.equal('e.owner', filter.owner);
  if (filter.tag !== undefined) {
    const tag = query.value(filter.tag);
    query.and(`e.id IN (SELECT exception_id FROM tags WHERE removed_at IS NULL AND tag = ${tag})`);
  }
  if (filter.q)
    query.holds(['e.cause', 'e.code', 'd.number', 'd.source_id', 'd.business_key', 'd.id'], filter.q);
  return query;
}

function* tagsOf(tx: Tx, ids: string[]): Transition<Map<string, string[]>> {
  const tags = new Map<string, string[]>();
  if (ids.length === 0) return tags;
  const query = new Query(tx).oneOf('exception_id', ids).and('removed_at IS NULL');
  const rows = yield* all<{ exception_id: string; tag: string }>(
    `SELECT exception_id, tag FROM tags ${query.where} ORDER BY tag`,
    ...query.params,
  );
  for (const { exception_id, tag } of rows) tags.set(exception_id, [...(tags.get(exception_id) ?? []), tag]);
  return tags;
}

/** What waits in the lanes of these documents, by the document that is in front of it. */
function* behindOf(
  tx: Tx,
  scope: Scope,
  page: { documentId: string; lane: string }[],
): Transition<Map<string, Amounts>> {
  const behind = new Map<string, Amounts>();
  if (page.length === 0) return behind;
  const query = new Query(tx).oneOf('d.lane', [...new Set(page.map(({ lane }) => lane))]);
  // A lane is of one entity; a reader of some periods sees only part of it.
  query.periods(scope.periodFrom, scope.periodTo);
  const rows = yield* all<SumRow & { lane: string; currency: string | null }>(
    `SELECT d.lane, d.currency, ${exactSum(tx, 'd.amount')} FROM documents d
     ${query.and('d.in_lane = 1').and('d.blocked = 1').where} GROUP BY 1, 2, 3, 4`,
    ...query.params,
  );
  const front = yield* inFront(tx, page);
  for (const row of rows) {
    const documentId = front.get(row.lane);
    if (!documentId) continue;
    const total = behind.get(documentId) ?? nothing();
    behind.set(documentId, total);
    addTo(total, row.currency, row);
  }
  return behind;
}

/** Which of these documents stops its lane. */
function* inFront(tx: Tx, page: { documentId: string; lane: string }[]): Transition<Map<string, string>> {
  const query = new Query(tx).oneOf(
    'd.id',
    page.map(({ documentId }) => documentId),
  );
  const rows = yield* all<{ id: string; lane: string }>(
    `SELECT d.id, d.lane FROM documents d ${query.and('d.in_lane = 1').and('d.blocked = 0').where}`,
    ...query.params,
  );
  return new Map(rows.map(({ id, lane }) => [lane, id]));
}

/** By what exceptions can be told apart. */
export const FACETS = ['entity', 'class', 'code', 'step', 'age', 'owner'] as const;
export type Facets = Record<(typeof FACETS)[number] | 'tag', Record<string, number>> & { total: number };

/** How many of the exceptions that a filter leaves have which value; `''` stands for none. */
export function* exceptionFacets(
  tx: Tx,
  input: { scope: Scope; filter: ExceptionFilter },
): Transition<Facets> {
  const query = filtered(tx, input.scope, input.filter);
  const groups = yield* all<Record<(typeof FACETS)[number], SqlValue> & { n: number }>(
    `SELECT e.entity, e.class, e.code, e.step, ${ageOf(tx)} AS age, e.owner, COUNT(*) AS n FROM ${FROM}
     ${query.where} GROUP BY 1, 2, 3, 4, 5, 6`,
    ...query.params,
  );
  const tagged = filtered(tx, input.scope, input.filter).and('g.removed_at IS NULL');
  const tags = yield* all<{ tag: string; n: number }>(
    `SELECT g.tag, COUNT(DISTINCT e.id) AS n FROM ${FROM} JOIN tags g ON g.exception_id = e.id ${tagged.where} GROUP BY g.tag`,
    ...tagged.params,
  );
  const total = groups.reduce((sum, { n }) => sum + Number(n), 0);
  const counts = FACETS.map((name) => [name, countsOf(groups.map((group) => [group[name], group.n]))]);
  const tag = countsOf(tags.map(({ tag: name, n }) => [name, n]));
  return { total, ...Object.fromEntries(counts), tag } as Facets;
}

/** People name owners and tags: `constructor` is a name like any other. */
function countsOf(pairs: readonly (readonly [SqlValue, number])[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const [value, n] of pairs) {
    const name = String(value ?? '');
    counts.set(name, (counts.get(name) ?? 0) + Number(n));
  }
  return Object.fromEntries(counts);
}
