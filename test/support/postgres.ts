import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PostgresServer } from '../../cli/chaos/postgres-server';

export { PostgresServer, packagedPrograms } from '../../cli/chaos/postgres-server';

let shared: Promise<PostgresServer> | undefined;

/** The one server of this test run: the packaged one, or `LEDGERWAY_TEST_POSTGRES` (a folder of programs). */
export function postgresServer(): Promise<PostgresServer> {
  shared ??= PostgresServer.start(process.env.LEDGERWAY_TEST_POSTGRES).catch((error: unknown) => {
    console.error(`\nTHE POSTGRES SERVER CANNOT BE STARTED. Its tests DO NOT RUN.\n${error}\n`);
    throw error;
  });
  return shared;
}

/** For the last hook of a test run. */
export async function stopPostgresServer(): Promise<void> {
  await (await shared?.catch(() => undefined))?.stop();
  shared = undefined;
}

/** Folders of Debian's PostgreSQL, the newest first. */
export function debianPrograms(): string[] {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return [];
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(root, version, 'bin'));
}
