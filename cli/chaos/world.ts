import { rmSync } from 'node:fs';
import { FinanceError } from '../../errors';
import { type Sandbox, startSandbox } from '../sandbox';
import { sandboxFolder } from '../session';
import type { StoreKind } from './plan';
import { PostgresServer } from './postgres-server';
import { RedisServer } from './redis-server';

/** What stands around the runtimes of a chaos run, and outlives their kills. */
export interface World {
  sandbox: Sandbox;
  /** Environment of every runtime. */
  env: NodeJS.ProcessEnv;
  postgres?: PostgresServer;
  redis?: RedisServer;
  stop(): Promise<void>;
}

/**
 * Starts the counterparties, and the servers that the store needs.
 * @param storeUrl an empty Postgres database to use in place of a server of our own
 * @throws CONFIG_INVALID where something of it cannot be started
 */
export async function openWorld(data: string, store: StoreKind, storeUrl?: string): Promise<World> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of stops.reverse()) await end();
  };
  try {
    const sandbox = await startSandbox(sandboxFolder(data));
    stops.push(() => sandbox.stop());
    const env: NodeJS.ProcessEnv = { LEDGERWAY_STORE: '' };
    if (store === 'sqlite') return { sandbox, env, stop };
    const postgres = storeUrl === undefined ? await PostgresServer.start() : undefined;
    if (postgres) stops.push(() => postgres.stop());
    env.LEDGERWAY_STORE = storeUrl ?? (await postgres!.database());
    const redis = store === 'postgres+redis' ? await RedisServer.start() : undefined;
    if (redis) stops.push(() => redis.stop());
    if (redis) env.LEDGERWAY_REDIS = redis.url;
    return { sandbox, env, postgres, redis, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What is thrown where something is asked of a run that only a server of our own can do. */
export function notOurs(what: string): FinanceError {
  return new FinanceError('CONFIG_INVALID', {
    message: `${what} needs a server that the run started itself.`,
  });
}

/** Removes the folders of a run. */
export function forget(data: string): void {
  rmSync(data, { recursive: true, force: true });
}
