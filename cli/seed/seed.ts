import { existsSync, mkdirSync } from 'node:fs';
import { History } from '../../engine';
import { FinanceError } from '../../errors';
import { configOf, layoutOf } from '../../runtime';
import { COMMON, readOptions, wholeNumber } from '../arguments';
import { seeded } from '../random';
import { type Draw, PIPELINES, seedDocument } from './documents';
import { type Fate, Life } from './life';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * `ledgerway seed`: fills an empty store with half a year of documents and open exceptions, through the store's own
 * transitions, so that its audit chain verifies. For trying the console and for measuring; the same `--seed` draws the
 * same documents. `--hostile` puts markup into every free text.
 */
export async function seed(args: string[]): Promise<number> {
  const { values } = readOptions(args, {
    ...COMMON,
    documents: { type: 'string' },
    exceptions: { type: 'string' },
    seed: { type: 'string' },
    hostile: { type: 'boolean' },
  });
  const documents = wholeNumber('documents', values.documents, 1_000, 1);
  const exceptions = wholeNumber('exceptions', values.exceptions, Math.floor(documents / 20));
  if (exceptions > documents)
    throw new FinanceError('CONFIG_INVALID', { message: 'There are more exceptions than documents.' });
  const { dataDir } = configOf(values);
  const file = layoutOf(dataDir).store;
  if (existsSync(file))
    throw new FinanceError('STORE_NOT_EMPTY', { message: `There is a store in ${dataDir} already.` });
  mkdirSync(dataDir, { recursive: true });
  const started = performance.now();
  const random = wholeNumber('seed', values.seed, 1);
  fill(file, { documents, exceptions, random, hostile: values.hostile === true });
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const facts = { documents, exceptions, seed: random, seconds };
  console.log(
    values.json
      ? JSON.stringify(facts)
      : `${documents} documents, ${exceptions} exceptions in ${seconds} s: ${file}`,
  );
  return 0;
}

interface Plan {
  documents: number;
  exceptions: number;
  random: number;
  hostile: boolean;
}

/** Fills a store file that is not there yet. */
export function fill(file: string, { documents, exceptions, random, hostile }: Plan): void {
  const history = new History(file);
  try {
    const now = Date.now();
    const draw = seeded(random);
    const life = new Life(history, draw);
    history.run(momentOf(0, now), 'syncPipelines', PIPELINES);
    const fates = fatesOf(draw, documents, exceptions);
    for (const [index, fate] of fates.entries()) {
      const at = Math.round(momentOf((index + 1) / documents, now));
      life.live(seedDocument(draw, index, at, hostile), fate);
    }
  } finally {
    history.close();
  }
}

/** When the part `share` (0 to 1) of the documents had come: most over half a year, the last of them today. */
function momentOf(share: number, now: number): number {
  if (share < 0.9) return now - 18 * DAY_MS - (1 - share / 0.9) * 162 * DAY_MS;
  if (share < 0.98) return now - DAY_MS - (1 - (share - 0.9) / 0.08) * 17 * DAY_MS;
  if (share < 0.99) return now - HOUR_MS - (1 - (share - 0.98) / 0.01) * 23 * HOUR_MS;
  return now - 5_000 - (1 - (share - 0.99) / 0.01) * (HOUR_MS - 10_000);
}

/** Of the open exceptions two thirds are among the last tenth of the documents; what is still open came last. */
function fatesOf(draw: Draw, documents: number, exceptions: number): Fate[] {
  const fates = Array.from({ length: documents }, () => usualFate(draw()));
  const recent = Math.floor(documents * 0.9);
  const open = Math.min(200, Math.floor((documents - exceptions) / 500));
  fates.fill('open', documents - open);
  for (let left = exceptions; left > 0; ) {
    const from = draw() < 0.66 ? recent : 0;
    let index = from + Math.floor(draw() * (documents - open - from));
    while (fates[index] === 'exception') index = (index + 1) % (documents - open);
    fates[index] = 'exception';
    left--;
  }
  return fates;
}

function usualFate(chance: number): Fate {
  if (chance < 0.94) return 'posted';
  if (chance < 0.96) return 'duplicate';
  return chance < 0.98 ? 'resolved' : 'skipped';
}
