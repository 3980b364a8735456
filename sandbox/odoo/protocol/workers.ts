import type { Call } from '../core/call';
import type { Value } from '../core/value';

export type CostModel = 'none' | 'odoo17';

/** Milliseconds of one call and of each record in it: a line through what an Odoo 17 took for 1 to 100 records. */
const COSTS: Record<string, { call: number; record: number }> = {
  authenticate: { call: 743, record: 0 },
  create: { call: 123, record: 33 },
  load: { call: 135, record: 40 },
  'load again': { call: 22, record: 4 },
  action_post: { call: 76, record: 28 },
  other: { call: 35, record: 0 },
};

export function costOf(model: CostModel, method: string, records: number, isKnown: boolean): number {
  if (model === 'none') return 0;
  const kind = method === 'load' && isKnown ? 'load again' : method;
  const { call, record } = COSTS[kind] ?? COSTS.other!;
  return call + record * records;
}

/** How many records a call holds, for its cost. */
export function recordsOf(call: Call): number {
  const { method, args, kwargs } = call;
  const keys = externalIdsOfLoad(call).length;
  if (keys > 0) return keys;
  const first = method === 'load' ? (kwargs.data ?? args[1]) : (kwargs.ids ?? kwargs.vals_list ?? args[0]);
  return Array.isArray(first) ? Math.max(1, first.length) : 1;
}

/** External ids that a `load` call brings in its column `id`. */
export function externalIdsOfLoad({ method, args, kwargs }: Call): string[] {
  if (method !== 'load') return [];
  const [fields, data] = [kwargs.fields ?? args[0], kwargs.data ?? args[1]];
  const at = Array.isArray(fields) ? fields.indexOf('id') : -1;
  if (at < 0 || !Array.isArray(data)) return [];
  return data
    .map((row): Value => (Array.isArray(row) ? (row[at] ?? '') : ''))
    .filter((id): id is string => typeof id === 'string' && id !== '');
}

/** The server's workers: a call takes one for as long as it runs; others wait in order. */
export class Workers {
  private free: number;
  private readonly waiting: Array<() => void> = [];
  private readonly creating = new Map<string, Promise<void>>();

  constructor(count: number) {
    this.free = count;
  }

  async hold<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free += 1;
    }
  }

  /**
   * Runs `work` as the one that creates these external ids. Where another call is creating one of them, that call
   * is waited for and `work` does not run: the loser of the race gets what `lose` makes of that external id.
   */
  async alone<T>(keys: string[], work: () => Promise<T>, lose: (key: string) => T): Promise<T> {
    const contested = keys.find((key) => this.creating.has(key));
    if (contested !== undefined) {
      await this.creating.get(contested);
      return lose(contested);
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const key of keys) this.creating.set(key, promise);
    try {
      return await work();
    } finally {
      for (const key of keys) this.creating.delete(key);
      resolve();
    }
  }
}
