import { hostname } from 'node:os';
import { type Cluster, type Log, openRedis } from '../engine';
import type { RuntimeConfig } from './config';

/**
 * What the runtimes share by way of LEDGERWAY_REDIS, where it is set. Those on one Postgres database belong
 * together; a store in a file is alone with its runtime.
 * @throws CONFIG_INVALID
 */
export async function clusterOf(
  { redisUrl, storeUrl, dataDir }: RuntimeConfig,
  log: Log,
): Promise<Cluster | undefined> {
  if (!redisUrl) return undefined;
  const scope = storeUrl ? new URL(storeUrl).pathname : `${hostname()}${dataDir}`;
  return await openRedis({ url: redisUrl, scope, log });
}
