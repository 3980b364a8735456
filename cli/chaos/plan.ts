import { FinanceError } from '../../errors';
import { seeded } from '../random';

/** What strikes a run; `kill` is SIGKILL by the runtime itself, all others are done to it. */
export const FAULTS = [
  'kill',
  'odoo-after-commit',
  'odoo-slow',
  'redis-flush',
  'pg-restart',
  'deploy',
  'sigterm',
  'clock',
  'enospc',
] as const;
export type Fault = (typeof FAULTS)[number];

/** One blow: what, and at which boundary after the one before of the same runtime. */
export interface Strike {
  fault: Fault;
  after: number;
  /** A number of 0 to 1 for whatever else of the blow is drawn. */
  luck: number;
}

export type StoreKind = 'sqlite' | 'postgres' | 'postgres+redis';

/** Faults that only a store of another kind can have. */
const NEEDS: Partial<Record<Fault, (store: StoreKind) => boolean>> = {
  'redis-flush': (store) => store === 'postgres+redis',
  'pg-restart': (store) => store !== 'sqlite',
  enospc: (store) => store === 'sqlite',
};

/** These end the life of the process. */
export const DEADLY: ReadonlySet<Fault> = new Set<Fault>(['kill', 'sigterm', 'clock', 'enospc']);

/**
 * A list of faults as the command line gives it; `all` is every one that the store can have.
 * @throws CONFIG_INVALID for a fault that is unknown, or that this store cannot have
 */
export function readFaults(text: string | undefined, store: StoreKind): Fault[] {
  const possible = FAULTS.filter((fault) => NEEDS[fault]?.(store) ?? true);
  if (text === 'all') return possible;
  return (text ?? 'kill').split(',').map((name) => {
    const fault = possible.find((known) => known === name.trim());
    if (fault) return fault;
    throw new FinanceError('CONFIG_INVALID', {
      message: `--faults "${name}" is not one of ${possible.join(', ')} (with --store ${store}).`,
    });
  });
}

export interface PlanOptions {
  seed: number;
  documents: number;
  kills: number;
  faults: readonly Fault[];
  workers: number;
  /** Boundaries that a document passes on its way, roughly. */
  boundaries: number;
}

/** How much of the way the blows are spread over; several workers share it unevenly. */
const SPREAD = { one: 0.7, several: 0.4 };
/** Every fault but `kill` strikes once for so many kills. */
const KILLS_A_FAULT = 5;

/** The blows of a run, a list for each worker; the same seed draws the same. */
export function planOf({ seed, documents, kills, faults, workers, boundaries }: PlanOptions): Strike[][] {
  const draw = seeded(seed);
  const others = faults.filter((fault) => fault !== 'kill');
  const blows: Fault[] = Array.from({ length: faults.includes('kill') ? kills : 0 }, () => 'kill');
  for (const fault of others)
    for (let n = Math.max(1, Math.round(kills / KILLS_A_FAULT)); n > 0; n--) blows.push(fault);
  if (others.length > 0) shuffle(blows, draw);
  const way = documents * boundaries * (workers > 1 ? SPREAD.several : SPREAD.one);
  const apart = Math.max(10, Math.floor(way / Math.max(1, blows.length)));
  const plan: Strike[][] = Array.from({ length: workers }, () => []);
  for (const [index, fault] of blows.entries())
    plan[index % workers]!.push({ fault, after: 1 + Math.floor(draw() * 2 * apart), luck: draw() });
  return plan;
}

function shuffle<Item>(items: Item[], draw: () => number): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(draw() * (last + 1));
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
}
