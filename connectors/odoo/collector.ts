import type { Slots } from './slots';

/** What became of one item. */
export type Outcome<T> = { value: T } | { error: Error };

interface Waiting<I, O> {
  item: I;
  key: string;
  resolve(value: O): void;
  reject(error: Error): void;
}

export interface BatchLimits {
  /** How long the first item waits for others, milliseconds. */
  windowMs: number;
  /** Most items of a batch. */
  size: number;
  /** So many are worth a call of their own where a slot is idle; fewer go with the others. */
  share: number;
}

/**
 * Gathers items into batches. When the window of the first one is over they ask for a slot, and take more in until they
 * get one. What is too much for one batch, or enough for every free slot, goes in equal shares.
 */
export class Collector<I, O> {
  readonly #slots: Slots;
  readonly #limits: BatchLimits;
  readonly #run: (items: I[]) => Promise<Outcome<O>[]>;
  #waiting: Waiting<I, O>[] = [];
  #window?: NodeJS.Timeout;

  constructor(slots: Slots, limits: BatchLimits, run: (items: I[]) => Promise<Outcome<O>[]>) {
    this.#slots = slots;
    this.#limits = limits;
    this.#run = run;
  }

  /** @param key an item never shares a batch with another of its key */
  add(item: I, key: string): Promise<O> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, key, resolve, reject });
      if (this.#window) return;
      this.#window = setTimeout(() => {
        this.#window = undefined;
        this.#leave();
      }, this.#limits.windowMs);
    });
  }

  #leave(): void {
    if (this.#waiting.length === 0) return;
    void this.#slots.run(async () => {
      const batch = this.#take();
      this.#leave();
      await this.#settle(batch);
    });
  }

  /** The share of the slot that was just given. */
  #take(): Waiting<I, O>[] {
    const count = this.#waiting.length;
    const needed = Math.ceil(count / this.#limits.size);
    const welcome = Math.min(1 + this.#slots.free, Math.floor(count / this.#limits.share));
    const share = Math.ceil(count / Math.max(1, needed, welcome));
    const batch = new Map<string, Waiting<I, O>>();
    this.#waiting = this.#waiting.filter((each) => {
      if (batch.size === share || batch.has(each.key)) return true;
      batch.set(each.key, each);
      return false;
    });
    return [...batch.values()];
  }

  async #settle(waiting: readonly Waiting<I, O>[]): Promise<void> {
    try {
      const outcomes = await this.#run(waiting.map(({ item }) => item));
      for (const [index, { resolve, reject }] of waiting.entries()) {
        const outcome = outcomes[index];
        if (outcome && 'value' in outcome) resolve(outcome.value);
        else reject(outcome?.error ?? new Error('a batch gave no outcome for an item'));
      }
    } catch (error) {
      for (const { reject } of waiting) reject(error as Error);
    }
  }
}
