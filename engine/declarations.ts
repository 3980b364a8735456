import { FinanceError } from '../errors';
import type { Log } from './host';
import type { PipelineDefinition } from './model';
import type { Store } from './store';

/** A change of the flows declares many pipelines: they are told at once. */
const GATHER_MS = 20;
/** A redeployed pipeline is declared again before its end takes effect. */
const RETRACT_MS = 1_000;
/** How soon a store that failed is told again. */
const RETRY_MS = 1_000;
/** How soon the store is told again after a change: a runtime that ended just before it still counted as living. */
const AGAIN_MS = 3_000;
/** How often it is asked whether it still has what it was told. */
const CHECK_MS = 30_000;

interface Declared {
  store: string;
  definition: PipelineDefinition;
  onError(error: FinanceError | undefined): void;
}

export interface DeclarationsOptions {
  worker: string;
  stores: Readonly<Record<string, Store>>;
  log: Log;
  /** Whether the flows change or end just now, so that what is declared is not all of it. */
  changing(): boolean;
}

/** The pipelines of the flows of this process, as they are declared to the stores. */
export class Declarations {
  /** Whether the stores know the pipelines of the flows. */
  synced = false;
  private readonly declared = new Map<string, Declared>();
  /** The names that each store took. */
  private readonly taken = new Map<string, string>();
  private readonly checking: NodeJS.Timeout;
  private timer?: NodeJS.Timeout;
  private telling: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(private readonly options: DeclarationsOptions) {
    this.checking = setInterval(() => void this.check(), CHECK_MS);
    this.checking.unref();
  }

  /** `onError` hears of overlaps, and of their end. */
  declare(nodeId: string, store: string, definition: PipelineDefinition, onError: Declared['onError']): void {
    this.declared.set(nodeId, { store, definition, onError });
    this.soon(GATHER_MS);
  }

  retract(nodeId: string): void {
    this.declared.delete(nodeId);
    this.soon(RETRACT_MS);
  }

  /** Tells the stores now; what is declared is all there is. */
  now(isAgain = false): Promise<void> {
    clearTimeout(this.timer);
    this.telling = this.telling.then(() => this.tell(isAgain));
    return this.telling;
  }

  private soon(delayMs: number, isAgain = false): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.options.changing()) this.soon(delayMs, isAgain);
      else void this.now(isAgain);
    }, delayMs);
    this.timer.unref();
  }

  private async tell(isAgain: boolean): Promise<void> {
    if (this.closed) return;
    const names = Object.keys(this.options.stores);
    const outcomes = [];
    for (const name of names) outcomes.push(await this.tellStore(name));
    if (outcomes.includes('failed')) return this.soon(RETRY_MS, isAgain);
    this.synced = true;
    if (!isAgain || outcomes.includes('refused')) this.soon(AGAIN_MS, true);
  }

  /** Only pipelines that overlap stand still. */
  private async tellStore(name: string): Promise<'told' | 'refused' | 'failed'> {
    const { worker, stores, log } = this.options;
    const declared = [...this.declared.values()].filter(({ store }) => store === name);
    const pipelines = declared.map(({ definition }) => definition);
    try {
      const { declared: taken, refused } = await stores[name]!.declarePipelines({ worker, pipelines });
      for (const { definition, onError } of declared) {
        const message = refused.find((one) => one.name === definition.name)?.message;
        onError(message ? new FinanceError('CONFIG_PIPELINES_OVERLAP', { message }) : undefined);
      }
      this.taken.set(name, asText(taken));
      if (refused.length > 0) log.warn({ refused }, 'pipelines wait for those of another runtime');
      return refused.length > 0 ? 'refused' : 'told';
    } catch (error) {
      log.error({ err: error }, 'pipelines are not synchronised');
      if ((error as FinanceError).code !== 'CONFIG_PIPELINES_OVERLAP') return 'failed';
      for (const { onError } of declared) onError(error as FinanceError);
      return 'told';
    }
  }

  /** To a runtime that was cut off, others may have done what they do to one that is gone: it declares again. */
  async check(): Promise<void> {
    const { worker, stores, changing } = this.options;
    for (const [name, taken] of this.taken) {
      const known = await stores[name]!.declaredPipelines({ worker }).catch(() => undefined);
      if (known && asText(known) !== taken && !changing() && !this.closed) return await this.now();
    }
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    clearInterval(this.checking);
  }
}

const asText = (names: readonly string[]): string => JSON.stringify(names.toSorted());
