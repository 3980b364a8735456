import { setTimeout as sleep } from 'node:timers/promises';
import type { FinanceError } from '../../errors';
import { toFinanceError } from '../../errors';
import type { OdooClient } from './client';
import { type BatchLimits, Collector, type Outcome } from './collector';
import { type LoadRequest, load, mergeLoads } from './load';
import type { RecordState } from './moves/differences';
import type { PostedModel } from './posting/kinds';
import { READERS } from './posting/states';
import { postAll, type Writer } from './posting/writer';
import { Slots } from './slots';

export interface BatcherOptions {
  /** How long a batch waits for more, milliseconds. Default 20. */
  windowMs?: number;
  /** Most records of a batch. Default 50. */
  size?: number;
  /** Batches at once; the server's workers. Default: the connection's. */
  concurrency?: number;
}

/** A call that writes is fastest with 25 to 50 records. */
const WRITE_SHARE = 25;
/** Reads wait for each other only as long as it takes those of one batch to ask, and all go together. */
const READS = { windowMs: 2, share: Number.POSITIVE_INFINITY };
const REPEATS = 6;

/**
 * Makes, posts and reads records together with those of others that come at about the same time: one `load`, one
 * `action_post` for all of a company, model and set of columns. A batch leaves when its window is over and one of the
 * server's workers is free, and fills up while it waits; free workers share what is enough for each of them. Each caller gets the result or the error of its own record.
 */
export class Batcher implements Writer {
  readonly #client: OdooClient;
  readonly #limits: BatchLimits;
  readonly #slots: Slots;
  readonly #reads = new Slots(Number.POSITIVE_INFINITY);
  readonly #collectors = new Map<string, Collector<never, unknown>>();

  constructor(client: OdooClient, options: BatcherOptions = {}) {
    this.#client = client;
    this.#limits = { windowMs: options.windowMs ?? 20, size: options.size ?? 50, share: WRITE_SHARE };
    this.#slots = new Slots(options.concurrency ?? client.concurrency);
  }

  /**
   * Creates the request's record, or finds the one that its key stands for.
   * @throws FinanceError its own; `in_doubt` where the answer for the whole batch was lost
   */
  load(request: LoadRequest): Promise<number> {
    const { model, company, fields, data } = request;
    const name = JSON.stringify(['load', model, company, fields]);
    const run = (requests: LoadRequest[]) => isolate(requests, (some) => this.#load(some));
    // one batch never holds a key twice
    return this.#collector(name, this.#slots, run).add(request, data[0]?.[0] ?? '');
  }

  /** Posts a draft; done where it is posted already. @throws FinanceError as {@link Batcher.load} */
  post(model: PostedModel, id: number, company: number): Promise<void> {
    const name = JSON.stringify(['post', model, company]);
    const run = (ids: number[]) =>
      isolate(ids, async (some) => {
        await repeated(() => postAll(this.#client, model, some, company));
        return some.map(() => undefined);
      });
    return this.#collector(name, this.#slots, run).add(id, String(id));
  }

  /** @returns `undefined` when the record is gone */
  read(model: PostedModel, id: number, company: number): Promise<RecordState | undefined> {
    const name = JSON.stringify(['read', model, company]);
    const run = (ids: number[]) =>
      isolate(ids, async (some) => {
        const found = await READERS[model](this.#client, some, company);
        return some.map((each) => found.get(each));
      });
    return this.#collector(name, this.#reads, run, READS).add(id, String(id));
  }

  async #load(requests: readonly LoadRequest[]): Promise<number[]> {
    const [first, ...others] = requests;
    return first ? repeated(() => load(this.#client, mergeLoads([first, ...others]))) : [];
  }

  #collector<I, O>(
    name: string,
    slots: Slots,
    run: (items: I[]) => Promise<Outcome<O>[]>,
    limits: Partial<BatchLimits> = {},
  ): Collector<I, O> {
    let collector = this.#collectors.get(name) as Collector<I, O> | undefined;
    if (!collector) {
      collector = new Collector<I, O>(slots, { ...this.#limits, ...limits }, run);
      this.#collectors.set(name, collector as unknown as Collector<never, unknown>);
    }
    return collector;
  }
}

/** A concurrent update clears by itself: the loser of a race gets what the winner made. */
async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await work();
    } catch (error) {
      if (attempt === REPEATS || toFinanceError(error).code !== 'ODOO_SERIALIZATION') throw error;
      await sleep(attempt * (20 + Math.random() * 60));
    }
}

/** Errors that say nothing about one record: all of the batch have them. */
const isOfAll = ({ kind, code }: FinanceError): boolean =>
  ['transient', 'throttled', 'unavailable', 'in_doubt'].includes(kind) ||
  ['ODOO_UNAUTHORIZED', 'ODOO_DATABASE', 'ODOO_BAD_ANSWER', 'CONFIG_SECRET_MISSING'].includes(code);

/**
 * Runs records together, all or none, and takes out what fails: the records that the error names are tried by
 * themselves, since Odoo may name the wrong one; where it names none, halves are.
 */
async function isolate<I, O>(
  items: readonly I[],
  run: (items: readonly I[]) => Promise<readonly O[]>,
): Promise<Outcome<O>[]> {
  try {
    return (await run(items)).map((value) => ({ value }));
  } catch (thrown) {
    const error = toFinanceError(thrown);
    if (items.length === 1 || isOfAll(error)) return items.map(() => ({ error }));
    const named = namedIn(error);
    const suspects = items.map((_, index) => named.has(index));
    const isTelling = suspects.includes(true) && suspects.includes(false);
    const isFirst = isTelling ? suspects : items.map((_, index) => index < items.length / 2);
    const outcomes: Outcome<O>[] = new Array(items.length);
    for (const side of [false, true]) {
      const places = items.flatMap((_, index) => (isFirst[index] === side ? [index] : []));
      const some = await isolate(
        places.map((index) => items[index] as I),
        run,
      );
      for (const [at, index] of places.entries()) outcomes[index] = some[at] as Outcome<O>;
    }
    return outcomes;
  }
}

/** Places of the records that `load`'s messages name. */
function namedIn({ details }: FinanceError): Set<number> {
  const messages = Array.isArray(details?.messages) ? (details.messages as { record?: number }[]) : [];
  return new Set(messages.flatMap(({ record }) => (record === undefined ? [] : [record])));
}
