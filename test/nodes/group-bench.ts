import { strict as assert } from 'node:assert';
import type { PostableDocument } from '../../connectors/odoo';
import { DEMO_LOGIN, type OdooSeed } from '../../sandbox/odoo';
import { Bench, ENTITY, node, PIPELINE_IN } from './bench';
import { connectionTo, nodesOf, OdooBench, startBooks, type Version } from './odoo-bench';

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
export class GroupBench extends OdooBench {
  static async open({
    between = [],
    loose = [],
    de = {},
    us = {},
    version,
    seed,
  }: {
    between?: object[];
    loose?: object[];
    de?: object;
    us?: object;
    version?: Version;
    seed?: (seed: OdooSeed) => void;
  } = {}) {
    const odoo = await startBooks(version, seed);
    const bench = await Bench.open({ graceMs: 60_000 });
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
      connectionTo(odoo),
      ...pipeline('entity', 'de', between),
      ...pipeline('us', 'us', []),
      ...loose,
    ];
    const used = TYPES.filter((type) =>
      flow.some((each) => (each as { type: string }).type === `ledgerway-${type}`),
    );
    await bench.load(flow, { odoo: { secret: DEMO_LOGIN.apiKey } }, nodesOf(used));
    return new GroupBench(bench, odoo);
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
}
