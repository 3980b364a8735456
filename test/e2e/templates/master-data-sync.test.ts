import assert from 'node:assert/strict';
import { TemplateRun } from '../../support/template-run';

interface Expected {
  partners: object[];
  bankAccounts: object[];
  products: object[];
  moves: object[];
}

describe('the template master data sync', function () {
  this.timeout(60_000);
  let run: TemplateRun;
  before(async () => {
    run = await TemplateRun.start('master-data-sync');
  });
  after(() => run.stop());

  const events = () => run.file<{ events: { id: string }[] }>('sample-input.json').events;
  const bankAccounts = async () =>
    (await run.records('res.partner.bank', [], ['acc_number', 'partner_id'])).map(
      ({ acc_number, partner_id }) => ({ acc_number, partner: (partner_id as [number, string])[1] }),
    );
  const state = async (): Promise<Expected> => {
    const named = [['name', 'like', 'Nordlicht']] as const;
    const fields = ['name', 'email', 'street', 'zip', 'city', 'vat', 'phone', 'customer_rank'];
    const products = [['default_code', '=', 'PLAN-M']] as const;
    return {
      partners: (await run.records('res.partner', named, fields)).map(({ id: _id, ...rest }) => rest),
      bankAccounts: await bankAccounts(),
      products: (
        await run.records('product.product', products, ['name', 'default_code', 'active'], true)
      ).map(({ id: _id, ...rest }) => rest),
      moves: await run.posted(),
    };
  };

  it('a customer is made once; what people add in Odoo stays', async () => {
    await run.feed(events().slice(0, 2));
    const [partner] = await run.records('res.partner', [['name', '=', 'Nordlicht GmbH']], ['name']);
    const client = run.odoo();
    await client.call('res.partner', 'write', {
      ids: [Number(partner?.id)],
      named: { vals: { phone: '+49 431 1', email: 'old@nordlicht.example' } },
    });
    client.close();
  });

  it('later states are written, late ones are not, and bank details wait for a second person', async () => {
    await run.feed(events().slice(2));
    assert.deepEqual(await run.exceptions(), ['acme_de DOCUMENT_APPROVAL']);
    const { partners, products, moves } = run.file<Expected>('expected-postings.json');
    assert.deepEqual(await state(), { partners, products, moves, bankAccounts: [] });
    await run.decide(async (store) => {
      const [held] = await store.exceptions();
      const documentId = held!.document_id;
      await store.replay({ documentId, actor: 'ben', reason: 'called them' });
    });
    assert.deepEqual(await state(), run.file<Expected>('expected-postings.json'));
  });

  it('the same again changes nothing, from new events either', async () => {
    await run.feedAgain(events());
    assert.deepEqual(await state(), run.file<Expected>('expected-postings.json'));
    assert.deepEqual(await run.exceptions(), []);
  });
});
