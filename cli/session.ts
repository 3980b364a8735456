import { join } from 'node:path';
import type { Store } from '../engine';
import { configOf, installTemplate, type Runtime, type RuntimeConfig, startRuntime } from '../runtime';
import { dayProgress, sendDay } from './billing-day';
import { credentialsOf, environmentOf, type Sandbox, startSandbox } from './sandbox';

/** The bundled day: what `npm start` and `npm run demo` send. */
export const BUNDLED_DAY = { runId: 'bundled-day', seed: 'ledgerway' };

/** A runtime beside its sandbox, with the template *billing invoice*. */
export interface Session {
  sandbox: Sandbox;
  runtime: Runtime;
  config: RuntimeConfig;
  stop(): Promise<void>;
}

/** Where the sandbox of a data folder keeps its own data. */
export function sandboxFolder(dataDir: string): string {
  return join(dataDir, 'sandbox');
}

/** Starts sandbox and runtime on a data folder; both go on where they stopped. */
export async function openSession(given: {
  data?: string;
  port?: string;
  host?: string;
  logLevel?: string;
}): Promise<Session> {
  const config = configOf(given);
  const sandbox = await startSandbox(sandboxFolder(config.dataDir));
  try {
    Object.assign(process.env, environmentOf(sandbox));
    installTemplate(config.dataDir, 'billing-invoice', credentialsOf(sandbox));
    const runtime = await startRuntime(config);
    const stop = async () => {
      await runtime.stop();
      await sandbox.stop();
    };
    return { sandbox, runtime, config, stop };
  } catch (error) {
    await sandbox.stop();
    throw error;
  }
}

/**
 * Sends the day and waits until every event is answered and nothing is open any more.
 * @returns whether that was so within `limitMs`
 */
export async function runDay(
  session: Session,
  day: { runId: string; seed: string; documents?: number },
  limitMs: number,
): Promise<boolean> {
  const { sandbox, runtime } = session;
  await sendDay(sandbox, runtime.url, day);
  return await quiet(sandbox, runtime.store, day.runId, Date.now() + limitMs);
}

/** Waits until the sender is done and the store has nothing open, twice in a row. */
export async function quiet(
  sandbox: Sandbox,
  store: Pick<Store, 'figures'>,
  runId: string,
  until: number,
): Promise<boolean> {
  for (let calm = 0; calm < 2; ) {
    if (Date.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, 150));
    const { done } = await dayProgress(sandbox, runId);
    const open = done
      ? Object.values(await store.figures()).reduce((sum, figures) => sum + figures.open, 0)
      : 1;
    calm = open === 0 ? calm + 1 : 0;
  }
  return true;
}
