import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { boundariesPassed, type Json, openSqliteStore, type Store } from '../engine';
import { startWorker, Target } from './documents';
import { type Bench, figure, inFlight, inFolder, median, PIPELINE, receive, seconds } from './kit';

const DOCUMENTS = 2000;
const AT_ONCE = 64;
const STEPS = 3;
const LEAST_RATIO = 0.5;
const MOST_DELAY_MS = 10;

/** Documents from receive to settle, against the same without a store and against the store alone. */
export const pipeline: Bench = async ({ rounds, scale }) => {
  const count = Math.round(DOCUMENTS * scale);
  const runs: (FullRun & { alone: number; bare: number })[] = [];
  for (let round = 0; round < rounds; round++) {
    const full = await fullRun(count);
    const alone = await storeAlone(count);
    runs.push({ ...full, alone, bare: await withoutStore(count) });
  }
  const of = (value: (run: (typeof runs)[number]) => number) => median(runs.map(value));
  const reached = of(({ rate, transitions, alone }) => rate / (alone / transitions));
  return [
    figure(
      'full pipeline, documents',
      of(({ rate }) => rate),
      '/s',
    ),
    figure(
      'transitions a document',
      of(({ transitions }) => transitions),
      '',
    ),
    figure(
      'store alone, transitions',
      of(({ alone }) => alone),
      '/s',
    ),
    figure('full pipeline ÷ what the store alone allows', reached, '×', { least: LEAST_RATIO }),
    figure(
      'full pipeline ÷ the same without the store',
      of(({ rate, bare }) => rate / bare),
      '×',
    ),
    figure(
      'main-loop delay p99 under that load',
      of(({ delay }) => delay),
      'ms',
      { most: MOST_DELAY_MS },
    ),
  ];
};

interface FullRun {
  /** Documents a second. */
  rate: number;
  /** A document. */
  transitions: number;
  /** Milliseconds. */
  delay: number;
}

async function fullRun(count: number): Promise<FullRun> {
  return await withStore(async (store) => {
    const before = boundariesPassed();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const took = await seconds(async () => {
      let settled = 0;
      let done = () => {};
      const all = new Promise<void>((resolve) => {
        done = resolve;
      });
      const worker = startWorker(store, 'bench', AT_ONCE, new Target(), () => {
        if (++settled === count) done();
      });
      await inFlight(count, AT_ONCE, (index) => receive(store, `full-${index}`));
      await all;
      await worker.stop();
    });
    delay.disable();
    // Each transition passes two boundaries, and so does each effect.
    const transitions = (boundariesPassed() - before) / 2 / count - STEPS;
    return { rate: count / took, transitions, delay: delay.percentile(99) / 1e6 };
  });
}

/** The same transitions, with nothing between them. @returns transitions a second */
async function storeAlone(count: number): Promise<number> {
  return await withStore(async (store) => {
    const before = boundariesPassed();
    const took = await seconds(async () => {
      await inFlight(count, AT_ONCE, (index) => receive(store, `alone-${index}`));
      for (let left = count; left > 0; ) {
        const leased = await store.lease({ pipeline: PIPELINE, worker: 'bench', limit: AT_ONCE });
        await Promise.all(
          leased.map(({ context }) => transitionsOf(store, context.documentId, context.fence)),
        );
        left -= leased.length;
      }
    });
    return (boundariesPassed() - before) / 2 / took;
  });
}

async function transitionsOf(store: Store, documentId: string, fence: number): Promise<void> {
  let hop = 0;
  for (let n = 0; n < STEPS; n++) {
    const kind = `bench.${n}`;
    const asked = {
      documentId,
      fence,
      hop,
      kind,
      target: 'bench',
      externalKey: documentId,
      request: {},
      name: kind,
    };
    const known = await store.intend(asked);
    if (known.status !== 'new') throw new Error(`a new step was ${known.status}`);
    hop = known.hop;
    await store.complete({ documentId, fence, stepId: known.stepId, result: {} satisfies Json });
  }
  await store.settle({ documentId, fence, hop, outcome: 'completed' });
}

async function withoutStore(count: number): Promise<number> {
  const target = new Target();
  const took = await seconds(() =>
    inFlight(count, AT_ONCE, async (index) => {
      for (let n = 0; n < STEPS; n++) await target.post(`${n}/${index}`, { n });
    }),
  );
  return count / took;
}

async function withStore<Result>(work: (store: Store) => Promise<Result>): Promise<Result> {
  return await inFolder(async (folder) => {
    const store = await openSqliteStore({ file: join(folder, 'store.db') });
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  });
}
