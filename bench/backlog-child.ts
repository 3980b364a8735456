import { Host, openSqliteStore } from '../engine';
import { inFlight, receive } from './kit';

/** What the backlog cost. */
export interface Backlog {
  documents: number;
  seconds: number;
  /** Megabytes: after documents that did not wait (heaps and caches have their size), and with the backlog. */
  first: number;
  last: number;
}

/** As part of the backlog. */
const WARM = 0.5;
const AT_ONCE = 256;

/** Takes documents in, which nobody works on, until all are there or the time is over. */
async function main([file, count, limit]: string[]): Promise<void> {
  const store = await openSqliteStore({ file: file!, settings: { highWater: Number(count) * 2 } });
  const host = new Host({ default: store });
  const started = Date.now();
  const isOver = () => Date.now() - started > Number(limit) * 1000;
  let documents = 0;
  const warm = Math.round(Number(count) * WARM);
  await inFlight(warm, AT_ONCE, (index) => receive(store, `done-${index}`, 'to warm up'));
  const first = megabytes();
  await inFlight(Number(count), AT_ONCE, async (index) => {
    if (isOver()) return;
    await receive(store, `backlog-${index}`);
    documents++;
  });
  const seconds = (Date.now() - started) / 1000;
  process.send!({ documents, seconds, first, last: megabytes() } satisfies Backlog);
  await host.close();
}

function megabytes(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss() / 2 ** 20;
}

void main(process.argv.slice(2));
