import Big from 'big.js';
import type { DocumentRow, Json } from '../model';
import { all, type SqlValue, type Transition, type Tx } from '../transaction';

/** Documents of an entity, of some kinds, whose own day lies within a period; both days included. */
export interface PeriodQuery {
  entity: string;
  kinds: readonly string[];
  /** YYYY-MM-DD */
  from: string;
  to: string;
}

/** How many documents there are of a kind, currency and state, and how much they are together. */
export interface PeriodTotal {
  kind: string;
  currency: string | null;
  state: string;
  outcome: string | null;
  count: number;
  /** Exact sum, a decimal string. */
  amount: string;
}

/** What came from the sources in a period, by kind, currency, state and outcome. */
export function* totals(_tx: Tx, { entity, kinds, from, to }: PeriodQuery): Transition<PeriodTotal[]> {
  const rows = yield* all<Omit<PeriodTotal, 'amount'> & { amount: string | null }>(
    `SELECT kind, currency, state, outcome, amount, COUNT(*) AS count FROM documents
     WHERE entity = $1 AND date >= $2 AND date <= $3 AND kind IN (${places(kinds, 4)})
     GROUP BY kind, currency, state, outcome, amount ORDER BY kind, currency, state, outcome`,
    entity,
    from,
    to,
    ...kinds,
  );
  const sums = new Map<string, PeriodTotal>();
  for (const { amount, count, ...group } of rows) {
    const name = JSON.stringify(group);
    const known = sums.get(name) ?? { ...group, count: 0, amount: '0' };
    const more = new Big(amount ?? '0').times(Number(count));
    sums.set(name, {
      ...known,
      count: known.count + Number(count),
      amount: new Big(known.amount).plus(more).toFixed(),
    });
  }
  return [...sums.values()];
}

const places = (list: readonly string[], first: number): string =>
  list.map((_, index) => `$${first + index}`).join(', ') || 'NULL';

/** A document as a control sees it. */
export type PeriodDocument = Pick<
  DocumentRow,
  | 'seq'
  | 'id'
  | 'kind'
  | 'business_key'
  | 'amount'
  | 'currency'
  | 'number'
  | 'date'
  | 'state'
  | 'outcome'
  | 'error'
> & {
  received_at: number;
  /** External key and result of the first step that booked it at the target: later ones are of what hangs on it. */
  booked_key: string | null;
  booked: Json;
  /** The text of a document that has told no day of its own, or is of a kind asked for; canonical where it was mapped. */
  text: string | null;
};

export interface PeriodPage extends PeriodQuery {
  /** Documents without a day of their own are given where they came at or after this; milliseconds. */
  undatedSince: number;
  /** Kinds whose texts are wanted. */
  withText?: readonly string[];
  /** Kind and target of the step that books. */
  booked: { kind: string; target: string };
  /** `seq` of the last document of the page before. */
  after: number;
  limit: number;
}

/** The documents of a period, page by page in order of arrival, and those that may be of it without saying so. */
export function* periodDocuments(
  _tx: Tx,
  { entity, kinds, from, to, undatedSince, withText = [], booked, after, limit }: PeriodPage,
): Transition<PeriodDocument[]> {
  const wantsText = `d.date IS NULL OR d.kind IN (${places(withText, 9 + kinds.length)})`;
  const rows = yield* all<
    Omit<PeriodDocument, 'text' | 'booked'> & { content: Uint8Array | null; result: string | null }
  >(
    `SELECT d.seq, d.id, d.kind, d.business_key, d.amount, d.currency, d.number, d.date, d.state, d.outcome, d.error,
      d.received_at, ${booking('external_key')} AS booked_key, ${booking('result')} AS result, CASE WHEN ${wantsText} THEN ${TEXT} END AS content
     FROM documents d WHERE d.seq > $1 AND d.entity = $2 AND d.kind IN (${places(kinds, 9)})
     AND (d.date >= $3 AND d.date <= $4 OR d.date IS NULL AND d.received_at >= $5)
     AND (d.outcome IS NULL OR d.outcome <> 'duplicate') ORDER BY d.seq LIMIT $8`,
    after,
    entity,
    from,
    to,
    undatedSince,
    booked.kind,
    booked.target,
    limit,
    ...kinds,
    ...withText,
  );
  return rows.map(({ content, result, ...row }) => ({
    ...row,
    seq: Number(row.seq),
    received_at: Number(row.received_at),
    booked: result === null ? null : (JSON.parse(result) as Json),
    text: content && Buffer.from(content).toString('utf8'),
  }));
}

/** A column of the first step that booked a document; asked row by row, whatever the database believes of its tables. */
const booking = (column: string): string =>
  `(SELECT s.${column} FROM steps s WHERE s.document_id = d.id AND s.kind = $6 AND s.target = $7 AND s.state = 'done'
  ORDER BY s.intended_at, s.id LIMIT 1)`;

const TEXT = `(SELECT b.content FROM bodies b WHERE b.document_id = d.id AND b.content IS NOT NULL
  AND b.role IN ('canonical', 'corrected', 'source')
  ORDER BY CASE b.role WHEN 'canonical' THEN 0 WHEN 'corrected' THEN 1 ELSE 2 END, b.created_at DESC, b.id DESC LIMIT 1)`;

/** The external keys among these under which a target has documents of ours. */
export function* knownKeys(
  _tx: Tx,
  { keys, target }: { keys: readonly string[]; target: string },
): Transition<string[]> {
  const known = yield* all<{ external_key: string }>(
    `SELECT DISTINCT external_key FROM steps WHERE external_key IN (${places(keys, 2)}) AND target = $1 AND state = 'done'`,
    target,
    ...keys,
  );
  return known.map(({ external_key }) => external_key);
}

/** A document that a splitting step made or was made of, with what is booked of it. */
export type KinDocument = Pick<
  DocumentRow,
  'id' | 'entity' | 'kind' | 'number' | 'amount' | 'currency' | 'state' | 'outcome' | 'error'
> & {
  /** `part` of a child; null for the parent. */
  part: string | null;
  /** Result of the step that booked it. */
  booked: Json;
};

/** A splitting step that is done, its document and the children. */
export interface Kin {
  /** Kind of the step. */
  kind: string;
  result: Json;
  parent: KinDocument;
  children: KinDocument[];
}

export interface KinQuery {
  /** Kinds of the splitting steps. */
  splits: readonly string[];
  /** Kind of the step that books. */
  booked: string;
  /** YYYY-MM-DD: days of the parents, where they say one. */
  from?: string;
  to?: string;
  /** Steps done after this one. */
  after?: string;
  limit: number;
}

/** Splitting steps in the order of their ids, page by page. */
export function* kin(
  _tx: Tx,
  { splits, booked, from, to, after, limit }: KinQuery,
): Transition<(Kin & { id: string })[]> {
  const steps = yield* all<{ id: string; kind: string; result: string; document_id: string }>(
    `SELECT s.id, s.kind, s.result, s.document_id FROM steps s JOIN documents d ON d.id = s.document_id
     WHERE s.state = 'done' AND s.id > $1 AND (CAST($2 AS TEXT) IS NULL OR d.date IS NULL OR d.date >= $2)
     AND (CAST($3 AS TEXT) IS NULL OR d.date IS NULL OR d.date <= $3) AND s.kind IN (${places(splits, 5)})
     ORDER BY s.id LIMIT $4`,
    after ?? '',
    from ?? null,
    to ?? null,
    limit,
    ...splits,
  );
  const found: (Kin & { id: string })[] = [];
  for (const { id, kind, result, document_id } of steps) {
    const [parent] = yield* kinDocuments('d.id = $1', booked, document_id);
    const children = yield* kinDocuments('d.parent_id = $1', booked, document_id);
    found.push({
      id,
      kind,
      result: JSON.parse(result) as Json,
      parent: { ...(parent as KinDocument), part: null },
      children,
    });
  }
  return found;
}

function* kinDocuments(which: string, booked: string, ...params: SqlValue[]): Transition<KinDocument[]> {
  const rows = yield* all<
    Omit<KinDocument, 'booked' | 'part'> & { receive_key: string; result: string | null }
  >(
    `SELECT d.id, d.entity, d.kind, d.number, d.amount, d.currency, d.state, d.outcome, d.error, d.receive_key,
      (SELECT s.result FROM steps s WHERE s.document_id = d.id AND s.kind = $2 AND s.state = 'done'
        ORDER BY s.intended_at, s.id LIMIT 1) AS result
     FROM documents d WHERE ${which} ORDER BY d.seq`,
    ...params,
    booked,
  );
  return rows.map(({ receive_key, result, ...row }) => ({
    ...row,
    part: receive_key.slice(receive_key.lastIndexOf('#') + 1),
    booked: result === null ? null : (JSON.parse(result) as Json),
  }));
}

/** Documents of a lane that are held and came before another one, the oldest first. */
export function* heldBefore(
  _tx: Tx,
  { lane, documentId }: { lane: string; documentId: string },
): Transition<string[]> {
  const rows = yield* all<{ id: string }>(
    `SELECT id FROM documents WHERE state = 'held' AND lane = $1
     AND seq < (SELECT seq FROM documents WHERE id = $2) ORDER BY seq`,
    lane,
    documentId,
  );
  return rows.map(({ id }) => id);
}
