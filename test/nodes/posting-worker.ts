import { randomUUID } from 'node:crypto';
import {
  Batcher,
  connectOdoo,
  type OdooClient,
  type PostableDocument,
  type PostedRecord,
} from '../../connectors/odoo';
import {
  type DocumentRow,
  type LeasedDocument,
  leaseOf,
  openSqliteStore,
  type RunContext,
  type Store,
} from '../../engine';
import { toFinanceError } from '../../errors';
import { businessKey, contentHash, externalKey } from '../../finance';
import type { OdooRun } from '../../nodes/odoo-post/record';
import { waitsForReference } from '../../nodes/odoo-post/reference';
import { postInSteps } from '../../nodes/odoo-post/steps';
import { DEMO_LOGIN } from '../../sandbox/odoo';
import { entity } from '../connectors/odoo/documents';
import { PIPELINE } from '../support/store';

const ENTITY = entity();
const PREFIX = 'ledgerway';
export const SETTINGS = { leaseMs: 60_000, deadlineMs: 60_000, graceMs: 50, suspectMs: 100 };

/** A worker that posts what its store has, in the steps of *odoo post*, without Node-RED. */
export class PostingWorker {
  readonly client: OdooClient;
  readonly name = `worker ${randomUUID()}`;
  private isDead = false;
  private readonly place: Pick<OdooRun, 'client' | 'writer' | 'target' | 'name' | 'nodeId'>;

  private constructor(
    readonly store: Store,
    url: string,
    /** Documents that it takes at once. */
    private readonly most: number,
  ) {
    this.client = connectOdoo({
      url,
      database: DEMO_LOGIN.database,
      login: DEMO_LOGIN.login,
      secret: () => DEMO_LOGIN.apiKey,
      timeoutMs: 10_000,
    });
    const writer = new Batcher(this.client, { windowMs: 5 });
    this.place = { client: this.client, writer, target: 'odoo', name: 'odoo post', nodeId: 'post' };
  }

  /** With a store of its own. */
  static async open(url: string, file: string): Promise<PostingWorker> {
    return await PostingWorker.on(url, await openSqliteStore({ file, settings: SETTINGS }));
  }

  static async on(url: string, store: Store, most = 20): Promise<PostingWorker> {
    await store.syncPipelines([{ ...PIPELINE, kinds: [] }]);
    return new PostingWorker(store, url, most);
  }

  async receive(document: PostableDocument): Promise<string> {
    const { kind, source } = document;
    const { documentId } = await this.store.receive({
      receiveKey: externalKey(document),
      entity: document.entity,
      kind,
      lane: `${kind} ${source.id}`,
      source: { system: source.system, id: source.id },
      body: { mediaType: 'application/json', content: JSON.stringify(document) },
    });
    return documentId;
  }

  /** Works until nothing is open: what failed comes again as its error says, what waits when its reference is there. */
  async work(limitMs = 60_000): Promise<void> {
    await this.workUntilDone(limitMs).catch(this.unlessDead);
  }

  private async workUntilDone(limitMs: number): Promise<void> {
    const running = new Set<Promise<void>>();
    for (const until = Date.now() + limitMs; !this.isDead; ) {
      await this.store.sweep();
      const limit = this.most - running.size;
      const leased =
        limit > 0 ? await this.store.lease({ pipeline: PIPELINE.name, worker: this.name, limit }) : [];
      for (const document of leased) {
        const work = this.handle(document).finally(() => running.delete(work));
        running.add(work);
      }
      if (running.size > 0) await Promise.race(running);
      else if ((await this.open()).length === 0) return;
      else if (leased.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      if (Date.now() > until) throw new Error(`still open: ${JSON.stringify((await this.open())[0])}`);
    }
  }

  private async open(): Promise<DocumentRow[]> {
    const rows = await this.store.documents({ limit: 100_000 });
    return rows.filter(({ state }) => state !== 'settled' && state !== 'held');
  }

  private unlessDead = (error: unknown): void => {
    if (!this.isDead) throw error;
  };

  private async handle({ context: leased, body }: LeasedDocument): Promise<void> {
    const { store } = this;
    const context: RunContext = { ...leased, store: store.name };
    const document = JSON.parse(body.text) as PostableDocument;
    const run: OdooRun = { ...this.place, store, context };
    try {
      const identity = { businessKey: businessKey(document), contentHash: contentHash(document) };
      const claimed = await store.claim({ ...leaseOf(context), ...identity });
      if (claimed.status !== 'new') throw new Error(`the document is ${claimed.status}`);
      context.hop = claimed.hop;
      if (await waitsForReference(run, document, 1, ENTITY, PREFIX)) return;
      const options = { entity: ENTITY, externalKey: externalKey(document), prefix: PREFIX };
      await postInSteps(run, document, options);
      await store.settle({ ...leaseOf(context), outcome: 'completed' });
    } catch (error) {
      const disposal = store.dispose({ ...leaseOf(context), error: toFinanceError(error).toJSON() });
      await disposal.catch(this.unlessDead);
    }
  }

  /** What `odoo.post` recorded, by external key; each document must be settled. */
  async results(): Promise<Map<string, PostedRecord>> {
    const results = new Map<string, PostedRecord>();
    for (const row of await this.store.documents({ limit: 100_000 })) {
      if (row.outcome !== 'completed') throw new Error(`${row.lane} is ${row.state}: ${row.error}`);
      const { steps } = await this.store.trace({ documentId: row.id });
      const posted = steps.filter(({ kind, state }) => kind === 'odoo.post' && state === 'done');
      if (posted.length !== 1) throw new Error(`${row.lane} was posted in ${posted.length} steps`);
      results.set(row.receive_key, posted[0]!.result as unknown as PostedRecord);
    }
    return results;
  }

  /** As a process that is killed: its answers are lost, and so is its hold on what it worked on. */
  async die(): Promise<void> {
    this.isDead = true;
    await this.close();
  }

  async close(): Promise<void> {
    this.client.close();
    await this.store.close();
  }
}

/** The process that is to be killed: `{"url": …, "file": …}`; ends when all is done. */
async function main({ url, file }: { url: string; file: string }): Promise<void> {
  const worker = await PostingWorker.open(url, file);
  await worker.work();
  await worker.close();
}

if (require.main === module)
  main(JSON.parse(process.argv[2]!) as { url: string; file: string }).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
