import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { PoolClient } from 'pg';
import { FinanceError } from '../errors';
import { Connections } from './postgres/connections';
import { CHAINS } from './postgres/migrate';
import { openPostgresStore } from './postgres/store';
import { storeError } from './postgres/trouble';
import { openSqliteStore } from './sqlite/store';
import { insertion, type SqlRow, type SqlValue } from './transaction';
import { type AuditVerification, verifyAudit } from './verify';

export interface CopyResult {
  /** Rows copied, by table. */
  tables: Record<string, number>;
  /** What the copy's audit chain vouches for. */
  audit: AuditVerification;
}

/** Rows and bytes of one statement; Postgres takes 65,535 parameters. */
const MOST_ROWS = 500;
const MOST_BYTES = 4_000_000;

/**
 * Copies a SQLite store into an empty Postgres database, in one transaction: all of it or nothing. Ids, numbers and
 * the audit chain stay as they are; the chain goes on as chain 0 beside the others of Postgres.
 * @throws STORE_NOT_FOUND, STORE_OWNED (stop the runtime first), STORE_NOT_EMPTY, STORE_DAMAGED where either side does
 * not verify, CONFIG_INVALID, STORE_UNAVAILABLE
 */
export async function copyStore(file: string, url: string): Promise<CopyResult> {
  if (!existsSync(file))
    throw new FinanceError('STORE_NOT_FOUND', { message: `There is no store at ${file}.` });
  // Owned until the copy is done, at the newest schema, and without leases.
  const source = await openSqliteStore({ file });
  try {
    assertVerified('The SQLite store', await source.audit());
    await (await openPostgresStore({ url, poolSize: 2 })).close();
    return await copyTables(file, url);
  } finally {
    await source.close();
  }
}

async function copyTables(file: string, url: string): Promise<CopyResult> {
  const database = new DatabaseSync(file, { readOnly: true });
  const connections = await Connections.open(url, 1);
  try {
    return await connections.use(async (client) => {
      await client.query('BEGIN');
      const names = tablesOf(database);
      await assertEmpty(client);
      await client.query(`TRUNCATE ${names.join(', ')}`);
      const tables: Record<string, number> = {};
      for (const name of names) tables[name] = await copyTable(database, client, name);
      await continueNumbers(client);
      const audit = await connections.drive(client, verifyAudit(), []);
      assertVerified('The copy', audit);
      await client.query('COMMIT');
      return { tables, audit };
    });
  } catch (error) {
    throw storeError(error);
  } finally {
    await connections.close();
    database.close();
  }
}

function assertVerified(what: string, { ok, findings }: AuditVerification): void {
  if (!ok)
    throw new FinanceError('STORE_DAMAGED', {
      message: `${what} does not verify: ${findings.slice(0, 3).join('; ')}.`,
    });
}

/** Nobody writes into the target before the copy is committed. */
async function assertEmpty(client: PoolClient): Promise<void> {
  await client.query('LOCK TABLE audit_heads, documents, audit IN EXCLUSIVE MODE');
  const { rows } = await client.query<{ taken: boolean }>(
    'SELECT EXISTS (SELECT 1 FROM documents) OR EXISTS (SELECT 1 FROM audit) AS taken',
  );
  if (rows[0]!.taken)
    throw new FinanceError('STORE_NOT_EMPTY', { message: 'The Postgres database holds a store already.' });
}

function tablesOf(database: DatabaseSync): string[] {
  const rows = database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    .all() as { name: string }[];
  return rows.map(({ name }) => name);
}

async function copyTable(database: DatabaseSync, client: PoolClient, name: string): Promise<number> {
  let count = 0;
  let bytes = 0;
  let page: SqlRow[] = [];
  const flush = async () => {
    if (page.length > 0) await insertRows(client, name, page);
    count += page.length;
    bytes = 0;
    page = [];
  };
  for (const row of database.prepare(`SELECT * FROM ${name} ORDER BY rowid`).iterate() as Iterable<SqlRow>) {
    page.push(row);
    bytes += sizeOf(row);
    if (page.length >= MOST_ROWS || bytes >= MOST_BYTES) await flush();
  }
  await flush();
  const { rows } = await client.query<{ n: number }>(`SELECT COUNT(*) AS n FROM ${name}`);
  if (rows[0]!.n !== count)
    throw new FinanceError('STORE_DAMAGED', {
      message: `${name}: ${count} rows were copied, ${rows[0]!.n} came.`,
    });
  return count;
}

function sizeOf(row: SqlRow): number {
  let bytes = 0;
  for (const value of Object.values(row))
    if (typeof value === 'string' || value instanceof Uint8Array) bytes += value.length;
  return bytes;
}

/** One statement for the page: `($1, $2), ($3, $4), …` */
async function insertRows(client: PoolClient, name: string, page: SqlRow[]): Promise<void> {
  const { sql } = insertion(name, page[0]!);
  const width = Object.keys(page[0]!).length;
  const places = page.map(
    (_, row) =>
      `(${Array.from({ length: width }, (_, column) => `$${row * width + column + 1}`).join(', ')})`,
  );
  const values = page.flatMap((row) => Object.values(row)) as SqlValue[];
  await client.query(`${sql.slice(0, sql.indexOf(' VALUES '))} VALUES ${places.join(', ')}`, values);
}

/** Numbers go on behind those that were copied, and the chains that SQLite does not have begin. */
async function continueNumbers(client: PoolClient): Promise<void> {
  await client.query(
    `INSERT INTO audit_heads (chain, seq, hash) SELECT chain, 0, '' FROM generate_series(0, ${CHAINS - 1}) AS chain
     ON CONFLICT (chain) DO NOTHING`,
  );
  // The copied events have no number of the whole store: their place in the chain is it.
  await client.query("SELECT setval('audit_order', (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit))");
  const { rows } = await client.query<{ table_name: string; column_name: string }>(
    `SELECT table_name, column_name FROM information_schema.columns
     WHERE table_schema = current_schema() AND column_default LIKE 'nextval(%'`,
  );
  for (const { table_name: table, column_name: column } of rows)
    await client.query(
      `SELECT setval(pg_get_serial_sequence('${table}', '${column}'), COALESCE(MAX(${column}), 0) + 1, false) FROM ${table}`,
    );
}
