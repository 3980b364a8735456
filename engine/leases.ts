import type { LeasedDocument } from './model';
import type { Store } from './store';

/** The leases that this process holds on one store: renewed while work goes on, counted for drain. */
export class Leases {
  private readonly held = new Map<string, { fence: number; pipeline: string }>();
  private readonly waiters = new Set<() => void>();
  private readonly timer: NodeJS.Timeout;
  private readonly stopListening: () => void;

  constructor(
    private readonly store: Store,
    readonly worker: string,
    private readonly report: (error: unknown) => void,
  ) {
    this.stopListening = store.onEnd((documentId) => this.end(documentId));
    this.timer = setInterval(() => void this.renew(), Math.max(50, Math.floor(store.settings.leaseMs / 3)));
    this.timer.unref();
  }

  /** Takes note of the documents just leased. */
  add(documents: LeasedDocument[]): void {
    for (const { context } of documents)
      this.held.set(context.documentId, { fence: context.fence, pipeline: context.pipeline });
  }

  /** How many documents are in flight, in all or of one pipeline. */
  count(pipeline?: string): number {
    if (pipeline === undefined) return this.held.size;
    let count = 0;
    for (const lease of this.held.values()) if (lease.pipeline === pipeline) count++;
    return count;
  }

  /** Resolves to true when nothing is in flight, to false after `limitMs`. */
  async idle(limitMs: number): Promise<boolean> {
    if (this.held.size === 0) return true;
    return await new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.waiters.delete(done);
        resolve(true);
      };
      const timer = setTimeout(() => {
        this.waiters.delete(done);
        resolve(false);
      }, limitMs);
      this.waiters.add(done);
    });
  }

  /** Stops renewing; gives back what is still held. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    if (this.held.size > 0) await this.store.release({ worker: this.worker }).catch(this.report);
    this.stopListening();
    this.held.clear();
  }

  private end(documentId: string): void {
    this.held.delete(documentId);
    if (this.held.size === 0) for (const done of [...this.waiters]) done();
  }

  private async renew(): Promise<void> {
    const leases = [...this.held].map(([documentId, { fence }]) => ({ documentId, fence }));
    if (leases.length === 0) return;
    try {
      const { lost } = await this.store.renew({
        worker: this.worker,
        leases,
        leaseMs: this.store.settings.leaseMs,
      });
      for (const documentId of lost) this.end(documentId);
    } catch (error) {
      this.report(error);
    }
  }
}
