import { FinanceError } from '../errors';
import { boundary } from './boundary';
import type { StoreSettings } from './model';
import { scrub } from './scrub';
import type { Store } from './store';
import { READS, TRANSITIONS, type TransitionName, type Transitions } from './transitions';

/** Transitions that read only, or only move what no one else sees: no boundary for kills. */
const QUIET: ReadonlySet<TransitionName> = new Set<TransitionName>([
  ...READS,
  'renew',
  'sweep',
  'takeTurn',
  'endTurn',
  'swapCursor',
]);

/** Transitions that record what targets and nodes said: a secret in it is scrubbed first. */
const SCRUBBED: ReadonlySet<TransitionName> = new Set<TransitionName>([
  'intend',
  'complete',
  'pend',
  'failStep',
  'failRun',
  'hold',
  'dispose',
]);

/** What a store is made over: runs a transition in one transaction, durable when the promise resolves. */
export interface Driver {
  run(name: TransitionName, input: unknown): Promise<unknown>;
  close(): Promise<void>;
}

/** Who hears of commits. */
export class Listeners {
  private readonly onWake = new Set<(pipeline: string) => void>();
  private readonly onEnd = new Set<(documentId: string) => void>();
  private readonly onLost = new Set<(error: FinanceError) => void>();

  /** Tells of pipelines that got work, and of documents whose lease ended. */
  tell(wake: Iterable<string>, ended: Iterable<string>): void {
    for (const documentId of ended) for (const listener of this.onEnd) listener(documentId);
    for (const pipeline of wake) for (const listener of this.onWake) listener(pipeline);
  }

  wake(listener: (pipeline: string) => void): () => void {
    this.onWake.add(listener);
    return () => this.onWake.delete(listener);
  }

  end(listener: (documentId: string) => void): () => void {
    this.onEnd.add(listener);
    return () => this.onEnd.delete(listener);
  }

  lost(listener: (error: FinanceError) => void): () => void {
    this.onLost.add(listener);
    return () => this.onLost.delete(listener);
  }

  /** Tells that the store will never answer again. */
  tellLost(error: FinanceError): void {
    for (const listener of this.onLost) listener(error);
  }
}

/** A count of the open documents is old after this time, in milliseconds. */
const COUNT_MS = 2_000;
/** From this part of the high-water mark on every sweep counts. */
const NEAR = 0.8;

/** The store over a driver: a method a transition, the boundaries where a crash hurts, the high-water mark. */
export function assembleStore(
  name: string,
  settings: StoreSettings,
  driver: Driver,
  listeners: Listeners,
): Store {
  const transition = async (key: TransitionName, input: unknown): Promise<unknown> => {
    const sent = SCRUBBED.has(key) ? scrub(input) : input;
    if (QUIET.has(key)) return await driver.run(key, sent);
    boundary(`${key} before`);
    const result = await driver.run(key, sent);
    boundary(`${key} after`);
    return result;
  };
  const methods = Object.fromEntries(
    (Object.keys(TRANSITIONS) as TransitionName[]).map((key) => [
      key,
      (input: unknown) => transition(key, input),
    ]),
  ) as unknown as Transitions;
  let open = 0;
  let counted = Number.NEGATIVE_INFINITY;
  return {
    ...methods,
    name,
    settings,
    get open() {
      return open;
    },
    async receive(input) {
      if (open >= settings.highWater) throw new FinanceError('STORE_FULL', { retryAfterMs: 5_000 });
      open++;
      return await methods.receive(input);
    },
    async sweep({ count = true } = {}) {
      await methods.sweep();
      if (count || performance.now() > counted + COUNT_MS || open > NEAR * settings.highWater) {
        open = await methods.countOpen();
        counted = performance.now();
      }
      return { open };
    },
    onWake: (listener) => listeners.wake(listener),
    onEnd: (listener) => listeners.end(listener),
    onLost: (listener) => listeners.lost(listener),
    close: () => driver.close(),
  };
}
