import { sha256 } from './ids';
import {
  all,
  change,
  insertion,
  one,
  type PendingEvent,
  run,
  type SqlRow,
  type SqlValue,
  storable,
  type Transition,
  type Tx,
} from './transaction';

/**
 * What the audit chain vouches for: of each of these tables, the row's digest over these columns stands in the
 * last audit event about the row. Left out are the times of a lease (they are renewed without an event), the attempts
 * by kind (the events name them), and bodies' contents (their SHA-256 stands in; personal data can be erased and the
 * chain still verifies).
 */
export const SEALED = {
  documents: {
    key: 'id',
    columns: [
      'seq',
      'entity',
      'kind',
      'received_kind',
      'pipeline',
      'lane',
      'lane_policy',
      'source',
      'receive_key',
      'correlation_id',
      'parent_id',
      'summary_id',
      'business_key',
      'content_hash',
      'amount',
      'currency',
      'number',
      'mapping',
      'care',
      'state',
      'outcome',
      'duplicate_of',
      'in_lane',
      'blocked',
      'fence',
      'hop',
      'worker',
      'due',
      'waits_for',
      'attempts',
      'expiries',
      'crashes',
      'drains',
      'suspect',
      'alone',
      'error',
      'error_at',
      'received_at',
      'updated_at',
      'settled_at',
    ],
  },
  steps: {
    key: 'id',
    columns: [
      'document_id',
      'kind',
      'target',
      'external_key',
      'name',
      'node_id',
      'state',
      'request_hash',
      'request',
      'result',
      'error',
      'until',
      'attempts',
      'intended_at',
      'fence',
      'updated_at',
    ],
  },
  bodies: { key: 'id', columns: ['document_id', 'role', 'media_type', 'sha256', 'created_at', 'erased_at'] },
  exceptions: {
    key: 'id',
    columns: [
      'document_id',
      'entity',
      'class',
      'code',
      'step',
      'cause',
      'hint',
      'details',
      'amount',
      'currency',
      'owner',
      'due',
      'opened_at',
      'closed_at',
      'resolution',
      'actor',
      'reason',
    ],
  },
  claims: { key: 'business_key', columns: ['document_id', 'content_hash', 'state'] },
  deliveries: { key: 'receive_key', columns: ['document_id', 'entity', 'count', 'last_at'] },
  cursors: { key: 'name', columns: ['value', 'updated_at'] },
  pipelines: { key: 'name', columns: ['entities', 'kinds', 'lane_policy', 'required_steps', 'paused'] },
  targets: { key: 'name', columns: ['paused', 'actor', 'reason', 'changed_at'] },
  comments: { key: 'id', columns: ['document_id', 'exception_id', 'actor', 'text', 'created_at'] },
  tags: { key: 'id', columns: ['exception_id', 'tag', 'actor', 'created_at', 'removed_at'] },
  proposals: {
    key: 'id',
    columns: [
      'document_id',
      'entity',
      'kind',
      'payload',
      'content_hash',
      'mapping',
      'amount',
      'currency',
      'author',
      'reason',
      'created_at',
      'state',
      'decided_by',
      'decided_at',
      'decision_reason',
    ],
  },
  jobs: {
    key: 'id',
    columns: [
      'kind',
      'input',
      'actor',
      'reason',
      'total',
      'done',
      'failed',
      'state',
      'created_at',
      'updated_at',
    ],
  },
  consumers: {
    key: 'id',
    columns: [
      'name',
      'token_hash',
      'entities',
      'functions',
      'period_from',
      'period_to',
      'expires_at',
      'created_by',
      'created_at',
      'revoked_by',
      'revoked_at',
    ],
  },
} as const satisfies Record<string, { key: string; columns: readonly string[] }>;

export type SealedTable = keyof typeof SEALED;
/** A row that an audit event is about; its digest where the statement that wrote it gave it back. */
export type Subject = [table: SealedTable, key: string, digest?: string];

/** Inserts `values` (column → value) into a sealed table; the database gives back what it fills in by itself. */
export function* insertSealed(table: SealedTable, values: Record<string, SqlValue>): Transition<Subject> {
  const { key, columns } = SEALED[table];
  const filled = columns.filter((column) => !(column in values));
  const statement = insertion(table, values, filled.join(', '));
  const row = filled.length > 0 ? (yield statement)[0] : void (yield { ...statement, quiet: true });
  return [table, String(values[key]), digest(table, changed(table, row, values))];
}

/**
 * Sets `values` (column → value) in the row of a sealed table; an event of this transaction must tell of it.
 * @param before the row as this transaction has locked it, if nothing has changed it since
 */
export function* updateSealed(
  table: SealedTable,
  key: string,
  values: Record<string, SqlValue>,
  before?: object,
): Transition<Subject> {
  const { key: keyColumn, columns } = SEALED[table];
  const { sql, params } = change(table, keyColumn, key, values);
  if (before) {
    yield* run(sql, ...params);
    return [table, key, digest(table, changed(table, before as SqlRow, values))];
  }
  const row = yield* one(`${sql} RETURNING ${columns.join(', ')}`, ...params);
  return [table, key, digest(table, row)];
}

/** What a sealed row is after a write, as the store gives it back. */
function changed(table: SealedTable, before: SqlRow | undefined, values: Record<string, SqlValue>): SqlRow {
  const row: SqlRow = { ...before };
  for (const column of SEALED[table].columns) if (column in values) row[column] = storable(values[column]!);
  return row;
}

/** The digest of a row; `gone` where the row was deleted. */
export function digest(table: SealedTable, row: SqlRow | undefined): string {
  if (!row) return 'gone';
  return sha256(JSON.stringify(SEALED[table].columns.map((column) => plain(row[column] ?? null)))).slice(
    0,
    32,
  );
}

function plain(value: SqlValue): string | number | null {
  return typeof value === 'bigint' ? Number(value) : (value as string | number | null);
}

/** Hash of one event, linked to the one before. */
export function linkHash(previous: string, event: AuditEvent): string {
  const { chain, seq, at, document_id, type, data } = event;
  return sha256(JSON.stringify([previous, Number(chain), Number(seq), Number(at), document_id, type, data]));
}

export interface AuditEvent {
  chain: number;
  seq: number;
  at: number;
  document_id: string | null;
  type: string;
  data: string;
}

/**
 * Notes one audit event of the running transaction: what happened, and the digest of every row it touched.
 * {@link seal} writes it.
 * @param data plain facts (ids, hashes, states), never a body.
 */
export function* record(
  tx: Tx,
  type: string,
  documentId: string | null,
  data: Record<string, unknown>,
  subjects: Subject[],
): Transition<void> {
  const seals: PendingEvent['seals'] = [];
  for (const [table, key, known] of subjects)
    seals.push([table, storable(key), known ?? (yield* digestNow(table, key))]);
  tx.events.push({ type, documentId, data, seals });
}

/** What the events of one type about a document say, the oldest first; those of the running transaction too. */
export function* factsOf(tx: Tx, documentId: string, type: string): Transition<Facts[]> {
  const written = yield* all<{ data: string }>(
    'SELECT data FROM audit WHERE document_id = $1 AND type = $2 ORDER BY seq',
    documentId,
    type,
  );
  const pending = tx.events.filter((event) => event.documentId === documentId && event.type === type);
  const facts = written.map(({ data }) => JSON.parse(data) as Facts);
  // Of several chains only the number of the whole store says what came first.
  return [
    ...facts.sort((a, b) => Number(a.order ?? 0) - Number(b.order ?? 0)),
    ...pending.map(({ data }) => data),
  ];
}

type Facts = Record<string, unknown>;

function* digestNow(table: SealedTable, key: string): Transition<string> {
  const { key: column, columns } = SEALED[table];
  return digest(table, yield* one(`SELECT ${columns.join(', ')} FROM ${table} WHERE ${column} = $1`, key));
}

interface Head {
  chain: number;
  seq: number;
  hash: string;
  /** Number of the whole store for the first event. */
  first: number;
}

/** Puts the events of the transaction at the end of a chain: the last thing it does, once for all its transitions. */
export function* seal(tx: Tx): Transition<void> {
  const events = tx.events.splice(0);
  if (events.length === 0) return;
  const head = yield* headOf(tx);
  const chained: Chained[] = [];
  for (const [index, event] of events.entries()) {
    // With several chains the events about one row are put in order by a number of the whole store.
    const order = tx.chains > 1 ? { order: Number(head.first) + index } : {};
    chained.push(nextEvent(tx, chained.at(-1) ?? head, event, order));
  }
  tx.sealed = chained.at(-1);
  yield* tx.dialect === 'postgres' ? appendAtOnce(chained) : append(chained);
}

/** The end of a chain. Of several it is one that no other transaction is at, so that they seldom wait for each other. */
function* headOf(tx: Tx): Transition<Head> {
  if (tx.chains === 1)
    return (
      (yield* one<Head>('SELECT chain, seq, hash FROM audit_heads WHERE chain = 0')) ?? {
        chain: 0,
        seq: 0,
        hash: '',
        first: 0,
      }
    );
  const free = yield* one<Head>(
    `SELECT chain, seq, hash, nextval('audit_order') AS first FROM
     (SELECT * FROM audit_heads ORDER BY (chain + $1) % ${tx.chains} LIMIT 1 {skip locked}) AS free`,
    tx.chains - tx.chain,
  );
  return (
    free ??
    (yield* one<Head>(
      "SELECT chain, seq, hash, nextval('audit_order') AS first FROM audit_heads WHERE chain = $1 {lock}",
      tx.chain,
    ))!
  );
}

type Chained = AuditEvent & { hash: string };

function nextEvent(
  tx: Tx,
  last: Pick<Chained, 'chain' | 'seq' | 'hash'>,
  { documentId, type, data, seals }: PendingEvent,
  order: { order?: number },
): Chained {
  const event: AuditEvent = {
    chain: Number(last.chain),
    seq: Number(last.seq) + 1,
    at: tx.now,
    document_id: documentId,
    type,
    data: JSON.stringify({ ...data, ...order, seals }),
  };
  return { ...event, hash: linkHash(last.hash, event) };
}

function* append(events: Chained[]): Transition<void> {
  for (const event of events) yield insertion('audit', { ...event });
  const { chain, seq, hash } = events.at(-1)!;
  yield* run(
    `INSERT INTO audit_heads (chain, seq, hash) VALUES ($1, $2, $3)
     ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq, hash = excluded.hash`,
    chain,
    seq,
    hash,
  );
}

/** Events and head in one statement: fewer trips to the server while the head is locked. */
function* appendAtOnce(events: Chained[]): Transition<void> {
  const { chain, seq, hash } = events.at(-1)!;
  yield* run(
    `WITH events AS (INSERT INTO audit (chain, seq, at, document_id, type, data, hash)
       SELECT chain, seq, at, document_id, type, data, hash FROM json_to_recordset($1) AS
       event (chain INTEGER, seq BIGINT, at BIGINT, document_id TEXT, type TEXT, data TEXT, hash TEXT))
     UPDATE audit_heads SET seq = $3, hash = $4 WHERE chain = $2`,
    JSON.stringify(events),
    chain,
    seq,
    hash,
  );
}
