import { existsSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { FinanceError } from '../../errors';

/** Pages a step; between steps the event loop goes on. */
const PAGES_A_STEP = 2_000;

/** How far a store file has got. */
export interface StorePoint {
  /** Number of the schema. */
  schema: number;
  /** Time of the last audit event, milliseconds since the epoch; undefined for an empty store. */
  lastEventAt?: number;
}

/**
 * Copies a store file beside the process that owns it, as it is at one moment: a read transaction holds that moment
 * while commits go on, so that a busy store is copied once and not again and again.
 * @throws STORE_NOT_FOUND where there is no such file
 */
export async function backupSqlite(file: string, to: string): Promise<StorePoint> {
  const source = openRead(file);
  try {
    source.exec('BEGIN');
    const point = pointOf(source);
    await backup(source, to, { rate: PAGES_A_STEP });
    return point;
  } finally {
    if (source.isTransaction) source.exec('ROLLBACK');
    source.close();
  }
}

/** @throws STORE_NOT_FOUND */
export function storePoint(file: string): StorePoint {
  const database = openRead(file);
  try {
    return pointOf(database);
  } finally {
    database.close();
  }
}

function openRead(file: string): DatabaseSync {
  if (!existsSync(file))
    throw new FinanceError('STORE_NOT_FOUND', { message: `There is no store at ${file}.` });
  const database = new DatabaseSync(file, { readOnly: true });
  database.exec('PRAGMA busy_timeout = 5000');
  return database;
}

function pointOf(database: DatabaseSync): StorePoint {
  const { user_version: schema } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  const { at } = database
    .prepare('SELECT MAX(at) AS at FROM audit_heads JOIN audit USING (chain, seq)')
    .get() as { at: number | null };
  return at === null ? { schema } : { schema, lastEventAt: at };
}
