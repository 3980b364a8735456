import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json, Store } from '../engine';

/** One line of the bench. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** `{ least }` or `{ most }`; absent where the figure is only reported. */
  toReach?: { least: number } | { most: number };
  ok?: boolean;
  note?: string;
}

/** How much a bench does: the full amount, or just enough to see that it works. */
export interface Size {
  rounds: number;
  /** Multiplies the counts of documents. */
  scale: number;
}

export type Bench = (size: Size) => Promise<Figure[]>;

export function figure(
  name: string,
  value: number,
  unit: string,
  toReach?: Figure['toReach'],
  note?: string,
): Figure {
  const ok = toReach && ('least' in toReach ? value >= toReach.least : value <= toReach.most);
  return { name, value: rounded(value), unit, toReach, ok, note };
}

/** Three significant digits, or whole numbers. */
function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** @param part 0.99 for the 99th percentile */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;
}

/** Seconds that `work` takes. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** Does `work` for each number below `count`, so many at once. */
export async function inFlight(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const one = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, one));
}

/** Runs `work` on a folder of its own. */
export async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'ledgerway-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A program of this folder as a process of its own that talks back. */
export function child(program: string, args: string[], execArgv: string[] = []): ChildProcess {
  return fork(join(__dirname, program), args, { execArgv, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

export async function message<Content>(process: ChildProcess): Promise<Content> {
  return await new Promise((resolve, reject) => {
    process.once('message', (content) => resolve(content as Content));
    process.once('exit', (code) => reject(new Error(`a process of the bench ended with ${code}`)));
  });
}

export async function end(process: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => process.once('exit', resolve));
  process.kill('SIGKILL');
  await ended;
}

export const load = (): number => rounded(loadavg()[0]!);

export const PIPELINE = 'bench';

/** A body of two kilobytes. */
const BODY = JSON.stringify({ lines: Array.from({ length: 24 }, (_, n) => ({ n, text: 'x'.repeat(64) })) });

/** Receives a document in a lane of its own. @param skip settles it at once */
export function receive(store: Pick<Store, 'receive'>, key: string, skip?: string) {
  return store.receive({
    receiveKey: key,
    entity: 'bench',
    kind: 'invoice',
    lane: key,
    source: { system: 'bench' } satisfies Json,
    body: { mediaType: 'application/json', content: BODY },
    pipeline: PIPELINE,
    skip,
  });
}
