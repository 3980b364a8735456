import type { Store } from '../../engine';

/** How old a figure may be while things change. */
const FRESH_MS = 2_000;
const MOST = 200;

/** And how old at all: some tell of the time. */
const LONGEST_MS = 60_000;

/**
 * Keeps answers that are dear to compute: as long as nothing was written since, and else for a moment. Those who ask
 * the same meanwhile wait for one computation.
 */
export class Recent<Value> {
  private readonly ofReader = new WeakMap<object, Map<string, Known<Value>>>();

  constructor(private readonly now: () => number = Date.now) {}

  async get(reader: Pick<Store, 'changesSince'>, key: string, compute: () => Promise<Value>): Promise<Value> {
    const all = this.answersOf(reader);
    if (this.age(all.get(key)) < FRESH_MS) return await all.get(key)!.value;
    const heads = JSON.stringify((await reader.changesSince({})).heads);
    const known = all.get(key);
    if (known?.heads === heads && this.age(known) < LONGEST_MS) return await known.value;
    all.delete(key);
    if (all.size >= MOST) all.delete(all.keys().next().value!);
    const value = compute();
    all.set(key, { at: this.now(), heads, value });
    // A failure is not kept.
    value.catch(() => all.delete(key));
    return await value;
  }

  private answersOf(reader: object): Map<string, Known<Value>> {
    const all = this.ofReader.get(reader) ?? new Map<string, Known<Value>>();
    this.ofReader.set(reader, all);
    return all;
  }

  private age(known: Known<Value> | undefined): number {
    return known ? this.now() - known.at : Number.POSITIVE_INFINITY;
  }
}

interface Known<Value> {
  /** Milliseconds since the epoch. */
  at: number;
  /** Where the audit chains stood. */
  heads: string;
  value: Promise<Value>;
}
