import { Host, type LeasedDocument, openRedis, openStore, Pipeline } from '../../../engine';
import { PIPELINE } from '../../support/store';
import { SETTINGS, work } from '../conformance/victim';

/** A runtime of several on one store, as a process of its own. */
export interface Orders {
  where: { file?: string; url?: string };
  redis?: string;
  /** The outside world: one line an effect, and nothing refuses a second one. */
  effects?: string;
  /** A schedule with this period, which takes `tookMs`. */
  schedule?: { everyMs: number; tookMs: number };
  /** Asks for leave to call a target as often as it can, for so long. */
  take?: { perSecond: number; burst: number; milliseconds: number };
}

export type Said =
  | { said: 'ready' }
  | { said: 'settled'; documentId: string }
  | { said: 'fired'; at: number }
  | { said: 'passed'; calls: number }
  | { said: 'warned'; text: string };

const IN_FLIGHT = 6;
const say = (words: Said): void => void process.send?.(words);

async function main(orders: Orders): Promise<void> {
  const warn = (_: object, text: string) => say({ said: 'warned', text });
  const log = { info() {}, warn, error: (facts: object) => console.error(facts) };
  const store = await openStore({ ...orders.where, settings: SETTINGS, poolSize: 4 });
  const cluster = orders.redis ? await openRedis({ url: orders.redis, scope: 'test', log }) : undefined;
  const host = new Host({ default: store }, { log, cluster });
  host.declarePipeline('node', 'default', PIPELINE, (error) => error && console.error(error));
  await host.flowsStarted();
  if (orders.effects) run(host, orders.effects);
  if (orders.schedule) schedule(host, orders.schedule);
  say({ said: 'ready' });
  if (orders.take) await take(host, orders.take);
  process.on('disconnect', () => process.exit());
}

function run(host: Host, effects: string): void {
  const store = host.store();
  const settle = async (document: LeasedDocument): Promise<void> => {
    await work(store, document, effects);
    say({ said: 'settled', documentId: document.context.documentId });
  };
  new Pipeline({
    store,
    leases: host.leases(),
    name: PIPELINE.name,
    concurrency: IN_FLIGHT,
    deliver: (document) => void settle(document).catch((error: unknown) => console.error(error)),
    report: (error) => console.error(error),
  }).start();
}

function schedule(host: Host, { everyMs, tookMs }: NonNullable<Orders['schedule']>): void {
  host.every('default', {
    name: 'backfill/test',
    everyMs,
    work: async () => {
      say({ said: 'fired', at: Date.now() });
      await new Promise((resolve) => setTimeout(resolve, tookMs));
    },
  });
}

async function take(host: Host, { milliseconds, ...rate }: NonNullable<Orders['take']>): Promise<void> {
  const limiter = host.rateLimiter(() => rate);
  // the connection is made in the background
  await new Promise((resolve) => setTimeout(resolve, 500));
  let calls = 0;
  for (const until = Date.now() + milliseconds; Date.now() < until; ) {
    const waitMs = await limiter.take('odoo');
    if (waitMs === 0) calls++;
    else await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  say({ said: 'passed', calls });
}

if (require.main === module) void main(JSON.parse(process.argv[2]!) as Orders);
