import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { PostgresServer } from '../cli/chaos/postgres-server';
import { openPostgresStore } from '../engine';
import { type Bench, child, end, figure, inFlight, median, message, receive } from './kit';

const AT_ONCE = 16;
const DELAY_MS = 50;
const WARM = { full: 1_500, least: 500 };
const LOOK = { full: 5_000, least: 1_500 };
const LEAST_RATIO = 1.8;
/** More than a worker can settle in a second: three calls of a document, one after the other. */
const MOST_A_SECOND = (1.5 * AT_ONCE * 1000) / (3 * DELAY_MS);

/** Two worker processes against one on the same Postgres store, with targets that take their time. */
export const workers: Bench = async ({ rounds, scale }) => {
  const server = await PostgresServer.start();
  try {
    const pairs = [];
    for (let round = 0; round < rounds; round++) {
      const one = await settledASecond(await server.database(), 1, scale);
      pairs.push({ one, two: await settledASecond(await server.database(), 2, scale) });
    }
    const ratio = median(pairs.map(({ one, two }) => two / one));
    return [
      figure('one worker on Postgres, documents', median(pairs.map(({ one }) => one)), '/s'),
      figure('two workers on Postgres, documents', median(pairs.map(({ two }) => two)), '/s'),
      figure('two workers ÷ one', ratio, '×', { least: LEAST_RATIO }),
    ];
  } finally {
    await server.stop();
  }
};

async function settledASecond(url: string, count: number, scale: number): Promise<number> {
  const store = await openPostgresStore({ url });
  const warm = Math.max(WARM.least, WARM.full * scale);
  const look = Math.max(LOOK.least, LOOK.full * scale);
  const wanted = Math.ceil((count * MOST_A_SECOND * (warm + look)) / 1000);
  await inFlight(wanted, AT_ONCE, (index) => receive(store, `worker-${index}`));
  await store.close();
  const processes = Array.from({ length: count }, (_, index) =>
    child('workers-child.js', [url, `worker-${index}`, String(AT_ONCE), String(DELAY_MS)]),
  );
  try {
    await Promise.all(processes.map((process) => message(process)));
    await sleep(warm);
    const before = await settledBy(processes);
    const started = performance.now();
    await sleep(look);
    const settled = (await settledBy(processes)) - before;
    return settled / ((performance.now() - started) / 1000);
  } finally {
    await Promise.all(processes.map(end));
  }
}

async function settledBy(processes: ChildProcess[]): Promise<number> {
  const counts = await Promise.all(
    processes.map((process) => {
      const answer = message<number>(process);
      process.send('settled?');
      return answer;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
