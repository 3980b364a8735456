import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openSqliteStore, openStore, type Store, type StoreSettings } from '../engine';
import { FinanceError } from '../errors';

/** What a runtime needs to know before it starts. */
export interface RuntimeConfig {
  /** Folder of all durable things: store, flows, mappings, keys. */
  dataDir: string;
  /** `postgres://…`; without it the store is a SQLite file in the data folder. */
  storeUrl?: string;
  /** `redis://…`: wake-ups, ticks and rate limits in common with other runtimes. */
  redisUrl?: string;
  /** Address to bind; loopback unless told otherwise. */
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** How long deploy and SIGTERM wait for documents in flight, in milliseconds. */
  drainMs: number;
  logLevel: string;
  login: { user: string; password: string };
  /** Name of the Node-RED module, for runs against another version of it. */
  nodeRed: string;
}

/** The folders and files of a data directory. */
export interface DataLayout {
  store: string;
  nodeRed: string;
  flows: string;
  credentials: string;
  mappings: string;
  secret: string;
}

/** Where things lie below a data directory. */
export function layoutOf(dataDir: string): DataLayout {
  const nodeRed = join(dataDir, 'node-red');
  return {
    store: join(dataDir, 'store.db'),
    nodeRed,
    flows: join(nodeRed, 'flows.json'),
    credentials: join(nodeRed, 'flows_cred.json'),
    mappings: join(dataDir, 'mappings'),
    secret: join(dataDir, 'credential-secret'),
  };
}

/**
 * The configuration from the given values, then the environment (LEDGERWAY_DATA, _STORE, _REDIS, _HOST, _PORT,
 * _DRAIN_SECONDS, _LOG_LEVEL, _ADMIN_USER, _ADMIN_PASSWORD), then defaults. Without a password a one-time one is made.
 * @throws CONFIG_INVALID naming the value that is wrong
 */
export function configOf(given: {
  data?: string;
  port?: string;
  host?: string;
  logLevel?: string;
}): RuntimeConfig {
  const env = process.env;
  return {
    dataDir: resolve(given.data ?? env.LEDGERWAY_DATA ?? '.data'),
    storeUrl: env.LEDGERWAY_STORE || undefined,
    redisUrl: env.LEDGERWAY_REDIS || undefined,
    host: given.host ?? env.LEDGERWAY_HOST ?? '127.0.0.1',
    port: portOf(given.port ?? env.LEDGERWAY_PORT ?? '1880'),
    drainMs: secondsOf('LEDGERWAY_DRAIN_SECONDS', env.LEDGERWAY_DRAIN_SECONDS ?? '20'),
    logLevel: given.logLevel ?? env.LEDGERWAY_LOG_LEVEL ?? 'info',
    login: {
      user: env.LEDGERWAY_ADMIN_USER ?? 'admin',
      password: env.LEDGERWAY_ADMIN_PASSWORD ?? randomBytes(9).toString('base64url'),
    },
    nodeRed: env.LEDGERWAY_NODE_RED ?? 'node-red',
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535)
    throw new FinanceError('CONFIG_INVALID', { message: `"${text}" is not a port.` });
  return port;
}

function secondsOf(name: string, text: string): number {
  const seconds = Number(text);
  if (!Number.isFinite(seconds) || seconds < 0)
    throw new FinanceError('CONFIG_INVALID', { message: `${name} is not a number of seconds.` });
  return seconds * 1000;
}

/** The secret that Node-RED's credential file is encrypted with: from the environment, or made once and kept. */
export function credentialSecret(dataDir: string): string {
  const given = process.env.LEDGERWAY_CREDENTIAL_SECRET;
  if (given) return given;
  const { secret } = layoutOf(dataDir);
  if (!existsSync(secret)) {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(secret, randomBytes(32).toString('hex'), { mode: 0o600 });
  }
  return readFileSync(secret, 'utf8').trim();
}

/** Connections to Postgres for those who only read: few, so that heavy lists wait for each other. */
const READERS = 4;

/**
 * Opens the store of a configuration: Postgres where LEDGERWAY_STORE names one, else the file of the data folder,
 * with the limits LEDGERWAY_HIGH_WATER (open documents), LEDGERWAY_LANE_HIGH_WATER (those of one lane) and
 * LEDGERWAY_STORE_PAGES (pages of the file).
 * @throws STORE_OWNED and its like, CONFIG_INVALID
 */
export async function storeOf(
  config: Pick<RuntimeConfig, 'dataDir' | 'storeUrl'>,
  readOnly = false,
): Promise<Store> {
  const { LEDGERWAY_STORE_PAGES: maxPages } = process.env;
  const settings = highWaterMarks();
  const poolSize = readOnly ? READERS : undefined;
  if (config.storeUrl) return await openStore({ url: config.storeUrl, settings, readOnly, poolSize });
  return await openSqliteStore({
    file: layoutOf(config.dataDir).store,
    settings,
    readOnly,
    maxPages: maxPages ? wholeNumber('LEDGERWAY_STORE_PAGES', maxPages) : undefined,
  });
}

function highWaterMarks(): Pick<Partial<StoreSettings>, 'highWater' | 'laneHighWater'> {
  const { LEDGERWAY_HIGH_WATER: total, LEDGERWAY_LANE_HIGH_WATER: lane } = process.env;
  return {
    ...(total && { highWater: wholeNumber('LEDGERWAY_HIGH_WATER', total) }),
    ...(lane && { laneHighWater: wholeNumber('LEDGERWAY_LANE_HIGH_WATER', lane) }),
  };
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value <= 0)
    throw new FinanceError('CONFIG_INVALID', { message: `${name} is not a whole number.` });
  return value;
}
