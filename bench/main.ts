import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { backlog } from './backlog';
import { http } from './http';
import { type Bench, type Figure, load, type Size } from './kit';
import { pipeline } from './pipeline';
import { receives } from './receives';
import { stepCost } from './step-cost';
import { stock } from './stock';
import { workers } from './workers';

const BENCHES: Record<string, Bench> = {
  receives,
  pipeline,
  http,
  workers,
  'step-cost': stepCost,
  stock,
  backlog,
};
const FULL: Size = { rounds: 3, scale: 1 };
/** Enough to see that the bench works; its figures say little. */
const QUICK: Size = { rounds: 1, scale: 0.05 };

type Row = Figure & { bench: string; disturbed: boolean };

/** `npm run bench -- [--json] [--quick] [--only NAME,…]`; exit code 0 where every undisturbed figure is reached. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, only: { type: 'string' } },
  });
  const names = values.only?.split(',') ?? Object.keys(BENCHES);
  const started = Date.now();
  const loads: Record<string, { before: number; after: number }> = {};
  const figures: Row[] = [];
  const cores = availableParallelism();
  for (const name of names) {
    const bench = BENCHES[name];
    if (!bench) throw new Error(`there is no bench ${name}: ${Object.keys(BENCHES).join(', ')}`);
    const before = load();
    for (const found of await bench(values.quick ? QUICK : FULL)) {
      // Others were at the cores already: what is missed then says little.
      const row = { bench: name, ...found, disturbed: before > cores / 2 };
      figures.push(row);
      if (!values.json) console.log(inWords(row));
    }
    loads[name] = { before, after: load() };
  }
  const seconds = Math.round((Date.now() - started) / 1000);
  const ok = figures.every((row) => row.ok !== false);
  if (values.json) console.log(JSON.stringify({ ok, figures, load: loads, cores, seconds }));
  return ok || values.quick ? 0 : 1;
}

function inWords({ name, value, unit, toReach, ok, disturbed, note }: Row): string {
  const goal = toReach ? ('least' in toReach ? `≥ ${toReach.least}` : `≤ ${toReach.most}`) : '';
  const verdict = ok === undefined ? '' : ok ? 'ok' : disturbed ? 'missed, disturbed' : 'MISSED';
  const cells = [
    name.padEnd(48),
    `${value} ${unit}`.padStart(14),
    goal.padEnd(8),
    verdict.padEnd(18),
    note ?? '',
  ];
  return cells.join('  ').trimEnd();
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
