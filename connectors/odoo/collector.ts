import type { Slots } from './slots';

/** What became of one item. */
export type Outcome<T> = { value: T } | { error: Error };

interface Waiting<I, O> {
  item: I;
  resolve(value: O): void;
  reject(error: Error): void;
}

interface Batch<I, O> {
  waiting: Waiting<I, O>[];
  keys: Set<string>;
  isFull: boolean;
}

/**
 * Gathers items into batches. A batch asks for a slot when its window is over or it is full, and takes more until it
 * gets one.
 */
export class Collector<I, O> {
  readonly #slots: Slots;
  readonly #limits: { windowMs: number; size: number };
  readonly #run: (items: I[]) => Promise<Outcome<O>[]>;
  readonly #open = new Set<Batch<I, O>>();

  constructor(
    slots: Slots,
    limits: { windowMs: number; size: number },
    run: (items: I[]) => Promise<Outcome<O>[]>,
  ) {
    this.#slots = slots;
    this.#limits = limits;
    this.#run = run;
  }

  /** @param key an item never shares a batch with another of its key */
  add(item: I, key: string): Promise<O> {
    return new Promise((resolve, reject) => {
      const batch = this.#batchFor(key);
      batch.keys.add(key);
      batch.waiting.push({ item, resolve, reject });
      if (batch.waiting.length < this.#limits.size) return;
      batch.isFull = true;
      this.#leave(batch);
    });
  }

  #batchFor(key: string): Batch<I, O> {
    for (const batch of this.#open) if (!batch.isFull && !batch.keys.has(key)) return batch;
    const batch: Batch<I, O> = { waiting: [], keys: new Set(), isFull: false };
    this.#open.add(batch);
    setTimeout(() => this.#leave(batch), this.#limits.windowMs);
    return batch;
  }

  /** Called when the window is over and when the batch is full; the first slot takes it. */
  #leave(batch: Batch<I, O>): void {
    void this.#slots.run(async () => {
      if (!this.#open.delete(batch)) return;
      await this.#settle(batch.waiting);
    });
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
