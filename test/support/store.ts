import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type LeasedDocument,
  openSqliteStore,
  type PipelineDefinition,
  type RunContext,
  type Store,
  type StoreSettings,
} from '../../engine';

/** A folder of its own for one test; removed by {@link Scratch.remove}. */
export class Scratch {
  readonly folder = mkdtempSync(join(tmpdir(), 'ledgerway-test-'));
  private readonly open: { close(): Promise<void> }[] = [];

  get file(): string {
    return join(this.folder, 'store.db');
  }

  /** Opens the store of this folder with short times; closed with the folder. */
  async store(settings: Partial<StoreSettings> = {}, options: { maxPages?: number } = {}): Promise<Store> {
    const short = { leaseMs: 60_000, deadlineMs: 60_000, graceMs: 50, suspectMs: 5_000 };
    const store = await openSqliteStore({ file: this.file, settings: { ...short, ...settings }, ...options });
    this.open.push(store);
    return store;
  }

  async remove(): Promise<void> {
    for (const one of this.open) await one.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const PIPELINE: PipelineDefinition = {
  name: 'billing',
  entities: ['acme_de'],
  kinds: ['invoice', 'credit_note'],
  lanePolicy: 'block',
  requiredSteps: [],
};

/** Receives an event about a business object, by default an invoice of acme_de. */
export async function receive(
  store: Store,
  object: string,
  event = `evt_${object}`,
  more: Partial<Parameters<Store['receive']>[0]> = {},
) {
  return await store.receive({
    receiveKey: `stripe/${event}`,
    entity: 'acme_de',
    kind: 'invoice',
    lane: object,
    source: { system: 'stripe', id: object },
    body: { mediaType: 'application/json', content: JSON.stringify({ id: object }) },
    ...more,
  });
}

export async function lease(store: Store, limit = 10, worker = 'w1'): Promise<LeasedDocument[]> {
  return await store.lease({ pipeline: PIPELINE.name, worker, limit });
}

/** The run context of the next document; fails where none can be leased. */
export async function take(store: Store, worker = 'w1'): Promise<RunContext> {
  const [document] = await lease(store, 1, worker);
  if (!document) throw new Error('nothing to lease');
  return { ...document.context, store: store.name };
}

export function row(store: Store, documentId: string) {
  return store.documentRow({ documentId });
}

/** Waits until `holds` gives true, sweeping the store meanwhile. */
export async function eventually(
  store: Store,
  holds: () => Promise<boolean>,
  limitMs = 15_000,
): Promise<void> {
  const until = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > until) throw new Error('it did not come to be in time');
    await store.sweep();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
