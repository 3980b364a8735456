import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  assertBankDetails,
  findPartner,
  lookupsOf,
  matchPartner,
  type PartyPlace,
  searchRead,
  upsertPartner,
  upsertProduct,
} from '../../../connectors/odoo';
import { Books, untilDone, type Version } from './books';
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

    it('knows its partner again after the VAT id changed, and takes away what the source has no more', async () => {
      const owned = ['vatId', 'email', 'registrationId'] as const;
      const party = {
        ...supplier,
        id: 'sup_v',
        name: 'Vau GmbH',
        vatId: 'DE129273398',
        email: 'v@vau.example',
      };
      const made = await upsertPartner(books.client, party, place, { owned });
      const { email: _email, ...rest } = party;
      const moved = { ...rest, vatId: 'ATU33864707' };
      const options = { owned, before: made.memory };
      const changed = await upsertPartner(books.client, moved, place, options);
      assert.deepEqual(
        [changed.id, changed.written.toSorted(), changed.foreign],
        [made.id, ['email', 'vat'], []],
      );
      const { vat, email } = await partner(made.id, 'vat', 'email');
      assert.deepEqual([vat, email], ['ATU33864707', false]);
    });

    it('notices what others changed of its own fields, and of no others', async () => {
      const owned = ['email', 'address'] as const;
      const party = { ...supplier, id: 'sup_f', name: 'Eff GmbH', vatId: undefined, email: 'f@eff.example' };
      const made = await upsertPartner(books.client, party, place, { owned });
      await books.edit('res.partner', made.id, { email: 'x@eff.example', city: 'Kiel', name: 'Eff AG' });
      const again = await upsertPartner(books.client, party, place, { owned, before: made.memory });
      assert.deepEqual(again.foreign.toSorted(), ['city', 'email']);
      assert.deepEqual([again.written.toSorted(), again.kept], [['city', 'email'], ['name']]);
      const moved = { ...party, email: 'new@eff.example' };
      const next = await upsertPartner(books.client, moved, place, { owned, before: again.memory });
      assert.deepEqual([next.written, next.foreign], [['email'], []]);
      assert.doesNotMatch(JSON.stringify(next.memory), /eff/, 'it remembers no values');
    });

    it('a partner that a person named goes before every search', async () => {
      const named = buyer({ id: 'cus_named', odooId: 8 });
      assert.deepEqual(await matchPartner(books.client, named, place), { id: 8, by: 'odooId' });
      const gone = matchPartner(books.client, { ...named, odooId: 9999 }, place);
      await assert.rejects(gone, { code: 'ODOO_VALIDATION' });
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

describe('field ownership', () => {
  let books: Books;
  before(async () => {
    books = await Books.open(17);
  });
  after(() => books.close());

  it('whatever the source sends and people change: each has its own fields, and a change of an owned one is told', async () => {
    const company = await lookupsOf(books.client).company(1);
    const place = { entity: 'acme_de', system: 'crm', company, prefix: 'ledgerway' };
    const step = fc.oneof(
      fc.record({
        do: fc.constant('source' as const),
        email: fc.constantFrom('a@x.example', 'b@x.example', undefined),
        city: fc.constantFrom('Kiel', 'Bonn', undefined),
        name: fc.constantFrom('One', 'Two'),
      }),
      fc.record({
        do: fc.constant('person' as const),
        field: fc.constantFrom('email' as const, 'city' as const, 'name' as const),
        value: fc.constantFrom('a@x.example', 'Kiel', 'Ulm'),
      }),
    );
    let runs = 0;
    const property = fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      const party = { ...supplier, id: `own_${++runs}`, vatId: `ATU${10_000_000 + runs}` };
      const owned = ['email', 'address'] as const;
      let { id, memory } = await upsertPartner(books.client, party, place, { owned });
      let odoo = { name: party.name, email: party.email ?? false, city: party.address.city ?? false };
      let seen = odoo;
      for (const each of steps) {
        if (each.do === 'person') {
          odoo = { ...odoo, [each.field]: each.value };
          await books.edit('res.partner', id, { [each.field]: each.value });
          continue;
        }
        const { email, city, name } = each;
        const state = { ...party, name, email, address: { ...party.address, city } };
        const wanted = { email: email ?? false, city: city ?? false };
        const fields = ['email', 'city'] as const;
        const differing = fields.filter((field) => odoo[field] !== wanted[field]);
        const foreign = differing.filter((field) => odoo[field] !== seen[field]);
        const result = await upsertPartner(books.client, state, place, { owned, before: memory });
        ({ id, memory } = result);
        odoo = { ...odoo, ...wanted };
        seen = odoo;
        assert.deepEqual(
          [result.written.toSorted(), result.foreign.toSorted()],
          [differing.toSorted(), foreign.toSorted()],
        );
        assert.deepEqual(result.kept, odoo.name === name ? [] : ['name']);
      }
      const [row] = await searchRead(
        books.admin,
        'res.partner',
        [['id', '=', id]],
        ['name', 'email', 'city'],
      );
      assert.deepEqual({ ...row }, { id, ...odoo });
    });
    await fc.assert(property, { numRuns: 25 });
  });
});

describe('bank details', () => {
  let books: Books;
  let place: PartyPlace;
  before(async () => {
    books = await Books.open(17);
    const company = await lookupsOf(books.client).company(1);
    place = { entity: 'acme_de', system: 'crm', company, prefix: 'ledgerway' };
    const known = { partner_id: 7, acc_number: 'DE02 1203 0000 0000 2020 51' };
    await books.admin.call('res.partner.bank', 'create', { named: { vals_list: [known] } });
  });
  after(() => books.close());

  const accounts = async (): Promise<unknown[]> =>
    (await searchRead(books.admin, 'res.partner.bank', [['partner_id', '=', 7]], ['acc_number'])).map(
      ({ acc_number }) => acc_number,
    );
  const fresh = [{ account: 'DE89 3704 0044 0532 0130 00' }, { account: 'DE89370400440532013000' }];

  it('that are known, however written, are no change', async () => {
    const known = [{ account: 'de02120300000000202051' }];
    assert.deepEqual(await assertBankDetails(books.client, place, 7, known), []);
    assert.equal((await accounts()).length, 1);
  });

  it('that are new need two different people, and show only their last digits', async () => {
    const refused = (error: Error & { code: string }) => {
      assert.equal(error.code, 'PARTY_BANK_DETAILS');
      assert.doesNotMatch(JSON.stringify(error) + error.message, /3704/);
      return true;
    };
    await assert.rejects(assertBankDetails(books.client, place, 7, fresh), refused);
    const alone = { by: 'Ann', second: ' ann ' };
    await assert.rejects(assertBankDetails(books.client, place, 7, fresh, alone), refused);
    assert.equal((await accounts()).length, 1);
  });

  it('are added once, though two come at once and each twice', async () => {
    const approval = { by: 'Ann', second: 'Bob' };
    const add = () => untilDone(() => assertBankDetails(books.connect(), place, 7, fresh, approval));
    const added = await Promise.all([add(), add()]);
    assert.ok(added.some((each) => each.join() === '…3000'));
    assert.equal((await accounts()).length, 2);
    assert.deepEqual(await add(), []);
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

  it('that fail make every other look-up be asked again: somebody is at work there', async () => {
    const books = await Books.open(17);
    const lookups = lookupsOf(books.client);
    const company = await lookups.company(1);
    const before = await lookups.account(company, '8400');
    await books.edit('account.account', before, { code: '8401' });
    assert.equal(await lookups.account(company, '8400'), before, 'believed');
    await assert.rejects(lookups.account(company, '8402'), { code: 'ODOO_LOOKUP' });
    await assert.rejects(lookups.account(company, '8400'), { code: 'ODOO_LOOKUP' });
    assert.equal(await lookups.account(company, '8401'), before);
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
    const made = await upsertProduct(books.client, product, place, { owned: ['name'] });
    assert.equal(made.created, true);
    const other = { ...product, name: 'Plan L', code: 'OTHER' };
    const renamed = await upsertProduct(books.client, other, place, { owned: ['name'] });
    assert.deepEqual([renamed.id, renamed.written, renamed.kept], [made.id, ['name'], ['default_code']]);
    const twin = { ...product, id: 'prod_2', name: 'Plan L' };
    const found = await upsertProduct(books.client, twin, place, { owned: [] });
    assert.deepEqual([found.id, found.created], [made.id, false]);
    const recoded = { ...twin, code: 'NEW' };
    const again = await upsertProduct(books.client, recoded, place, {
      owned: ['code'],
      before: found.memory,
    });
    assert.deepEqual([again.id, again.written], [made.id, ['default_code']]);
  });
});
