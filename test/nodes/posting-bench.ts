import type { Invoice } from '../../finance';
import { DEMO_LOGIN, type OdooSeed, type RunningOdoo } from '../../sandbox/odoo';
import { invoice } from '../connectors/odoo/documents';
import { Bench, ENDINGS, ENTITY, node, PIPELINE_IN } from './bench';
import { connectionTo, OdooBench, startBooks, type Version } from './odoo-bench';

/** The credit note of a whole invoice. */
export const creditNote = (n: string | number, of: Invoice): Invoice => ({
  ...invoice(`cn_${n}`),
  kind: 'credit_note',
  precedingInvoice: { sourceId: of.source.id },
});

export interface PostingSetup {
  version?: Version;
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
    connectionTo(odoo, connection),
    { ...PIPELINE_IN, kinds: JSON.stringify(KINDS), concurrency: 60, ...pipeline, wires: [['guard']] },
    node('guard', 'idempotency-guard', { wires: [['post'], [], []] }),
    node('post', 'odoo-post', {
      entity: 'entity',
      connection: 'odoo',
      ...post,
      wires: [['out'], ['exceptions']],
    }),
    ...ENDINGS,
    ...beside,
  ];
}

/** A pipeline that posts documents of every kind into a sandbox Odoo, without a map. */
export class PostingBench extends OdooBench {
  static async open(setup: PostingSetup = {}): Promise<PostingBench> {
    const odoo = setup.odoo ?? (await startBooks(setup.version, setup.seed));
    const bench = await Bench.open({ graceMs: 60_000 });
    await bench.load(flowOf(odoo, setup), credentialsOf(setup));
    return new PostingBench(bench, odoo, setup.odoo === undefined);
  }

  /** The same flow, set up otherwise. */
  async redeploy(setup: PostingSetup): Promise<void> {
    await this.bench.redeploy(flowOf(this.odoo, setup), credentialsOf(setup));
  }
}
