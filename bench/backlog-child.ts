import { setTimeout as sleep } from 'node:timers/promises';
import { Host, openSqliteStore } from '../engine';
import { inFlight, receive } from './kit';

/** What the backlog cost. */
export interface Backlog {
  documents: number;
  seconds: number;
  /** After documents that did not wait (heaps and caches have their size), and with the backlog. */
  first: Memory;
  last: Memory;
}

/** Resident megabytes of the process. */
interface Memory {
  asItStands: number;
  /** Without garbage, and without the room that the heap keeps for it. */
  needed: number;
}

/** As part of the backlog. */
const WARM = 0.5;
const AT_ONCE = 256;
/** So many collections in a row that free nothing are the end. */
const STILL = 3;

/** Takes documents in, which nobody works on, until all are there or the time is over. */
async function main([file, count, limit]: string[]): Promise<void> {
  const store = await openSqliteStore({ file: file!, settings: { highWater: Number(count) * 2 } });
  const host = new Host({ default: store });
  const started = Date.now();
  const isOver = () => Date.now() - started > Number(limit) * 1000;
  let documents = 0;
  const warm = Math.round(Number(count) * WARM);
  await inFlight(warm, AT_ONCE, (index) => receive(store, `done-${index}`, 'to warm up'));
  const first = await memory();
  await inFlight(Number(count), AT_ONCE, async (index) => {
    if (isOver()) return;
    await receive(store, `backlog-${index}`);
    documents++;
  });
  const seconds = (Date.now() - started) / 1000;
  process.send!({ documents, seconds, first, last: await memory() } satisfies Backlog);
  await host.close();
}

/** Collects garbage until the process no longer shrinks. */
async function memory(): Promise<Memory> {
  const asItStands = megabytes();
  let needed = asItStands;
  for (let still = 0; still < STILL; still++) {
    globalThis.gc!({ type: 'major', flavor: 'last-resort', execution: 'sync' });
    await sleep(50);
    if (megabytes() < needed - 0.5) still = 0;
    needed = Math.min(needed, megabytes());
  }
  return { asItStands, needed };
}

const megabytes = (): number => process.memoryUsage.rss() / 2 ** 20;

void main(process.argv.slice(2));
