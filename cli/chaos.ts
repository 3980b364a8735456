import { randomInt } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FinanceError } from '../errors';
import { COMMON, readOptions, wholeNumber } from './arguments';
import { readFaults, type StoreKind } from './chaos/plan';
import { type ChaosResult, runChaos } from './chaos/run';
import { forget, openWorld } from './chaos/world';

const STORES: readonly StoreKind[] = ['sqlite', 'postgres', 'postgres+redis'];
const NAIVE_WORKER = join(__dirname, 'chaos', 'naive-worker.js');
/** Boundaries that a document passes, roughly: with the template's nodes, and with the naive worker. */
const BOUNDARIES = { template: 24, naive: 6 };

/**
 * `ledgerway chaos`: a day of events while faults strike at boundaries of transitions and effects that the seed
 * draws; the counterparties outlive it. Then nothing may be lost, doubled or out of order, and all ledgers must tie.
 */
export async function chaos(args: string[]): Promise<number> {
  const { values } = readOptions(args, {
    ...COMMON,
    store: { type: 'string' },
    'store-url': { type: 'string' },
    kills: { type: 'string' },
    documents: { type: 'string' },
    seed: { type: 'string' },
    workers: { type: 'string' },
    faults: { type: 'string' },
    naive: { type: 'boolean' },
  });
  const store = storeOf(values.store ?? 'sqlite');
  const workers = wholeNumber('workers', values.workers, 1, 1);
  if (store === 'sqlite' && workers > 1)
    throw invalid('One process owns a SQLite store: --workers needs postgres.');
  const options = {
    store,
    workers,
    faults: readFaults(values.faults, store),
    kills: wholeNumber('kills', values.kills, 20),
    documents: wholeNumber('documents', values.documents, 500, 1),
    seed: wholeNumber('seed', values.seed, randomInt(1_000_000)),
    naive: values.naive ? NAIVE_WORKER : undefined,
    boundaries: values.naive ? BOUNDARIES.naive : BOUNDARIES.template,
  };
  const data = values.data ?? mkdtempSync(join(tmpdir(), 'ledgerway-chaos-'));
  const world = await openWorld(data, store, values['store-url']);
  try {
    const result = await runChaos({ ...options, data, world });
    if (!result.naive) for (const difference of result.differences) console.error(difference);
    console.log(values.json ? JSON.stringify(result) : inWords(result));
    return passed(result, options.kills) ? 0 : 1;
  } finally {
    await world.stop();
    if (values.data === undefined) forget(data);
  }
}

/** A naive run has passed where its doubles were found. */
function passed(result: ChaosResult, kills: number): boolean {
  if (result.naive) return result.duplicates > 0;
  const { lost, duplicates, laneInversions, ties, auditOk } = result;
  return ties && auditOk && lost + duplicates + laneInversions === 0 && result.kills === kills;
}

function inWords({
  lost,
  duplicates,
  laneInversions,
  inDoubtParked,
  kills,
  seed,
  seconds,
}: ChaosResult): string {
  return `lost ${lost}, duplicates ${duplicates}, out of order ${laneInversions}, in doubt ${inDoubtParked}, kills ${kills}, seed ${seed}, ${seconds} s`;
}

function storeOf(text: string): StoreKind {
  const store = STORES.find((known) => known === text);
  if (store) return store;
  throw invalid(`--store "${text}" is not one of ${STORES.join(', ')}.`);
}

function invalid(message: string): FinanceError {
  return new FinanceError('CONFIG_INVALID', { message });
}
