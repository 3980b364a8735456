import { join } from 'node:path';
import type { PartyDocument, ProductDocument } from '../../finance';
import type { KeyedDocument } from '../../nodes/kit/documents';
import type { RedApi } from '../../nodes/kit/red';
import { DEMO_LOGIN, demoSeed, type RunningOdoo, startOdoo } from '../../sandbox/odoo';
import { Bench, ENTITY, node } from './bench';

/** Node types that talk to Odoo beside posting. */
const TYPES = ['odoo-party', 'odoo-upsert', 'odoo-read', 'odoo-watch'];
const NODES = TYPES.map(
  (type) => require(join(__dirname, '..', '..', 'nodes', type, `${type}.js`)) as (RED: RedApi) => void,
);

type Version = '16.0' | '17.0' | '19.0';

/** Node-RED with a store, and an Odoo to talk to. */
export class MasterBench {
  private constructor(
    readonly bench: Bench,
    readonly odoo: RunningOdoo,
  ) {}

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
    const { database, login } = DEMO_LOGIN;
    const connection = { url: this.odoo.url, database, login, protocol: 'auto', timeoutSeconds: 5 };
    return [{ ...ENTITY, ...entity }, node('odoo', 'odoo-connection', connection), ...flow];
  }

  private readonly credentials = { odoo: { secret: DEMO_LOGIN.apiKey } };

  /** Receives a canonical document, in the lane of its object. */
  receive(document: KeyedDocument): Promise<string> {
    return this.bench.receive(document, { kind: document.kind, lane: document.source.id });
  }

  fault(mode: string, match: object, times = 1): Promise<unknown> {
    return this.control('faults', { mode, match, times });
  }

  /** What a person does in Odoo. */
  edit(model: string, id: number, values: object): Promise<unknown> {
    return this.control('edit', { do: 'write', model, id, values });
  }

  private async control(name: string, body: object): Promise<void> {
    const answer = await fetch(`${this.odoo.url}/_sandbox/${name}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }

  /** Records of Odoo that have these values. */
  records(model: string, values: Record<string, unknown> = {}): Record<string, unknown>[] {
    return this.odoo.db
      .all(model)
      .filter((record) => Object.entries(values).every(([name, value]) => record[name] === value));
  }

  async close(): Promise<void> {
    await this.bench.close();
    await this.odoo.close();
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
