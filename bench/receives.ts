import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { openSqliteStore } from '../engine';
import { type Bench, figure, inFlight, inFolder, median, receive, seconds } from './kit';
import type { RawJob } from './raw-worker';

const DOCUMENTS = 6000;
const AT_ONCE = 128;
const LEAST_RATIO = 0.6;

/** Durable receives against bare inserts of the very rows that they write, both in groups in a worker thread. */
export const receives: Bench = async ({ rounds, scale }) => {
  const count = Math.round(DOCUMENTS * scale);
  const rates: { ours: number; raw: number }[] = [];
  for (let round = 0; round < rounds; round++)
    rates.push(
      await inFolder(async (folder) => {
        const file = join(folder, 'store.db');
        const ours = count / (await receiveAll(file, count));
        return { ours, raw: count / (await insertAll(join(folder, 'raw.db'), jobsOf(file))) };
      }),
    );
  const ratio = median(rates.map(({ ours, raw }) => ours / raw));
  return [
    figure('durable receives', median(rates.map(({ ours }) => ours)), '/s'),
    figure('raw grouped inserts of the same rows', median(rates.map(({ raw }) => raw)), '/s'),
    figure('durable receives ÷ raw grouped inserts', ratio, '×', { least: LEAST_RATIO }),
  ];
};

async function receiveAll(file: string, count: number): Promise<number> {
  const store = await openSqliteStore({ file });
  const took = await seconds(() => inFlight(count, AT_ONCE, (index) => receive(store, `receive-${index}`)));
  await store.close();
  return took;
}

/** What the receives wrote, document by document. */
function jobsOf(file: string): RawJob[] {
  const database = new DatabaseSync(file, { readOnly: true });
  const rows = (sql: string) => database.prepare(sql).all() as Record<string, SQLInputValue>[];
  const tables = [
    ['documents', rows('SELECT * FROM documents ORDER BY seq')],
    ['deliveries', rows('SELECT * FROM deliveries ORDER BY document_id')],
    ['bodies', rows('SELECT * FROM bodies ORDER BY document_id')],
    ['audit', rows('SELECT * FROM audit WHERE document_id IS NOT NULL ORDER BY seq')],
  ] as const;
  database.close();
  return tables[0][1].map((_, id) => ({
    id,
    rows: tables.map(([table, all]) => [table, Object.keys(all[id]!), Object.values(all[id]!)]),
    head: [id + 1, String(id)],
  }));
}

async function insertAll(file: string, jobs: readonly RawJob[]): Promise<number> {
  // The store makes the tables and indexes.
  const store = await openSqliteStore({ file });
  await receive(store, 'first');
  await store.close();
  const database = new DatabaseSync(file);
  database.exec('DELETE FROM documents; DELETE FROM deliveries; DELETE FROM bodies; DELETE FROM audit');
  database.close();
  const worker = new Worker(join(__dirname, 'raw-worker.js'), { workerData: file });
  const waiting = new Map<number, () => void>();
  worker.on('message', (done: number[]) => {
    for (const id of done) waiting.get(id)?.();
  });
  const insert = (id: number) =>
    new Promise<void>((resolve) => {
      waiting.set(id, resolve);
      worker.postMessage(jobs[id]);
    });
  const took = await seconds(() => inFlight(jobs.length, AT_ONCE, insert));
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  worker.postMessage('close');
  await ended;
  return took;
}
