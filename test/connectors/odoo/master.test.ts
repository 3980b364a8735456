import assert from 'node:assert/strict';
import {
  assertBankDetails,
  findPartner,
  lookupsOf,
  type OdooClient,
  type PartyPlace,
  searchRead,
  upsertPartner,
  upsertProduct,
} from '../../../connectors/odoo';
import { Books, type Version } from './books';
import { buyer } from './documents';
import { supplier } from './kinds';

for (const version of [16, 19] as Version[])
  describe(`master data in Odoo ${version}`, () => {
    let books: Books;
    let place: PartyPlace;
    before(async () => {
      books = await Books.open(version);
      const company = await lookupsOf(books.client).company(1);
      place = { entity: 'acme_de', system: 'crm', company, prefix: 'ledgerway' };
    });
    after(() => books.close());

    const partner = async (id: number, ...fields: string[]) =>
      (await searchRead(books.admin, 'res.partner', [['id', '=', id]], fields))[0] ?? {};

    it('a supplier is created once, and of a known one only what the system owns is written', async () => {
      const owned = ['address', 'email'] as const;
      const made = await upsertPartner(books.client, supplier, place, { owned, role: 'supplier' });
      assert.equal(made.created, true);
      assert.equal((await partner(made.id, 'supplier_rank')).supplier_rank, 1);
      const moved = {
        ...supplier,
        name: 'Papier GmbH',
        email: 'rechnung@papier.example',
        address: { ...supplier.address, city: 'Kiel' },
      };
      const changed = await upsertPartner(books.client, moved, place, { owned, role: 'supplier' });
      assert.deepEqual(
        [changed.id, changed.created, changed.written, changed.kept],
        [made.id, false, ['city', 'email'], ['name']],
      );
      const { name, city, email } = await partner(made.id, 'name', 'city', 'email');
      assert.deepEqual([name, city, email], [supplier.name, 'Kiel', 'rechnung@papier.example']);
      const again = await upsertPartner(books.client, moved, place, { owned });
      assert.deepEqual(again.written, []);
    });

    it('a contact belongs to its company, and is found there by e-mail or name only', async () => {
      const contact = buyer({
        id: 'person_1',
        name: 'Erika Muster',
        vatId: undefined,
        email: 'erika@mustermann.example',
      });
      const made = await upsertPartner(books.client, contact, place, {
        owned: ['email'],
        role: 'contact',
        parent: 7,
      });
      const row = await partner(made.id, 'parent_id', 'type');
      assert.deepEqual([(row.parent_id as [number])[0], row.type], [7, 'contact']);
      const renamed = { ...contact, id: 'person_2' };
      assert.equal(await findPartner(books.client, renamed, place, 7), made.id);
      assert.equal(await findPartner(books.client, renamed, place), undefined);
    });

    it('a name decides last, and only where nothing speaks against it', async () => {
      const byName = buyer({ id: 'n1', vatId: undefined, email: undefined });
      assert.equal(await findPartner(books.client, byName, place), 7);
      const others = [
        { vatId: 'DE811569869' },
        { email: 'somebody@else.example' },
        { address: { country: 'FR' } },
      ];
      for (const changes of others)
        assert.equal(await findPartner(books.client, { ...byName, ...changes }, place), undefined);
      await books.admin.call('res.partner', 'create', {
        named: { vals_list: [{ name: byName.name, is_company: true }] },
      });
      await assert.rejects(findPartner(books.client, byName, place), {
        code: 'ODOO_AMBIGUOUS',
        message: /name/,
      });
    });
  });

/** An Odoo that has some records of models which the sandbox does not have. */
function fake(rows: Record<string, Record<string, unknown>[]>): { client: OdooClient; created: unknown[] } {
  const created: unknown[] = [];
  const client: OdooClient = {
    url: 'http://odoo.example',
    database: 'fake',
    concurrency: 1,
    version: () => Promise.resolve({ serverVersion: '17.0', major: 17 }),
    close: () => undefined,
    call(model, method, input) {
      if (method === 'search_read') return Promise.resolve(rows[model] ?? []);
      if (method === 'fields_get')
        return Promise.resolve({ name: {}, default_code: {}, list_price: {}, active: {} });
      created.push([model, method, input?.named]);
      if (method === 'load') return Promise.resolve({ ids: [99], messages: [] });
      if (method === 'check_object_reference') return Promise.resolve([model, rows[model]?.[0]?.id ?? false]);
      return Promise.resolve([1]);
    },
  };
  return { client, created };
}

describe('bank details', () => {
  const company = { id: 1, name: 'Demo', currency: { id: 1, code: 'EUR' }, family: [1] };
  const known = () => fake({ 'res.partner.bank': [{ id: 1, acc_number: 'DE02 1203 0000 0000 2020 51' }] });

  it('that are known, however written, are no change', async () => {
    const { client, created } = known();
    assert.deepEqual(
      await assertBankDetails(client, company, 7, [{ account: 'DE02120300000000202051' }]),
      [],
    );
    assert.deepEqual(created, []);
  });

  it('that are new need two different people, and show only their last digits', async () => {
    const { client, created } = known();
    const fresh = [{ account: 'DE89 3704 0044 0532 0130 00' }];
    await assert.rejects(assertBankDetails(client, company, 7, fresh), (error: Error & { code: string }) => {
      assert.equal(error.code, 'PARTY_BANK_DETAILS');
      assert.doesNotMatch(JSON.stringify(error) + error.message, /3704/);
      return true;
    });
    const alone = { by: 'Ann', second: ' ann ' };
    await assert.rejects(assertBankDetails(client, company, 7, fresh, alone), { code: 'PARTY_BANK_DETAILS' });
    assert.deepEqual(created, []);
    const added = await assertBankDetails(client, company, 7, fresh, { by: 'Ann', second: 'Bob' });
    assert.deepEqual(added, ['…3000']);
    assert.equal(created.length, 1);
  });
});

describe('look-ups of terms and products', () => {
  it('go by name and by reference, and are found as soon as they are there', async () => {
    const books = await Books.open(17);
    const lookups = lookupsOf(books.client);
    const company = await lookups.company(1);
    assert.equal(await lookups.paymentTerm(company, '30 Days'), 2);
    await assert.rejects(lookups.product(company, 'SKU-1'), { code: 'ODOO_LOOKUP' });
    await books.admin.call('product.product', 'create', {
      named: { vals_list: [{ name: 'One', default_code: 'SKU-1' }] },
    });
    assert.ok(await lookups.product(company, 'SKU-1'));
    await books.close();
  });
});

describe('products', () => {
  let books: Books;
  before(async () => {
    books = await Books.open(17);
  });
  after(() => books.close());

  it('are created once and found by their external id, then by their reference', async () => {
    const company = await lookupsOf(books.client).company(1);
    const place = { entity: 'acme_de', system: 'shop', company, prefix: 'ledgerway' };
    const product = { id: 'prod_1', name: 'Plan M', code: 'PLAN-M' };
    const made = await upsertProduct(books.client, product, place, ['name']);
    assert.equal(made.created, true);
    const renamed = await upsertProduct(books.client, { ...product, name: 'Plan L', code: 'OTHER' }, place, [
      'name',
    ]);
    assert.deepEqual([renamed.id, renamed.written, renamed.kept], [made.id, ['name'], ['default_code']]);
    const other = await upsertProduct(books.client, { ...product, id: 'prod_2', name: 'Plan L' }, place, []);
    assert.deepEqual([other.id, other.created], [made.id, false]);
  });
});
