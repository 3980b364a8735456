import { strict as assert } from 'node:assert';
import type { PostableDocument } from '../../connectors/odoo';
import type { Invoice } from '../../finance';
import {
  DEMO_LOGIN,
  demoSeed,
  type LedgerMove,
  type OdooSeed,
  type RunningOdoo,
  startOdoo,
} from '../../sandbox/odoo';
import { invoice } from '../connectors/odoo/documents';
import { Bench, ENTITY, node, PIPELINE_IN } from './bench';

/** The credit note of a whole invoice. */
export const creditNote = (n: string | number, of: Invoice): Invoice => ({
  ...invoice(`cn_${n}`),
  kind: 'credit_note',
  precedingInvoice: { sourceId: of.source.id },
});

export interface PostingSetup {
  version?: '16.0' | '17.0' | '19.0';
  entity?: object;
  /** Rules of each kind of document; the source of every kind owns it. */
  policies?: Record<string, object>;
  post?: object;
  connection?: object;
  /** In place of the API key. */
  secret?: string;
  pipeline?: object;
  /** Further nodes of the flow. */
  beside?: object[];
  seed?: (seed: OdooSeed) => void;
  /** A sandbox that stands already; it outlives this bench. */
  odoo?: RunningOdoo;
}

const KINDS = ['invoice', 'credit_note', 'payment', 'refund', 'payout', 'journal_entry', 'bank_transaction'];

const credentialsOf = ({ secret = DEMO_LOGIN.apiKey }: PostingSetup): object => ({ odoo: { secret } });

function flowOf(odoo: RunningOdoo, setup: PostingSetup): object[] {
  const { entity, policies = {}, post, connection, pipeline, beside = [] } = setup;
  const kinds = Object.entries(policies).map(([kind, policy]) => ({
    kind,
    owner: 'any',
    timing: 'real-time',
    approval: false,
    ...policy,
  }));
  return [
    { ...ENTITY, numbering: 'odoo', kinds: JSON.stringify(kinds), ...entity },
    node('odoo', 'odoo-connection', {
      url: odoo.url,
      database: DEMO_LOGIN.database,
      login: DEMO_LOGIN.login,
      timeoutSeconds: 5,
      ...connection,
    }),
    { ...PIPELINE_IN, kinds: JSON.stringify(KINDS), concurrency: 60, ...pipeline, wires: [['guard']] },
    node('guard', 'idempotency-guard', { wires: [['post'], [], []] }),
    node('post', 'odoo-post', {
      entity: 'entity',
      connection: 'odoo',
      ...post,
      wires: [['out'], ['exceptions']],
    }),
    node('out', 'pipeline-out', { wires: [['done']] }),
    node('done', 'helper'),
    node('exceptions', 'exception-route', { mode: 'by kind', wires: [['retried'], ['held'], ['held']] }),
    node('retried', 'helper'),
    node('held', 'helper'),
    ...beside,
  ];
}

/** A pipeline that posts documents of every kind into a sandbox Odoo, without a map. */
export class PostingBench {
  private isClosed = false;

  private constructor(
    readonly bench: Bench,
    readonly odoo: RunningOdoo,
    private readonly isOwner: boolean,
  ) {}

  static async open(setup: PostingSetup = {}): Promise<PostingBench> {
    const { version = '17.0' } = setup;
    const seed = demoSeed();
    seed.users.find(({ login }) => login === DEMO_LOGIN.login)?.groups.push('account.group_account_user');
    setup.seed?.(seed);
    const now = () => new Date('2026-11-21T10:00:00Z');
    const odoo = setup.odoo ?? (await startOdoo({ version, seed, now }));
    const bench = await Bench.open({ graceMs: 60_000 });
    await bench.load(flowOf(odoo, setup), credentialsOf(setup));
    return new PostingBench(bench, odoo, setup.odoo === undefined);
  }

  /** The same flow, set up otherwise. */
  async redeploy(setup: PostingSetup): Promise<void> {
    await this.bench.redeploy(flowOf(this.odoo, setup), credentialsOf(setup));
  }

  /** Documents as events, each a lane of its own. @returns their ids in the store */
  async receive(...documents: PostableDocument[]): Promise<string[]> {
    const ids: string[] = [];
    for (const document of documents)
      ids.push(
        await this.bench.receive(document, {
          lane: `${document.kind} ${document.source.id}`,
          kind: document.kind,
        }),
      );
    return ids;
  }

  /** Waits until a document is settled or held. @returns how it ended, e.g. `completed` or the code of its error */
  async end(documentId: string): Promise<string> {
    const row = () => this.bench.store.documentRow({ documentId });
    await this.bench.until(
      async () => ['settled', 'held'].includes((await row()).state),
      `end of ${documentId}`,
    );
    const { outcome, error } = await row();
    return outcome ?? (JSON.parse(error ?? '{}') as { code: string }).code;
  }

  async ends(ids: readonly string[]): Promise<string[]> {
    const ends: string[] = [];
    for (const id of ids) ends.push(await this.end(id));
    return ends;
  }

  /** The recorded result of a document's step. */
  async result<Result>(documentId: string, kind = 'odoo.post'): Promise<Result> {
    const { steps } = await this.bench.store.trace({ documentId });
    const found = steps.find((step) => step.kind === kind && step.state === 'done');
    assert.ok(found, `${kind} is not done: ${steps.map(({ kind, state }) => `${kind} ${state}`).join()}`);
    return found.result as Result;
  }

  /** Every move of the books, whoever made it. */
  async moves(): Promise<LedgerMove[]> {
    const page = (await (await fetch(`${this.odoo.url}/_sandbox/ledger`)).json()) as { moves: LedgerMove[] };
    return page.moves;
  }

  /** What an administrator does in Odoo. */
  edit(body: object): Promise<void> {
    return this.switch('edit', body);
  }

  fault(mode: string, match: object, more: object = { times: 1 }): Promise<void> {
    return this.switch('faults', { mode, match, ...more });
  }

  private async switch(name: string, body: object): Promise<void> {
    const answer = await fetch(`${this.odoo.url}/_sandbox/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.equal(answer.ok, true, await answer.text());
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.bench.close();
    if (this.isOwner) await this.odoo.close();
  }
}
