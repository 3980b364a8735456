import { setTimeout as sleep } from 'node:timers/promises';
import { RuntimeProcess } from '../cli/runtime-process';
import { startSandbox } from '../cli/sandbox';
import { sandboxFolder } from '../cli/session';
import { eventsOf, receiveKeyOf, send } from './events';
import { type Bench, figure, inFlight, inFolder, percentile, seconds } from './kit';

const EVENTS = { most: 1600, half: 1200 };
const AT_ONCE = 32;
const MOST_MS = 25;

/**
 * Webhooks over HTTP, with signature and all, while the pipeline works on them: the most that go through, the wait at
 * half of it, and what a SIGKILL right after the answers loses.
 */
export const http: Bench = async ({ scale }) => {
  const counts = { most: Math.round(EVENTS.most * scale), half: Math.round(EVENTS.half * scale) };
  return await inFolder(async (folder) => {
    const sandbox = await startSandbox(sandboxFolder(folder));
    const runtime = await RuntimeProcess.prepare(folder, sandbox);
    try {
      runtime.start();
      const events = await eventsOf(sandbox, counts.most + counts.half);
      await runtime.ready();
      const url = `${runtime.url}/hooks/stripe`;
      const taken: string[] = [];
      const post = async (body: string) => {
        if ((await send(url, body, sandbox.secrets.webhookSecret)) === 200) taken.push(receiveKeyOf(body));
      };
      const first = events.splice(0, counts.most);
      const took = await seconds(() => inFlight(first.length, AT_ONCE, (index) => post(first[index]!)));
      const rate = first.length / took;
      const waits = await paced(events, rate / 2, post);
      await runtime.kill();
      const known = new Set(
        (await runtime.read((store) => store.deliveries())).map(({ receive_key }) => receive_key),
      );
      const lost = taken.filter((key) => !known.has(key)).length;
      const note = `${Math.round(rate / 2)} a second, ${waits.length} events`;
      return [
        figure('receives over HTTP at the most', rate, '/s', undefined, `${AT_ONCE} at once`),
        figure('receive p50 at half of that', percentile(waits, 0.5), 'ms', undefined, note),
        figure('receive p99 at half of that', percentile(waits, 0.99), 'ms', { most: MOST_MS }, note),
        figure('acknowledged and lost by SIGKILL', lost, 'events', { most: 0 }, `of ${taken.length}`),
      ];
    } finally {
      if (runtime.alive) await runtime.kill();
      await sandbox.stop();
    }
  });
};

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
