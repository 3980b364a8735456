import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import type { PostableDocument } from '../../connectors/odoo';
import type { RedApi } from '../../nodes/kit/red';
import {
  DEMO_LOGIN,
  demoSeed,
  type LedgerMove,
  type OdooSeed,
  type RunningOdoo,
  startOdoo,
} from '../../sandbox/odoo';
import { Bench, ENTITY, node, PIPELINE_IN } from './bench';

const KINDS = ['invoice', 'credit_note', 'payment', 'refund', 'payout', 'journal_entry', 'bank_transaction'];
const TYPES = ['odoo-reconcile', 'intercompany-mirror', 'cost-allocation', 'checkpoint'];

export const US = {
  ...ENTITY,
  id: 'us',
  name: 'Acme US',
  key: 'acme_us',
  companyName: 'Ledgerway Demo Inc.',
  odooCompany: 2,
  currency: 'USD',
  timeZone: 'America/New_York',
  sellerVatId: '',
  sellerRegistrationId: '',
  sellerLine1: '',
  sellerCity: '',
  sellerPostalCode: '',
  sellerCountry: 'US',
  sellerEndpointScheme: '',
  sellerEndpointId: '',
};

/** Rules of kinds as the editor keeps them. */
export const kinds = (...rows: object[]): string =>
  JSON.stringify(rows.map((row) => ({ owner: 'any', timing: 'real-time', approval: false, ...row })));

/**
 * A group of two entities on one sandbox Odoo, each with a pipeline that posts canonical documents as they are; in the
 * German one `between` stands behind the posting.
 */
export class GroupBench {
  private constructor(
    readonly bench: Bench,
    readonly odoo: RunningOdoo,
  ) {}

  static async open({
    between = [],
    loose = [],
    de = {},
    us = {},
    version = '17.0' as '16.0' | '17.0' | '19.0',
    seed: adapt = () => undefined,
  }: {
    between?: object[];
    loose?: object[];
    de?: object;
    us?: object;
    version?: '16.0' | '17.0' | '19.0';
    seed?: (seed: OdooSeed) => void;
  } = {}) {
    const seed = demoSeed();
    seed.users.find(({ login }) => login === DEMO_LOGIN.login)?.groups.push('account.group_account_user');
    adapt(seed);
    const odoo = await startOdoo({ version, seed, now: () => new Date('2026-11-21T10:00:00Z') });
    const bench = await Bench.open({ graceMs: 60_000 });
    const connection = {
      url: odoo.url,
      database: DEMO_LOGIN.database,
      login: DEMO_LOGIN.login,
      timeoutSeconds: 5,
    };
    const pipeline = (entity: string, id: string, behind: object[]): object[] => {
      const wired = [...behind, node(`${id}-out`, 'pipeline-out', {})] as { id: string }[];
      const chain = wired.map((one, at) => ({
        ...one,
        wires: [[wired[at + 1]?.id ?? `${id}-done`], [`${id}-route`]],
      }));
      return [
        {
          ...PIPELINE_IN,
          id: `${id}-in`,
          name: id,
          entities: JSON.stringify([entity]),
          kinds: JSON.stringify(KINDS),
          wires: [[`${id}-guard`]],
        },
        node(`${id}-guard`, 'idempotency-guard', { wires: [[`${id}-post`], [], []] }),
        node(`${id}-post`, 'odoo-post', {
          entity,
          connection: 'odoo',
          mode: 'post',
          wires: [[wired[0]!.id], [`${id}-route`]],
        }),
        ...chain,
        node(`${id}-done`, 'helper'),
        node(`${id}-route`, 'exception-route', { mode: 'by kind', wires: [[], [], []] }),
      ];
    };
    const flow = [
      { ...ENTITY, numbering: 'odoo', kinds: '[]', ...de },
      { ...US, numbering: 'odoo', kinds: '[]', ...us },
      node('odoo', 'odoo-connection', connection),
      ...pipeline('entity', 'de', between),
      ...pipeline('us', 'us', []),
      ...loose,
    ];
    const used = TYPES.filter((type) =>
      flow.some((each) => (each as { type: string }).type === `ledgerway-${type}`),
    );
    const nodes = used.map(
      (type) => require(join(__dirname, '..', '..', 'nodes', type, `${type}.js`)) as (RED: RedApi) => void,
    );
    await bench.load(flow, { odoo: { secret: DEMO_LOGIN.apiKey } }, nodes);
    return new GroupBench(bench, odoo);
  }

  /** Documents as events, each a lane of its own. @returns their ids in the store */
  async receive(...documents: PostableDocument[]): Promise<string[]> {
    const ids: string[] = [];
    for (const document of documents)
      ids.push(
        await this.bench.receive(document, {
          entity: document.entity,
          lane: `${document.kind} ${document.source.id}`,
          kind: document.kind,
        }),
      );
    return ids;
  }

  /** How a document ends: its outcome, or the code that it is held by. */
  async end(documentId: string): Promise<string> {
    const row = () => this.bench.store.documentRow({ documentId });
    await this.bench.until(
      async () => ['settled', 'held'].includes((await row()).state),
      `end of ${documentId}`,
    );
    const { outcome, error } = await row();
    return outcome ?? (JSON.parse(error ?? '{}') as { code: string }).code;
  }

  /** Receives documents and waits for their ends. */
  async post(...documents: PostableDocument[]): Promise<string[]> {
    const ids = await this.receive(...documents);
    for (const id of ids)
      assert.equal(await this.end(id), 'completed', JSON.stringify(await this.bench.store.exceptions()));
    return ids;
  }

  /** Children of a document, in their order. */
  async children(parent: string) {
    const all = await this.bench.store.documents({ limit: 1000 });
    return all.filter(({ parent_id }) => parent_id === parent).reverse();
  }

  /** The recorded result of a document's step. */
  async result(documentId: string, kind: string): Promise<unknown> {
    const { steps } = await this.bench.store.trace({ documentId });
    return steps.find((step) => step.kind === kind && step.state === 'done')?.result;
  }

  async moves(company?: number): Promise<LedgerMove[]> {
    const page = (await (await fetch(`${this.odoo.url}/_sandbox/ledger`)).json()) as { moves: LedgerMove[] };
    return page.moves.filter((move) => company === undefined || move.company.id === company);
  }

  edit(body: object): Promise<void> {
    return this.switch('edit', body);
  }

  fault(mode: string, match: object, times = 1): Promise<void> {
    return this.switch('faults', { mode, match, times });
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
    await this.bench.close();
    await this.odoo.close();
  }
}
