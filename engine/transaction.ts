/** A value that both SQLite and Postgres take as a parameter and give back. */
export type SqlValue = string | number | bigint | null | Uint8Array;
export type SqlRow = Record<string, SqlValue>;

/** One statement of a transition; parameters are written `$1`, `$2`, … in the text. */
export interface Statement {
  sql: string;
  params: SqlValue[];
}

/**
 * A transition is a generator of statements: the driver of a store runs it inside one transaction, synchronously
 * in SQLite's worker, asynchronously on Postgres. So the state machine is written once for both.
 */
export type Transition<Result> = Generator<Statement, Result, SqlRow[]>;

/** What a driver tells each transition. */
export interface Tx {
  /** Milliseconds since the epoch, of the store's clock. */
  now: number;
  /** How many audit chains the store keeps (SQLite 1, Postgres 16). */
  chains: number;
  /** Pipelines that got work in this transaction; waked after the commit. */
  wake: Set<string>;
  /** Documents whose lease ended in this transaction. */
  ended: Set<string>;
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

/** A statement whose rows do not matter. */
export function* run(sql: string, ...params: SqlValue[]): Transition<void> {
  yield { sql, params };
}

/** Inserts `values` (column → value) into `table`. */
export function* insert(table: string, values: Record<string, SqlValue>): Transition<void> {
  const columns = Object.keys(values);
  const places = columns.map((_, index) => `$${index + 1}`);
  yield {
    sql: `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places.join(', ')})`,
    params: Object.values(values),
  };
}

/** Sets `values` (column → value) in the row of `table` whose `keyColumn` is `key`. */
export function* update(
  table: string,
  keyColumn: string,
  key: SqlValue,
  values: Record<string, SqlValue>,
): Transition<void> {
  const sets = Object.keys(values).map((column, index) => `${column} = $${index + 2}`);
  yield {
    sql: `UPDATE ${table} SET ${sets.join(', ')} WHERE ${keyColumn} = $1`,
    params: [key, ...Object.values(values)],
  };
}
