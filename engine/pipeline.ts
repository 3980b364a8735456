import type { Leases } from './leases';
import type { LeasedDocument } from './model';
import type { Store } from './store';

export interface PipelineOptions {
  store: Store;
  leases: Leases;
  /** Name of the pipeline, as declared. */
  name: string;
  /** How many documents may be in flight at once. */
  concurrency: number;
  /** Hands a document to the flow. */
  deliver(document: LeasedDocument): void;
  /** Told of failures of the store; pulling goes on by itself. */
  report(error: unknown): void;
}

/**
 * Pulls documents of one pipeline while there is room: after each commit that gave it work, each document that
 * ended, and each second in case a wake-up was lost. Because it pulls, a slow target never fills memory.
 */
export class Pipeline {
  private pulling = false;
  private again = false;
  private running = false;
  private timer?: NodeJS.Timeout;
  private stops: (() => void)[] = [];

  constructor(private readonly options: PipelineOptions) {}

  start(): void {
    if (this.running) return;
    this.running = true;
    const { store, name } = this.options;
    this.stops = [
      store.onWake((pipeline) => {
        if (pipeline === name) void this.pull();
      }),
      store.onEnd(() => void this.pull()),
    ];
    this.timer = setInterval(() => void this.pull(), 1000);
    this.timer.unref();
    void this.pull();
  }

  /** Leases nothing more; what is in flight goes on. */
  stop(): void {
    this.running = false;
    clearInterval(this.timer);
    for (const stop of this.stops) stop();
    this.stops = [];
  }

  private async pull(): Promise<void> {
    if (this.pulling) {
      this.again = true;
      return;
    }
    this.pulling = true;
    try {
      do {
        this.again = false;
        await this.pullOnce();
      } while (this.again && this.running);
    } catch (error) {
      this.options.report(error);
    } finally {
      this.pulling = false;
    }
  }

  private async pullOnce(): Promise<void> {
    const { store, leases, name, concurrency, deliver } = this.options;
    const limit = concurrency - leases.count(name);
    if (!this.running || limit <= 0) return;
    const documents = await store.lease({ pipeline: name, worker: leases.worker, limit });
    leases.add(documents);
    if (!this.running) {
      const documentIds = documents.map(({ context }) => context.documentId);
      if (documentIds.length > 0) await store.release({ worker: leases.worker, documentIds });
      return;
    }
    for (const document of documents) deliver(document);
  }
}
