import type { StoreSettings } from './model';
import { commits, type Move } from './observer';

/** A value that both SQLite and Postgres take as a parameter and give back. */
export type SqlValue = string | number | bigint | null | Uint8Array;
export type SqlRow = Record<string, SqlValue>;

/** One statement of a transition; parameters are written `$1`, `$2`, … in the text. */
export interface Statement {
  sql: string;
  params: SqlValue[];
  /** Nobody looks at its rows: the next statement may be sent before it is answered. */
  quiet?: true;
}

/**
 * A transition is a generator of statements: the driver of a store runs it inside one transaction, synchronously
 * in SQLite's worker, asynchronously on Postgres. So the state machine is written once for both. It yields a
 * statement and gets its rows, or several at once, see {@link together}.
 */
export type Transition<Result> = Generator<Statement | Statement[], Result, SqlRow[]>;

export type Dialect = 'sqlite' | 'postgres';

/** Words that the dialects say differently; statements and migrations write them in braces. */
const WORDS: Record<Dialect, Record<string, string>> = {
  // One writer at a time: what it reads is locked already.
  sqlite: { lock: '', 'skip locked': '', serial: 'INTEGER PRIMARY KEY AUTOINCREMENT', blob: 'BLOB' },
  postgres: {
    lock: 'FOR UPDATE',
    'skip locked': 'FOR UPDATE SKIP LOCKED',
    serial: 'BIGSERIAL PRIMARY KEY',
    blob: 'BYTEA',
  },
};

/** The text with each `{word}` in the dialect's own words. */
export function inDialect(sql: string, dialect: Dialect): string {
  return sql.replaceAll(/\{([a-z ]+)\}/g, (_, word: string) => WORDS[dialect][word]!);
}

/** Whether a statement changes rows; one that only locks does not. */
export function isWrite(sql: string): boolean {
  return !/^\s*SELECT\b/i.test(sql);
}

/** A text as every store keeps it, and gives it back: without NUL, and without halves of a surrogate pair. */
export function storable<Value extends SqlValue>(value: Value): Value | string {
  if (typeof value !== 'string' || (value.isWellFormed() && !value.includes('\0'))) return value;
  return value.toWellFormed().replaceAll('\0', '\uFFFD');
}

/** An audit event that waits for the end of its transaction. */
export interface PendingEvent {
  type: string;
  documentId: string | null;
  data: Record<string, unknown>;
  /** Table, key and digest of each row it is about. */
  seals: [string, string, string][];
}

/** What a driver tells each transition, and what it collects. */
export interface Tx {
  /** Milliseconds since the epoch, of the store's clock. */
  now: number;
  dialect: Dialect;
  settings: StoreSettings;
  /** How many audit chains the store keeps (SQLite 1, Postgres 16). */
  chains: number;
  /** The one of them that this process writes to, where nobody else is at it. */
  chain: number;
  /**
   * Workers that are known to be gone; their leases are voided. Without it one process owns the store, and
   * whatever was leased when it opens belonged to one that is gone.
   */
  deadWorkers?: readonly string[];
  /** Pipelines that got work in this transaction; waked after the commit. */
  wake: Set<string>;
  /** Documents whose lease ended in this transaction, with the worker that had it. */
  ended: Map<string, string | null>;
  /** What moved in this transaction, where anybody watches; told after the commit. */
  moves: Move[];
  watched: boolean;
  /** Audit events not yet in a chain. */
  events: PendingEvent[];
  /** The last audit event that was written: where it stands, the transaction is committed. */
  sealed?: { chain: number; seq: number; hash: string };
}

export function newTx(
  facts: Pick<Tx, 'now' | 'dialect' | 'settings' | 'chains' | 'chain' | 'deadWorkers'> & {
    watched?: boolean;
  },
): Tx {
  const watched = facts.watched ?? commits.hasSubscribers;
  return { ...facts, watched, wake: new Set(), ended: new Map(), moves: [], events: [] };
}

/** All rows of a statement. */
export function* all<Row extends object = SqlRow>(sql: string, ...params: SqlValue[]): Transition<Row[]> {
  return (yield { sql, params }) as unknown as Row[];
}

/** The first row of a statement, if any. */
export function* one<Row extends object = SqlRow>(
  sql: string,
  ...params: SqlValue[]
): Transition<Row | undefined> {
  return ((yield { sql, params }) as unknown as Row[])[0];
}

/** The rows of each of several statements, of which none needs the rows of another: they travel together. */
export function* together<Rows extends object[][]>(...statements: Statement[]): Transition<Rows> {
  return (yield statements) as unknown as Rows;
}

/** A statement whose rows do not matter. */
export function* run(sql: string, ...params: SqlValue[]): Transition<void> {
  yield { sql, params, quiet: true };
}

/**
 * Makes the transactions that name the same thing wait for each other, until they commit. A lane is locked before
 * it is looked at, so that its order is that of the commits; a business key, so that none waits unseen for a key
 * that is being settled.
 */
export function* lock(tx: Tx, what: 'lane' | 'key' | 'worker' | 'pipelines', name: string): Transition<void> {
  if (tx.dialect === 'sqlite') return;
  yield* run('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', `${what}:${name}`);
}

/** The text of the last insertion into each table: made once, it is found again without being read through. */
const insertions = new Map<string, { columns: string[]; returning: string; sql: string }>();

/** The statement that inserts `values` (column → value) into `table` and gives the columns `returning` back. */
export function insertion(table: string, values: Record<string, SqlValue>, returning = ''): Statement {
  const columns = Object.keys(values);
  const params = Object.values(values);
  const known = insertions.get(table);
  const isKnown =
    known?.returning === returning &&
    known.columns.length === columns.length &&
    known.columns.every((column, index) => column === columns[index]);
  if (isKnown) return { sql: known.sql, params };
  const places = columns.map((_, index) => `$${index + 1}`).join(', ');
  const end = returning && ` RETURNING ${returning}`;
  const sql = `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})${end}`;
  insertions.set(table, { columns, returning, sql });
  return { sql, params };
}

/** The statement that sets `values` (column → value) in the row of `table` whose `keyColumn` is `key`. */
export function change(
  table: string,
  keyColumn: string,
  key: SqlValue,
  values: Record<string, SqlValue>,
): Statement {
  const sets = Object.keys(values).map((column, index) => `${column} = $${index + 2}`);
  return {
    sql: `UPDATE ${table} SET ${sets.join(', ')} WHERE ${keyColumn} = $1`,
    params: [key, ...Object.values(values)],
  };
}

/** Inserts `values` into a table that is not sealed. */
export function* insert(table: string, values: Record<string, SqlValue>): Transition<void> {
  yield { ...insertion(table, values), quiet: true };
}
