import Big from 'big.js';
import { all, one, type Transition, type Tx } from '../transaction';
import { IN_DOUBT, IS_MAPPED, STAGE_OF, type Stage } from './overview';
import { periodOf, Query, type Scope } from './query';

export interface ListedDocument {
  /** The order in which documents came. */
  seq: number;
  id: string;
  entity: string;
  kind: string;
  pipeline: string | null;
  state: string;
  outcome: string | null;
  stage: Stage;
  amount: string | null;
  currency: string | null;
  number: string | null;
  date: string | null;
  sourceId: string | null;
  businessKey: string | null;
  period: string;
  receivedAt: number;
  updatedAt: number;
  settledAt: number | null;
}

export interface DocumentFilter {
  entity?: string;
  state?: string;
  outcome?: string;
  kind?: string;
  /** YYYY-MM. */
  period?: string;
  /** Empty: without one. */
  currency?: string;
  /** A column of the overview. */
  stage?: Stage | 'received' | 'mapped' | 'inDoubt';
}

const columns = (
  tx: Tx,
) => `d.seq, d.id, d.entity, d.kind, d.pipeline, d.state, d.outcome, ${STAGE_OF} AS stage,
  d.amount, d.currency, d.number, d.date, d.source_id AS "sourceId", d.business_key AS "businessKey",
  ${periodOf(tx)} AS period, d.received_at AS "receivedAt", d.updated_at AS "updatedAt", d.settled_at AS "settledAt"`;

/** A page of documents, the newest first. */
export function* documentList(
  tx: Tx,
  input: { scope: Scope; filter: DocumentFilter; after?: number; limit: number },
): Transition<{ items: ListedDocument[]; next?: number }> {
  const { filter } = input;
  const query = new Query(tx).within(input.scope).periods(filter.period, filter.period);
  query.equal('d.entity', filter.entity).equal('d.state', filter.state).equal('d.outcome', filter.outcome);
  query.equal('d.kind', filter.kind);
  if (filter.currency === '') query.and('d.currency IS NULL');
  else query.equal('d.currency', filter.currency);
  if (filter.stage === 'mapped') query.and(IS_MAPPED);
  else if (filter.stage === 'inDoubt')
    query.and(`d.id IN (SELECT s.document_id FROM steps s WHERE ${OPEN_STEP})`).and("d.state <> 'leased'");
  else if (filter.stage && filter.stage !== 'received')
    query.and(`${STAGE_OF} = ${query.value(filter.stage)}`);
  if (input.after !== undefined) query.and(`d.seq < ${query.value(input.after)}`);
  const rows = yield* all<ListedDocument>(
    `SELECT ${columns(tx)} FROM documents d ${query.where} ORDER BY d.seq DESC LIMIT ${query.value(input.limit + 1)}`,
    ...query.params,
  );
  const items = rows.slice(0, input.limit);
  return rows.length > input.limit ? { items, next: Number(items.at(-1)!.seq) } : { items };
}

/** In the words of the index of open steps. */
const OPEN_STEP = "(s.state = 'intent' OR s.state = 'pending') AND s.state = 'intent'";

/** A document as lists show it. */
export function* listedDocument(tx: Tx, id: string): Transition<ListedDocument> {
  return (yield* one<ListedDocument>(`SELECT ${columns(tx)} FROM documents d WHERE d.id = $1`, id))!;
}

/** Whether a reader may see a document. */
export function* isVisible(tx: Tx, input: { scope: Scope; documentId: string }): Transition<boolean> {
  const query = new Query(tx).within(input.scope).equal('d.id', input.documentId);
  return (yield* one(`SELECT d.id FROM documents d ${query.where}`, ...query.params)) !== undefined;
}

/** The document of an exception, where the reader may see it. */
export function* documentOfException(
  tx: Tx,
  input: { scope: Scope; exceptionId: string },
): Transition<string | undefined> {
  const query = new Query(tx).within(input.scope).equal('e.id', input.exceptionId);
  const row = yield* one<{ id: string }>(
    `SELECT d.id FROM exceptions e JOIN documents d ON d.id = e.document_id ${query.where}`,
    ...query.params,
  );
  return row?.id;
}

/**
 * Documents by any reference: their id, their number (Odoo's name, once they are posted), their id at the source,
 * business key, amount, the id of their event, the external key of a step. The newest first.
 */
export function* references(
  tx: Tx,
  input: { scope: Scope; text: string; limit: number },
): Transition<ListedDocument[]> {
  const query = new Query(tx);
  const text = query.value(input.text);
  const amounts = spellings(input.text).map((amount) => query.value(amount));
  const ways = [
    `SELECT id FROM documents WHERE id = ${text}`,
    `SELECT id FROM documents WHERE number = ${text} AND number IS NOT NULL`,
    `SELECT id FROM documents WHERE source_id = ${text} AND source_id IS NOT NULL`,
    `SELECT id FROM documents WHERE business_key = ${text} AND business_key IS NOT NULL`,
    `SELECT document_id AS id FROM deliveries WHERE receive_key = ${text}`,
    `SELECT document_id AS id FROM steps WHERE external_key = ${text}`,
    `SELECT document_id AS id FROM exceptions WHERE id = ${text}`,
    ...(yield* eventKeys(tx)).map(
      (prefix) =>
        `SELECT document_id AS id FROM deliveries WHERE receive_key = ${query.value(prefix + input.text)}`,
    ),
    ...(amounts.length === 0
      ? []
      : [`SELECT id FROM documents WHERE amount IN (${amounts.join(', ')}) AND amount IS NOT NULL`]),
  ];
  query.and(`d.id IN (${ways.join(' UNION ')})`).within(input.scope);
  return yield* all<ListedDocument>(
    `SELECT ${columns(tx)} FROM documents d ${query.where} ORDER BY d.seq DESC LIMIT ${query.value(input.limit)}`,
    ...query.params,
  );
}

/** What stands before the id of an event in its key (`system/account/`), of the events that came last. */
function* eventKeys(_tx: Tx): Transition<string[]> {
  const rows = yield* all<{ receive_key: string }>(
    'SELECT receive_key FROM documents ORDER BY seq DESC LIMIT 500',
  );
  const prefixes = rows.map(({ receive_key: key }) => key.slice(0, key.lastIndexOf('/') + 1));
  return [...new Set(prefixes)].slice(0, 20);
}

/** The ways in which an amount may stand in the store. */
function spellings(text: string): string[] {
  const plain = text.replaceAll(',', '');
  if (!/^-?\d{1,18}(\.\d{1,6})?$/.test(plain)) return [];
  const amount = new Big(plain);
  return [...new Set([plain, ...[0, 2, 3, 4].map((places) => amount.toFixed(places))])].filter((spelling) =>
    amount.eq(spelling),
  );
}

/** A step that had an intent and got no result, while nobody works at its document. */
export interface StepInDoubt {
  id: string;
  documentId: string;
  entity: string;
  kind: string;
  target: string;
  externalKey: string;
  name: string;
  attempts: number;
  intendedAt: number;
  documentKind: string;
  state: string;
  amount: string | null;
  currency: string | null;
  number: string | null;
  sourceId: string | null;
  /** What asking the target found: code and cause of the open exception, or of the last error. */
  found: { exceptionId: string | null; code: string | null; cause: string | null };
}

/** Steps in doubt, the oldest first. */
export function* stepsInDoubt(
  tx: Tx,
  input: { scope: Scope; entity?: string; after?: [number, string]; limit: number },
): Transition<{ items: StepInDoubt[]; next?: [number, string] }> {
  const query = new Query(tx).and(IN_DOUBT).within(input.scope).equal('d.entity', input.entity);
  if (input.after) {
    const at = query.value(input.after[0]);
    query.and(`(s.intended_at > ${at} OR (s.intended_at = ${at} AND s.id > ${query.value(input.after[1])}))`);
  }
  const rows = yield* all<
    Omit<StepInDoubt, 'found'> & Record<'exception' | 'code' | 'cause' | 'error', string | null>
  >(
    `SELECT s.id, s.document_id AS "documentId", d.entity, s.kind, s.target, s.external_key AS "externalKey", s.name,
     s.attempts, s.intended_at AS "intendedAt", d.kind AS "documentKind", d.state, d.amount, d.currency, d.number,
     d.source_id AS "sourceId", COALESCE(s.error, d.error) AS error, e.id AS exception, e.code, e.cause
     FROM steps s JOIN documents d ON d.id = s.document_id
     LEFT JOIN exceptions e ON e.document_id = d.id AND e.closed_at IS NULL ${query.where}
     ORDER BY s.intended_at, s.id LIMIT ${query.value(input.limit + 1)}`,
    ...query.params,
  );
  const items = rows.slice(0, input.limit).map(({ exception, code, cause, error, ...step }) => {
    const last = error === null ? {} : (JSON.parse(error) as { code?: string; message?: string });
    const found = {
      exceptionId: exception,
      code: code ?? last.code ?? null,
      cause: cause ?? last.message ?? null,
    };
    return { ...step, found };
  });
  const last = items.at(-1);
  return rows.length > input.limit && last ? { items, next: [Number(last.intendedAt), last.id] } : { items };
}
