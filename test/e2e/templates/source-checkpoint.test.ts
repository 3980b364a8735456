import assert from 'node:assert/strict';
import type { ControlResult } from '../../../finance';
import { TemplateRun } from '../../support/template-run';

interface Event {
  id: string;
}

interface Sample {
  documents: Event[];
  late: Event[];
  byHand: {
    journal: string;
    number: string;
    date: string;
    customer: string;
    account: string;
    amount: string;
  };
  events: Event[];
  again: Event[];
}

describe('the template source checkpoint', function () {
  this.timeout(60_000);
  let run: TemplateRun;
  before(async () => {
    run = await TemplateRun.start('source-checkpoint', undefined, { beside: 'billing-credit-note' });
  });
  after(() => run.stop());

  const sample = (): Sample => run.file<Sample>('sample-input.json');
  const expected = () => run.file<{ moves: object[]; controls: object[] }>('expected-postings.json');

  /** The control results in the order in which they came, without what differs from run to run. */
  async function controls(): Promise<object[]> {
    const results = await run.runtime.read(async (store) => {
      const newestFirst = await store.documents({ limit: 100 });
      const documents = newestFirst.filter(({ kind }) => kind === 'control_result').reverse();
      return await Promise.all(
        documents.map(async ({ id, state, outcome }) => {
          const { bodies } = await store.trace({ documentId: id });
          const { checkpoint, period, equal, rows, differences } = JSON.parse(
            bodies[0]!.text!,
          ) as ControlResult;
          const explained = differences.map(({ record, key: _key, documentId: _id, ...rest }) => ({
            ...rest,
            ...(record && { name: record.name, date: record.date }),
          }));
          return { checkpoint, period, state, outcome, equal, rows, differences: explained };
        }),
      );
    });
    return results;
  }

  /** Somebody posts an invoice in Odoo, by hand. */
  async function postByHand(): Promise<number> {
    const { journal, number, date, customer, account, amount } = sample().byHand;
    const idOf = async (model: string, field: string, value: string): Promise<number> =>
      Number((await run.records(model, [[field, '=', value]], [field]))[0]?.id);
    const client = run.odoo();
    const made = await client.call('account.move', 'create', {
      named: {
        vals_list: [
          {
            move_type: 'out_invoice',
            name: number,
            journal_id: await idOf('account.journal', 'code', journal),
            partner_id: await idOf('res.partner', 'name', customer),
            invoice_date: date,
            invoice_line_ids: [
              [
                0,
                0,
                {
                  name: 'by hand',
                  quantity: 1,
                  price_unit: Number(amount),
                  account_id: await idOf('account.account', 'code', account),
                  tax_ids: [],
                },
              ],
            ],
          },
        ],
      },
    });
    const id = Number([made].flat()[0]);
    await client.call('account.move', 'action_post', { ids: [id] });
    client.close();
    return id;
  }

  let byHand: number;

  it('keeps a day that is equal as proof, and holds one that differs, with each difference explained', async () => {
    await run.feed(sample().documents);
    byHand = await postByHand();
    await run.feed(sample().events);
    assert.deepEqual(await controls(), expected().controls);
    assert.deepEqual(await run.exceptions(), ['acme_de CHECKPOINT_DIFFERS']);
  });

  it('a checkpoint posts nothing, and the same totals are compared once', async () => {
    const before = await run.posted();
    await run.feed(sample().events);
    assert.deepEqual(await run.posted(), before);
    assert.equal((await controls()).length, expected().controls.length);
  });

  it('closes the exception when all is put right', async () => {
    const client = run.odoo();
    await client.call('account.move', 'button_draft', { ids: [byHand] });
    client.close();
    await run.feed(sample().late);
    await run.feed(sample().again);
    assert.deepEqual(await run.exceptions(), []);
    assert.deepEqual(await run.posted(), expected().moves);
    const [latest] = (await controls()).slice(-1) as ControlResult[];
    assert.equal(latest?.equal, true);
  });
});
