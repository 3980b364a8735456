import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { OdooClient } from '../../../connectors/odoo';
import type { CrmObject, CrmWrite } from '../../../sandbox/crm';
import { TemplateRun } from '../../support/template-run';

interface Step {
  do: 'invoice' | 'draft' | 'pay';
  customer?: string;
  date?: string;
  due?: string;
  price?: string;
  tax?: string;
  /** Which of the invoices before, from 1. */
  invoice?: number;
  amount?: string;
}

interface Sample {
  customers: { name: string; ref?: string }[];
  steps: Step[];
}

interface Written {
  collection: string;
  id: string;
  body: Record<string, unknown>;
}

/** A person in Odoo. */
class Clerk {
  private readonly moves: number[] = [];

  constructor(private readonly odoo: OdooClient) {}

  async create(model: string, values: object): Promise<number> {
    const made = await this.odoo.call(model, 'create', { named: { vals_list: [values] } });
    return Number([made].flat()[0]);
  }

  async take(step: Step): Promise<void> {
    if (step.do === 'pay') return await this.pay(this.moves[step.invoice! - 1]!, Number(step.amount));
    const move = await this.create('account.move', {
      move_type: 'out_invoice',
      partner_id: await this.one('res.partner', 'name', step.customer!),
      journal_id: await this.one('account.journal', 'code', 'INV'),
      invoice_date: step.date,
      invoice_date_due: step.due,
      invoice_line_ids: [
        [
          0,
          0,
          {
            name: 'Platform',
            quantity: 1,
            price_unit: Number(step.price),
            account_id: await this.one('account.account', 'code', '8400'),
            tax_ids: [[6, 0, [await this.one('account.tax', 'name', step.tax!)]]],
          },
        ],
      ],
    });
    this.moves.push(move);
    if (step.do === 'invoice') await this.odoo.call('account.move', 'action_post', { ids: [move] });
  }

  private async pay(move: number, amount: number): Promise<void> {
    const context = { active_model: 'account.move', active_ids: [move] };
    const values = { amount, journal_id: await this.one('account.journal', 'code', 'BNK1') };
    const wizard = await this.odoo.call('account.payment.register', 'create', {
      named: { vals_list: [values] },
      context,
    });
    await this.odoo.call('account.payment.register', 'action_create_payments', {
      ids: [wizard].flat() as number[],
      context,
    });
  }

  private async one(model: string, field: string, value: string): Promise<number> {
    const domain = [[field, '=', value]];
    const found = await this.odoo.call(model, 'search', { named: { domain, limit: 1, order: 'id' } });
    return Number((found as number[])[0]);
  }
}

describe('the template Odoo status to CRM', function () {
  this.timeout(60_000);
  let run: TemplateRun;
  let odoo: OdooClient;
  let clerk: Clerk;
  before(async () => {
    run = await TemplateRun.start('odoo-status', async (prepared) => {
      prepared.configure('de-watch', { everySeconds: 0.3 });
      odoo = prepared.odoo();
      clerk = new Clerk(odoo);
      for (const customer of prepared.file<Sample>('sample-input.json').customers)
        await clerk.create('res.partner', customer);
    });
  });
  after(async () => {
    odoo.close();
    await run.stop();
  });

  const sandbox = async <Shape>(what: string): Promise<Shape> =>
    (await (await fetch(`${run.sandbox.crm}/_sandbox/${what}`)).json()) as Shape;
  /** What the CRM has, without the time of writing. */
  const crm = async (): Promise<Written[]> => {
    const objects = await sandbox<CrmObject[]>('objects');
    const written = objects.map(({ collection, id, body }) => {
      const { asOf: _at, ...rest } = body as Record<string, unknown>;
      return { collection, id, body: rest };
    });
    return written.sort((a, b) => `${a.collection} ${a.id}`.localeCompare(`${b.collection} ${b.id}`));
  };
  const bodyOf = async (id: string) => (await crm()).find((one) => one.id === id)?.body;
  const expected = (): Written[] => run.file<{ crm: Written[] }>('expected-postings.json').crm;

  it('what happens in Odoo stands in the CRM, also what happened while the runtime was dead', async () => {
    const { steps } = run.file<Sample>('sample-input.json');
    for (const step of steps.slice(0, 3)) await clerk.take(step);
    await run.runtime.kill();
    for (const step of steps.slice(3)) await clerk.take(step);
    run.runtime.start();
    await run.runtime.ready();
    await run
      .until(async () => isDeepStrictEqual(await crm(), expected()), 'the expected state')
      .catch(() => undefined);
    assert.deepEqual(await crm(), expected());
    assert.deepEqual(await run.exceptions(), []);
  });

  it('what is cancelled is no exposure any more', async () => {
    const [draft] = await run.records('account.move', [['state', '=', 'draft']], ['name']);
    await odoo.call('account.move', 'button_cancel', { ids: [Number(draft?.id)] });
    await run.until(async () => (await bodyOf('crm_1001'))?.exposure === '307.00', 'the exposure');
    assert.equal((await bodyOf(String(draft?.id)))?.state, 'cancel');
  });

  it('a refused write holds the customer back, not the others; retried, the order is kept', async () => {
    await fetch(`${run.sandbox.crm}/_sandbox/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ fault: '422', at: 'write' }),
    });
    await clerk.take({ do: 'pay', invoice: 2, amount: '38.00' });
    await run.until(async () => (await run.exceptions()).length === 1, 'the exception');
    await clerk.take({ do: 'pay', invoice: 2, amount: '100.00' });
    const next = { do: 'invoice', date: '2026-11-20', due: '2099-12-31', price: '1.00' } as const;
    await clerk.take({ ...next, customer: 'Südwind AG', tax: 'USt 7%' });
    await run.until(async () => (await bodyOf('crm_1002'))?.openBalance === '1.07', 'the other customer');
    assert.equal((await bodyOf('crm_1001'))?.openBalance, '307.00');
    await run.decide(async (store) => {
      for (const { document_id: documentId } of await store.exceptions())
        await store.replay({ documentId, actor: 'ben', reason: 'the CRM takes it now' });
    });
    await run.until(async () => (await bodyOf('crm_1001'))?.openBalance === '169.00', 'the newest state');
  });

  it('no write is older than one before it, and nothing is written without a change', async () => {
    const writes = await sandbox<CrmWrite[]>('writes');
    const last = new Map<string, string>();
    for (const { collection, id, body } of writes) {
      const { asOf } = body as { asOf: string };
      const object = `${collection}/${id}`;
      assert.ok(asOf >= (last.get(object) ?? ''), `${object} fell back to ${asOf}`);
      last.set(object, asOf);
    }
    await new Promise((done) => setTimeout(done, 1_000));
    await run.quiet();
    assert.equal((await sandbox<CrmWrite[]>('writes')).length, writes.length);
  });
});
