import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RuntimeProcess } from '../cli/runtime-process';
import { startSandbox } from '../cli/sandbox';
import { sandboxFolder } from '../cli/session';
import { eventsOf, receiveKeyOf, send } from './events';
import { type Bench, figure, inFlight, inFolder, percentile, seconds } from './kit';

const EVENTS = { most: 1600, half: 1200 };
/** Events that are ignored: so many to warm up, at the most, and at half of that. */
const RECEIPTS = 6000;
/** A type that the template stores and skips: an event of it costs its receive and nothing else. */
const IGNORED_TYPE = 'price.updated';
const AT_ONCE = 32;
const MOST_MS = 25;

/** Webhooks over HTTP, with signature and all; then what a SIGKILL right after the answers loses. */
export const http: Bench = async ({ scale }) => {
  return await inFolder(async (folder) => {
    const most = Math.round(EVENTS.most * scale);
    const half = Math.round(EVENTS.half * scale);
    const events = await eventsOf(join(folder, 'events'), most + half);
    const sandbox = await startSandbox(sandboxFolder(folder));
    const runtime = await RuntimeProcess.prepare(folder, sandbox);
    try {
      runtime.start();
      await runtime.ready();
      const taken: string[] = [];
      const post = async (body: string) => {
        const status = await send(`${runtime.url}/hooks/stripe`, body, sandbox.secrets.webhookSecret);
        if (status === 200) taken.push(receiveKeyOf(body));
      };
      const some = Math.round(RECEIPTS * scale);
      const ignored = Array.from({ length: 3 * some }, (_, n) => ignoredLike(events[n % events.length]!, n));
      await inFlight(some, AT_ONCE, (index) => post(ignored[index]!));
      const receipts = await underLoad(ignored.slice(some), some, post);
      const disk = fsyncs(folder);
      const working = await underLoad(events, most, post);
      await runtime.kill();
      const known = await runtime.read((store) => store.deliveries());
      const keys = new Set(known.map(({ receive_key }) => receive_key));
      const lost = taken.filter((key) => !keys.has(key)).length;
      return [
        figure('receives over HTTP at the most', receipts.rate, '/s', undefined, `${AT_ONCE} at once`),
        figure('receive p50 at half of that', receipts.p50, 'ms'),
        figure('receive p99 at half of that', receipts.p99, 'ms', { most: MOST_MS }),
        figure('fsync of this disk at that time, p99', percentile(disk, 0.99), 'ms'),
        figure('the same with a full pipeline behind, at the most', working.rate, '/s'),
        figure('the same with a full pipeline behind, p99 at half', working.p99, 'ms'),
        figure('acknowledged and lost by SIGKILL', lost, 'events', { most: 0 }, `of ${taken.length}`),
      ];
    } finally {
      if (runtime.alive) await runtime.kill();
      await sandbox.stop();
    }
  });
};

/** The same event as another one, of a type that nobody works on. */
function ignoredLike(body: string, n: number): string {
  const event = JSON.parse(body) as { id: string };
  return JSON.stringify({ ...event, id: `${event.id}_${n}`, type: IGNORED_TYPE });
}

/** What a write that must be durable waits for at least, in ms. */
function fsyncs(folder: string): number[] {
  const file = openSync(join(folder, 'fsync'), 'w');
  const page = Buffer.alloc(4096);
  const waits = Array.from({ length: 200 }, () => {
    const started = performance.now();
    writeSync(file, page);
    fsyncSync(file);
    return performance.now() - started;
  });
  closeSync(file);
  return waits;
}

/** As many as go through with the first `most` events, then half as many a second with the others. */
async function underLoad(events: readonly string[], most: number, post: (body: string) => Promise<void>) {
  const took = await seconds(() => inFlight(most, AT_ONCE, (index) => post(events[index]!)));
  const rate = most / took;
  const waits = await paced(events.slice(most), rate / 2, post);
  return { rate, p50: percentile(waits, 0.5), p99: percentile(waits, 0.99) };
}

/** Sends at a steady pace, whether or not the answers come. @returns the wait for each answer, from its due time, in ms */
async function paced(
  events: readonly string[],
  rate: number,
  post: (body: string) => Promise<void>,
): Promise<number[]> {
  const started = performance.now();
  const waits = events.map(async (body, index) => {
    const due = started + (index * 1000) / rate;
    await sleep(Math.max(0, due - performance.now()));
    await post(body);
    return performance.now() - due;
  });
  return await Promise.all(waits);
}
