import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Json,
  type LeasedDocument,
  Leases,
  leaseOf,
  Pipeline,
  type RunContext,
  type Store,
  step,
} from '../engine';
import { PIPELINE } from './kit';

const STEPS = ['bench.tax', 'bench.book', 'bench.submit'];

/** A target that knows what it was asked by external key, in memory. */
export class Target {
  private readonly known = new Map<string, Json>();

  constructor(private readonly delayMs = 0) {}

  async post(key: string, request: Json): Promise<Json> {
    if (this.delayMs > 0) await sleep(this.delayMs);
    const result = this.known.get(key) ?? { id: this.known.size + 1, request };
    this.known.set(key, result);
    return result;
  }

  find(key: string): Json | undefined {
    return this.known.get(key);
  }
}

/** Three steps, then the end: what a flow does with a document. */
export async function runDocument(
  store: Store,
  { context, body }: LeasedDocument,
  target: Target,
): Promise<void> {
  const run: RunContext = { ...context, store: 'default' };
  const request = { bytes: body.text.length } satisfies Json;
  for (const kind of STEPS) {
    const externalKey = `${kind}/${context.documentId}`;
    await step(
      store,
      run,
      { kind, target: 'bench', externalKey, request, name: kind },
      {
        perform: () => target.post(externalKey, request),
        probe: async () => target.find(externalKey),
        refusesDoubles: true,
      },
    );
  }
  await store.settle({ ...leaseOf(run), outcome: 'completed' });
}

/** A worker that runs documents until it is stopped; `onSettled` hears of each. */
export function startWorker(
  store: Store,
  name: string,
  atOnce: number,
  target: Target,
  onSettled: () => void,
): { stop(): Promise<void> } {
  const report = (error: unknown) => console.error(error);
  const leases = new Leases(store, name, report);
  const deliver = (document: LeasedDocument) =>
    void runDocument(store, document, target).then(onSettled, report);
  const pipeline = new Pipeline({ store, leases, name: PIPELINE, concurrency: atOnce, deliver, report });
  pipeline.start();
  const stop = async () => {
    pipeline.stop();
    await leases.idle(5_000);
    await leases.close();
  };
  return { stop };
}
