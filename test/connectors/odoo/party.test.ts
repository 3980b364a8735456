import assert from 'node:assert/strict';
import { findOrCreateCustomer, lookupsOf, type PartyPlace, searchRead } from '../../../connectors/odoo';
import type { Party } from '../../../finance/documents';
import { Books, untilDone } from './books';
import { buyer } from './documents';

describe('the partner of a customer', () => {
  let books: Books;
  let place: PartyPlace;

  before(async () => {
    books = await Books.open(17);
    const company = await lookupsOf(books.client).company(1);
    place = { entity: 'acme_de', system: 'stripe', company, prefix: 'ledgerway' };
  });
  after(() => books.close());

  const find = (party: Party, client = books.client) => findOrCreateCustomer(client, party, place);
  const read = async (id: number) =>
    (
      await searchRead(
        books.admin,
        'res.partner',
        [['id', '=', id]],
        ['name', 'vat', 'email', 'street', 'zip', 'city', 'country_id', 'is_company'],
      )
    )[0];

  it('is found by its VAT id, however it is written', async () => {
    assert.equal(await find(buyer({ id: 'cus_x', vatId: 'de 136.695.976', email: undefined })), 7);
  });

  it('is found by its e-mail address where it has no VAT id', async () => {
    assert.equal(await find(buyer({ id: 'cus_acme', vatId: undefined, email: 'ap@acme.example' })), 8);
  });

  it('is created once with its address, and found by its external id after a person changed the rest', async () => {
    const party = buyer({
      id: 'cus_new',
      vatId: undefined,
      email: 'new@customer.example',
      name: 'Neukunde GmbH',
    });
    const id = await find(party);
    const row = await read(id);
    assert.deepEqual(
      [row?.name, row?.email, row?.street, row?.zip, row?.city],
      ['Neukunde GmbH', 'new@customer.example', 'Hauptstr. 1', '10115', 'Berlin'],
    );
    await books.edit('res.partner', id, { email: 'other@customer.example', name: 'Renamed' });
    assert.equal(await find(party), id);
  });

  it('two customers of the source with one VAT id are one partner, at once or one after the other', async () => {
    for (let round = 0; round < 4; round += 1) {
      const vatId = `ATU1234567${round}`;
      const parties = [1, 2, 3].map((n) =>
        buyer({ id: `cus_${round}_${n}`, vatId, email: undefined, address: { country: 'AT' } }),
      );
      const found = await Promise.all(parties.map((party) => untilDone(() => find(party, books.connect()))));
      assert.equal(new Set(found).size, 1);
      const rows = await searchRead(books.admin, 'res.partner', [['vat', '=', vatId]], ['vat']);
      assert.equal(rows.length, 1);
    }
  });

  it('two new customers at once with one e-mail address are one partner', async () => {
    const parties = [1, 2, 3].map((n) =>
      buyer({ id: `cus_t_${n}`, name: `Twin ${n}`, vatId: undefined, email: 'twin@c.example' }),
    );
    const found = await Promise.all(parties.map((party) => find(party, books.connect())));
    assert.equal(new Set(found).size, 1);
  });

  it('two customers of the source with nothing but one name are neither one partner nor two in silence', async () => {
    const named = (id: string | undefined, email?: string) =>
      find(buyer({ id, name: 'Anna Schmidt', vatId: undefined, email }), books.connect());
    const ends = await Promise.allSettled(['cus_n_1', 'cus_n_2'].map((id) => named(id)));
    const [made] = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
    const [refused] = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as Error] : []));
    assert.match(String(refused), /a partner with this name, which stripe knows by another id: Anna Schmidt/);
    // without an id there is nothing against it; what has another e-mail address is another one
    assert.equal(await named(undefined), made);
    await books.edit('res.partner', made!, { email: 'anna@a.example' });
    assert.notEqual(await named('cus_n_3', 'anna@b.example'), made);
  });

  it('those that two runtimes make at once are never two in silence, whatever they share', async () => {
    const twins: Partial<Party>[] = [
      { email: 'both@c.example' },
      { name: 'Both AG', email: undefined },
      { vatId: 'ATU99999901', address: { country: 'AT' } },
    ];
    for (const [round, shared] of twins.entries()) {
      const customer = (n: number) =>
        buyer({ id: `cus_b${round}_${n}`, name: `Both ${n} of ${round}`, vatId: undefined, ...shared });
      // both have looked in vain before one of them writes
      await books.fault({
        match: { model: 'res.partner', method: 'load' },
        mode: 'delay',
        delayMs: 80,
        times: 2,
      });
      const ends = await Promise.allSettled([
        untilDone(() => find(customer(1), books.connect())),
        untilDone(() => find(customer(2), books.elsewhere())),
      ]);
      const ids = new Set(ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : [])));
      const refused = ends.flatMap((end) =>
        end.status === 'rejected' ? [end.reason as { code: string }] : [],
      );
      assert.ok(ids.size <= 1, 'two partners in silence');
      assert.ok(refused.every(({ code }) => code === 'ODOO_AMBIGUOUS'));
      if (shared.vatId) assert.deepEqual(refused, [], 'a VAT id is the key itself');
      else assert.ok(refused.length > 0, 'the race was met');
    }
  });

  it('is ambiguous where several carry the VAT id, with the candidates named', async () => {
    const twins = [1, 2].map((n) => ({ name: `Twin ${n}`, vat: 'FR40303265045' }));
    await books.admin.call('res.partner', 'create', { named: { vals_list: twins } });
    await assert.rejects(
      find(buyer({ id: 'cus_t', vatId: 'FR40303265045' })),
      (error: { code: string; details: { candidates: { name: string }[] } }) => {
        assert.equal(error.code, 'ODOO_AMBIGUOUS');
        assert.deepEqual(
          error.details.candidates.map(({ name }) => name),
          ['Twin 1', 'Twin 2'],
        );
        return true;
      },
    );
  });

  it("a partner of another company is not this company's", async () => {
    await books.admin.call('res.partner', 'create', {
      named: { vals_list: [{ name: 'Theirs', vat: 'NL004495445B01', company_id: 2 }] },
    });
    const id = await find(
      buyer({ id: 'cus_nl', vatId: 'NL004495445B01', email: undefined, address: { country: 'NL' } }),
    );
    assert.notEqual((await read(id))?.name, 'Theirs');
  });

  it('names a country that Odoo does not know', async () => {
    await assert.rejects(
      find(buyer({ id: 'cus_zz', vatId: undefined, email: undefined, address: { country: 'ZZ' } })),
      {
        code: 'ODOO_LOOKUP',
        details: { model: 'res.country', code: 'ZZ', company: undefined },
      },
    );
  });
});
