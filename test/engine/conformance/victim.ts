import { appendFileSync, existsSync, readFileSync, writeSync } from 'node:fs';
import { type LeasedDocument, Leases, openStore, Pipeline, type Store, step } from '../../../engine';
import { PIPELINE, receive } from '../../support/store';

/** A worker process that is to be killed: receives, has effects, settles, and says what was acknowledged. */
export interface Orders {
  where: { file?: string; url?: string };
  /** Name of the process; its events are its own. */
  name: string;
  /** The outside world: one line an effect, and nothing refuses a second one. */
  effects: string;
}

export const SETTINGS = { leaseMs: 60_000, deadlineMs: 60_000, graceMs: 20, suspectMs: 300 };
const IN_FLIGHT = 6;

/** Has the effect of a document on the outside world, and settles it. */
export async function work(store: Store, document: LeasedDocument, effects: string): Promise<void> {
  const context = { ...document.context, store: store.name };
  const { documentId } = context;
  const spec = { kind: 'k', target: 'file', externalKey: documentId, request: { documentId }, name: 'n' };
  const known = () => existsSync(effects) && readFileSync(effects, 'utf8').includes(documentId);
  await step(store, context, spec, {
    refusesDoubles: true,
    perform: async () => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
      appendFileSync(effects, `${documentId}\n`);
      return {};
    },
    probe: async () => (known() ? {} : undefined),
  });
  await store.settle({ ...context, outcome: 'completed' });
}

/** Written at once, so that it is read although the process is killed right after. */
function say(...words: string[]): void {
  writeSync(1, `${words.join(' ')}\n`);
}

async function main({ where, name, effects }: Orders): Promise<void> {
  const store = await openStore({ ...where, settings: SETTINGS, poolSize: 4 });
  await store.syncPipelines([PIPELINE]);
  const worker = `${name}:${process.pid}`;
  const leases = new Leases(store, worker, console.error);
  const pipeline = new Pipeline({
    store,
    leases,
    name: PIPELINE.name,
    concurrency: IN_FLIGHT,
    report: console.error,
    deliver: (document) => {
      work(store, document, effects).then(
        () => say('settled', document.context.documentId),
        (error: unknown) => console.error(error),
      );
    },
  });
  pipeline.start();
  setInterval(() => void store.sweep().catch(console.error), 100);
  for (let n = 0; ; n++) {
    const { documentId } = await receive(store, `${name}_${n % 10}`, `evt_${worker}_${n}`);
    say('received', documentId);
  }
}

if (require.main === module) void main(JSON.parse(process.argv[2]!) as Orders);
