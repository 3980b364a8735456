import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DataFile } from './core/data-file';
import type { Database } from './core/database';
import type { Version } from './core/model';
import { Odoo } from './odoo';
import { CallLog } from './protocol/call-log';
import { FaultSwitch } from './protocol/fault-switch';
import { Gateway } from './protocol/gateway';
import { type CostModel, Workers } from './protocol/workers';
import { type OdooSeed, plant, renew } from './seed';
import { odooServer } from './server';

export { DEMO_ADMIN, DEMO_LOGIN, demoSeed } from './demo-seed';
export type { LedgerLine, LedgerMove } from './ledger';
export type * from './seed';

export interface OdooOptions {
  /** Address to listen on, 127.0.0.1 by default. */
  host?: string;
  /** Port, 0 (any free one) by default. */
  port?: number;
  version?: '16.0' | '17.0' | '19.0';
  /** SQLite file that keeps every committed call; in memory only where it is left out. */
  dataFile?: string;
  /** Name of the one database, `ledger` by default. */
  database?: string;
  /** What an empty database begins with; a data file that holds records already keeps them. */
  seed: OdooSeed;
  /** Calls at the same time, 2 by default. */
  workers?: number;
  /** What a call costs: nothing, or what an Odoo 17 with two workers took. */
  costModel?: CostModel;
  /** The server's clock. */
  now?: () => Date;
}

export interface RunningOdoo {
  url: string;
  port: number;
  /** The records, for looking at in tests. */
  db: Database;
  /** The server without its HTTP, for fixtures. */
  odoo: Odoo;
  close(): Promise<void>;
}

/** Starts a stand-in for Odoo that behaves like the real one on the wire. */
export async function startOdoo(options: OdooOptions): Promise<RunningOdoo> {
  const { host = '127.0.0.1', port = 0, version = '17.0', dataFile, database = 'ledger', seed } = options;
  const file = dataFile === undefined ? undefined : new DataFile(dataFile);
  const odoo = openOdoo(
    Number(version.split('.')[0]) as Version,
    database,
    options.now ?? (() => new Date()),
    seed,
    file,
  );
  const [faults, log] = [new FaultSwitch(), new CallLog()];
  const gateway = new Gateway(
    odoo,
    new Workers(options.workers ?? 2),
    faults,
    log,
    options.costModel ?? 'none',
  );
  const server = createServer(odooServer(gateway, faults, log));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const listening = server.address() as AddressInfo;
  return {
    url: `http://${host}:${listening.port}`,
    port: listening.port,
    db: odoo.db,
    odoo,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      file?.close();
    },
  };
}

function openOdoo(
  version: Version,
  database: string,
  clock: () => Date,
  seed: OdooSeed,
  file: DataFile | undefined,
): Odoo {
  let isOpen = false;
  const journal = file && {
    commit: (...change: Parameters<DataFile['commit']>) => (isOpen ? file.commit(...change) : undefined),
  };
  const odoo = new Odoo(version, database, clock, { journal, modules: seed.modules });
  if (file && !file.isEmpty) file.restore((model, record) => odoo.db.insert(model, record), odoo.db);
  isOpen = true;
  if (!file || file.isEmpty) plant(odoo.db, odoo.registry, seed, clock);
  else renew(odoo.environment(odoo.db.all('res.users')[0]?.id ?? 1, {}, true));
  return odoo;
}
