import type { Client } from 'pg';
import { FinanceError } from '../../errors';
import { MIGRATIONS, SCHEMA_VERSION } from '../migrations';
import { inDialect } from '../transaction';

const OLDEST_SERVER = 140_000;

/**
 * Several audit chains, so that transactions seldom wait for each other; verification takes one event at a time
 * of the sequence. It grows by more than one transaction has events.
 */
export const CHAINS = 16;

/** What Postgres needs besides a shared migration of the same number. */
const BESIDES: Record<number, string> = {
  1: `CREATE SEQUENCE audit_order INCREMENT BY 100000;
INSERT INTO audit_heads (chain, seq, hash) SELECT chain, 0, '' FROM generate_series(0, ${CHAINS - 1}) AS chain;
CREATE INDEX documents_worker ON documents (worker) WHERE state = 'leased';
ALTER TABLE audit_heads SET (fillfactor = 10);
ALTER TABLE documents SET (fillfactor = 80);`,
};

/**
 * Brings the schema up to date, one process at a time.
 * @throws CONFIG_INVALID for servers before Postgres 14, STORE_SCHEMA_NEWER
 */
export async function migrate(client: Client): Promise<void> {
  await assertServer(client);
  await client.query("SELECT pg_advisory_lock(hashtextextended('schema:', 0))");
  await client.query(
    `CREATE TABLE IF NOT EXISTS ledgerway_schema
     (version INTEGER PRIMARY KEY, applied_at TIMESTAMPTZ NOT NULL DEFAULT now())`,
  );
  const found = await assertSchema(client);
  for (const { version, sql } of MIGRATIONS) {
    if (version <= found) continue;
    const text = `${inDialect(sql, 'postgres')}\n${BESIDES[version] ?? ''}`;
    await client.query(`BEGIN; ${text} INSERT INTO ledgerway_schema (version) VALUES (${version}); COMMIT;`);
  }
  await client.query("SELECT pg_advisory_unlock(hashtextextended('schema:', 0))");
}

/** @throws CONFIG_INVALID for servers before Postgres 14 */
export async function assertServer(client: Client): Promise<void> {
  const { rows } = await client.query<{ number: string; name: string }>(
    "SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS name",
  );
  if (Number(rows[0]!.number) < OLDEST_SERVER)
    throw new FinanceError('CONFIG_INVALID', {
      message: `Postgres 14 or newer is needed; the server is ${rows[0]!.name}.`,
    });
}

/** @throws STORE_SCHEMA_NEWER @returns the version of the schema, 0 for none */
export async function assertSchema(client: Client): Promise<number> {
  const { rows } = await client.query<{ version: number | null }>(
    'SELECT MAX(version) AS version FROM ledgerway_schema',
  );
  const found = rows[0]?.version ?? 0;
  if (found > SCHEMA_VERSION)
    throw new FinanceError('STORE_SCHEMA_NEWER', {
      message: `The store has schema ${found}; this version knows ${SCHEMA_VERSION}.`,
    });
  return found;
}
