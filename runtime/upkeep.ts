import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import {
  anchorKey,
  exportAnchors,
  makeAnchors,
  type RetentionPolicy,
  retain,
  retentionPolicy,
  type Store,
} from '../engine';
import { FinanceError } from '../errors';

/** Where anchors go, and the key that signs them. */
export interface AnchorPlace {
  key: ReturnType<typeof anchorKey>;
  to: string;
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/**
 * The retention policy: LEDGERWAY_RETENTION (JSON, or the path of a file), else `retention.json` of the data folder.
 * @throws CONFIG_INVALID
 */
export function retentionOf(dataDir: string): RetentionPolicy | undefined {
  const given = process.env.LEDGERWAY_RETENTION;
  if (given?.trimStart().startsWith('{')) return retentionPolicy(given);
  const file = given ? resolve(given) : join(dataDir, 'retention.json');
  if (given || existsSync(file)) return retentionPolicy(textOf(file, 'The retention policy'));
  return undefined;
}

/**
 * LEDGERWAY_ANCHOR_KEY (file with an Ed25519 key, PEM) and LEDGERWAY_ANCHORS (file or URL), where both are given.
 * @throws CONFIG_INVALID
 */
export function anchorsOf(given: { key?: string; to?: string } = {}): AnchorPlace | undefined {
  const key = given.key ?? process.env.LEDGERWAY_ANCHOR_KEY;
  const to = given.to ?? process.env.LEDGERWAY_ANCHORS;
  if (!key || !to) return undefined;
  return { key: anchorKey(textOf(key, 'The key of the anchors'), 'private'), to };
}

function textOf(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new FinanceError('CONFIG_INVALID', { message: `${what} cannot be read: ${file}.`, cause });
  }
}

function minutesOf(name: string, fallback: number): number {
  const minutes = Number(process.env[name] ?? fallback);
  if (Number.isFinite(minutes) && minutes > 0) return minutes;
  throw new FinanceError('CONFIG_INVALID', { message: `${name} is not a number of minutes.` });
}

/** What is kept up beside the work; nothing of it unless it is configured. */
export interface Upkeep {
  policy?: RetentionPolicy;
  anchors?: AnchorPlace & { everyMs: number };
}

/**
 * The upkeep that files and environment ask for; LEDGERWAY_ANCHOR_MINUTES (60) lie between anchors.
 * @throws CONFIG_INVALID
 */
export function upkeepOf(dataDir: string): Upkeep {
  const place = anchorsOf();
  const everyMs = minutesOf('LEDGERWAY_ANCHOR_MINUTES', 60) * MINUTE_MS;
  return { policy: retentionOf(dataDir), anchors: place && { ...place, everyMs } };
}

/**
 * Retention every hour, anchors in their interval. What fails is logged and tried again the next time.
 * @returns ends it, with a last anchor
 */
export function startUpkeep(store: Store, { policy, anchors }: Upkeep, log: Logger): () => Promise<void> {
  const ending = new AbortController();
  const stops: (() => Promise<void>)[] = [];
  const { signal } = ending;
  if (policy)
    stops.push(
      every(HOUR_MS, log, 'retention', async () => {
        const { documents } = await retain(store, policy, { apply: true, actor: 'retention', signal });
        if (documents > 0) log.info({ documents }, 'texts were erased by the retention policy');
      }),
    );
  if (anchors) {
    const anchor = async () => await exportAnchors(await makeAnchors(store, anchors.key), anchors.to);
    const stop = every(anchors.everyMs, log, 'anchors', anchor);
    stops.push(async () => {
      await stop();
      await anchor().catch((err: unknown) => log.error({ err }, 'anchors failed'));
    });
  }
  return async () => {
    ending.abort();
    for (const stop of stops) await stop();
  };
}

/** Runs `work` at once and then every `ms`, one run at a time. @returns ends it after the run under way */
function every(ms: number, log: Logger, name: string, work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  const run = () => {
    running ??= work()
      .catch((err: unknown) => log.error({ err }, `${name} failed`))
      .finally(() => {
        running = undefined;
      });
  };
  const timer = setInterval(run, ms);
  run();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
