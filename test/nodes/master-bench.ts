import type { PartyDocument, ProductDocument } from '../../finance';
import type { KeyedDocument } from '../../nodes/kit/documents';
import type { RedApi } from '../../nodes/kit/red';
import { DEMO_LOGIN, demoSeed, startOdoo } from '../../sandbox/odoo';
import { Bench, ENTITY } from './bench';
import { connectionTo, nodesOf, OdooBench, type Version } from './odoo-bench';

/** Node types that talk to Odoo beside posting. */
const NODES = nodesOf(['odoo-party', 'odoo-upsert', 'odoo-read', 'odoo-watch']);

/** Flows with master data, of an integration user with few rights. */
export class MasterBench extends OdooBench {
  static async open(version: Version = '17.0', settings = {}): Promise<MasterBench> {
    const odoo = await startOdoo({ version, seed: demoSeed() });
    return new MasterBench(await Bench.open({ graceMs: 60_000, ...settings }), odoo);
  }

  /** Deploys nodes beside the entity `entity` and the connection `odoo`. */
  load(flow: object[], entity = {}, more: ((RED: RedApi) => void)[] = []): Promise<void> {
    return this.bench.load(this.flow(flow, entity), this.credentials, [...NODES, ...more]);
  }

  redeploy(flow: object[], entity = {}): Promise<void> {
    return this.bench.redeploy(this.flow(flow, entity), this.credentials);
  }

  private flow(flow: object[], entity: object): object[] {
    return [{ ...ENTITY, ...entity }, connectionTo(this.odoo, { protocol: 'auto' }), ...flow];
  }

  private readonly credentials = { odoo: { secret: DEMO_LOGIN.apiKey } };

  /** Receives a document in the lane of its object. */
  receiveOne(document: KeyedDocument): Promise<string> {
    return this.bench.receive(document, { kind: document.kind, lane: document.source.id });
  }
}

/** A customer of the system `crm`. */
export const partyOf = (
  party: Partial<PartyDocument['party']> = {},
  more: Partial<PartyDocument> = {},
): PartyDocument => ({
  schema: 'party/1',
  kind: 'party',
  entity: 'acme_de',
  source: { system: 'crm', id: 'c_1', revision: '1' },
  party: {
    name: 'Nordlicht GmbH',
    email: 'info@nordlicht.example',
    address: { line1: 'Kai 1', postalCode: '24103', city: 'Kiel', country: 'DE' },
    ...party,
  },
  ...more,
});

export const productOf = (more: Partial<ProductDocument> = {}): ProductDocument => ({
  schema: 'product/1',
  kind: 'product',
  entity: 'acme_de',
  source: { system: 'shop', id: 'prod_1', revision: '1' },
  name: 'Plan M',
  code: 'PLAN-M',
  ...more,
});
