import assert from 'node:assert/strict';
import { Lookups, lockDates, lookupsOf, type PostableDocument, planInvoice } from '../../../connectors/odoo';
import type { KindPolicy, LegalEntity } from '../../../finance/entity';
import { decideRate, rateOn } from '../../../finance/rates';
import { Books, type Version } from './books';
import { entity, invoice } from './documents';
import { bankLine, bill, entry, payment } from './kinds';

const POLICY: KindPolicy = {
  owner: 'stripe',
  timing: 'real-time',
  approval: false,
  latePosting: 'next-open-period',
};
const late = (changes: Partial<LegalEntity> = {}): LegalEntity =>
  entity({
    kinds: {
      invoice: POLICY,
      credit_note: POLICY,
      payment: POLICY,
      journal_entry: POLICY,
      bank_transaction: POLICY,
    },
    ...changes,
  });

for (const version of [16, 17, 19] as Version[])
  describe(`a document of a closed period in Odoo ${version}`, () => {
    let books: Books;
    before(async () => {
      books = await Books.open(version, 'auto', ['account.group_account_user']);
      await books.post(invoice('before_close', { issueDate: '2026-10-31' }));
      await books.lock({ fiscalyear_lock_date: '2026-10-31' });
    });
    after(() => books.close());

    const documents: Record<string, PostableDocument> = {
      invoice: invoice('late', { issueDate: '2026-10-31' }),
      bill: bill('late', { issueDate: '2026-10-31' }),
      'journal entry': entry('late', { date: '2026-10-31' }),
      payment: payment('late', [], { date: '2026-10-31' }),
      'bank line': bankLine('late', { date: '2026-10-31' }),
    };

    for (const [name, document] of Object.entries(documents)) {
      it(`a ${name} is held unless the policy says otherwise`, async () => {
        await assert.rejects(books.post(document), {
          code: 'ODOO_DATE_MOVED',
          kind: 'locked_period',
          message: /2026-10-31/,
        });
      });

      it(`a ${name} goes on the next open day by policy, and says so`, async () => {
        const { source } = document;
        const again = {
          ...document,
          source: { ...source, id: `${source.id}_next`, number: `N-${source.id}` },
        };
        if ('number' in again) again.number = `N-${source.id}`;
        const posted = await books.post(again, { entity: late() });
        assert.equal(posted.date, '2026-11-01');
        assert.deepEqual(posted.late, {
          documentDate: '2026-10-31',
          lock: posted.late?.lock,
          lockedUntil: '2026-10-31',
        });
        assert.match(posted.late?.lock ?? '', /fiscalyear_lock_date$/);
        if ('invoiceDate' in posted) assert.equal(posted.invoiceDate, '2026-10-31');
        assert.deepEqual(await books.post(again, { entity: late() }), posted);
      });
    }

    it('what was posted before the close stays as it is', async () => {
      const document = invoice('before_close', { issueDate: '2026-10-31' });
      assert.equal((await books.post(document)).date, '2026-10-31');
      assert.equal((await books.post(document, { entity: late() })).date, '2026-10-31');
    });

    it('a dry run says the day that it would take', async () => {
      const document = invoice('late_plan', { issueDate: '2026-10-15' });
      const plan = await planInvoice(books.client, document, books.options(document, { entity: late() }));
      assert.deepEqual([plan.invoiceDate, plan.date], ['2026-10-15', '2026-11-01']);
    });
  });

describe('lock dates of sales, purchases and taxes', () => {
  let books: Books;
  before(async () => {
    books = await Books.open(19);
    await books.lock({
      sale_lock_date: '2026-11-10',
      purchase_lock_date: '2026-11-02',
      tax_lock_date: '2026-11-15',
    });
  });
  after(() => books.close());

  it('each holds its own', async () => {
    const untaxed = invoice('untaxed', {
      issueDate: '2026-11-11',
      lines: invoice(1).lines.map((line) => ({
        ...line,
        tax: { category: 'O', rate: '0' },
        posting: { account: '8400', taxes: [] },
      })),
      taxes: [{ category: 'O', rate: '0', base: '100.00', amount: '0.00' }],
      totals: { lines: '100.00', net: '100.00', tax: '0.00', gross: '100.00', due: '100.00' },
    });
    assert.equal((await books.post(untaxed)).date, '2026-11-11');
    await assert.rejects(books.post(invoice('sale', { issueDate: '2026-11-11' })), {
      message: /tax_lock_date/,
    });
    await assert.rejects(
      books.post({ ...untaxed, source: { system: 's', id: 'x' }, issueDate: '2026-11-10' }),
      {
        message: /sale_lock_date/,
      },
    );
    assert.equal((await books.post(entry('neither', { date: '2026-11-01' }))).date, '2026-11-01');
    await books.lock({ tax_lock_date: '2026-11-01' });
    await assert.rejects(books.post(bill('purchase', { issueDate: '2026-11-02' })), {
      message: /purchase_lock_date/,
    });
    assert.equal((await books.post(bill('open', { issueDate: '2026-11-03' }))).date, '2026-11-03');
  });

  it('are read once for a batch', async () => {
    const company = await lookupsOf(books.client).company(1);
    const [one, other] = [lockDates(books.client, company), lockDates(books.client, company)];
    assert.equal(await one, await other);
    assert.deepEqual([...(await one).keys()].sort(), [
      'purchase_lock_date',
      'sale_lock_date',
      'tax_lock_date',
    ]);
  });
});

describe('currencies', () => {
  let books: Books;
  before(async () => {
    books = await Books.open(17);
  });
  after(() => books.close());

  const dollars = (n: string, exchangeRate?: string) =>
    invoice(n, { currency: 'USD', ...(exchangeRate && { exchangeRate }) });

  it('an inactive one, and one without a rate on the day, are refused', async () => {
    await assert.rejects(books.post(invoice('sek', { currency: 'SEK' })), { code: 'ODOO_CURRENCY' });
    await assert.rejects(books.post(invoice('old', { currency: 'USD', issueDate: '2025-12-31' })), {
      code: 'ODOO_CURRENCY',
      message: /1:1/,
    });
  });

  it("the source's rate is held against Odoo's, with a tolerance", async () => {
    const rates = { from: 'source', tolerance: '1' } as const;
    const posted = await books.post(dollars('near', '1.109'), { entity: entity({ rates }) });
    const { lines } = await books.move(posted.moveId);
    assert.equal(lines.find(({ type }) => type === 'product')?.credit, '90.91');
    await assert.rejects(books.post(dollars('far', '1.12'), { entity: entity({ rates }) }), {
      code: 'ODOO_CURRENCY',
      message: /1\.12 of USD .* 1\.1 by more than 1 %/,
    });
    await assert.rejects(books.post(dollars('none'), { entity: entity({ rates }) }), {
      code: 'ODOO_CURRENCY',
    });
    await books.post(dollars('odoo'), { entity: entity({ rates: { from: 'odoo', tolerance: '0' } }) });
  });

  it('a rate of the company goes before a newer one of all companies, as in Odoo', async () => {
    const rates = [
      {
        currency_id: (await lookupsOf(books.client).currency('USD')).id,
        name: '2026-06-01',
        rate: 2,
        company_id: false,
      },
    ];
    await books.admin.call('res.currency.rate', 'create', { named: { vals_list: rates } });
    const lookups = new Lookups(books.client);
    assert.equal(await lookups.rate(await lookups.company(1), 'USD', '2026-11-02'), '1.1');
    const { moveId } = await books.post(dollars('own-rate'));
    const { lines } = await books.move(moveId);
    assert.equal(lines.find(({ type }) => type === 'product')?.credit, '90.91');
  });

  it("payments, which say no rate, are held to the group's table", async () => {
    const inDollars = (n: string) => payment(n, [], { currency: 'USD' });
    const of = (rate: string) => {
      const table = [{ currency: 'USD', date: '2026-01-01', rate }];
      return { entity: entity({ rates: { from: 'table', tolerance: '1', table } }) };
    };
    await books.post(inDollars('fair'), of('1.105'));
    await assert.rejects(books.post(inDollars('unfair'), of('1.2')), { code: 'ODOO_CURRENCY' });
  });

  it("the group's table is by day", () => {
    const table = [
      { currency: 'USD', date: '2026-01-01', rate: '1.1' },
      { currency: 'USD', date: '2026-11-01', rate: '1.2' },
    ];
    assert.equal(rateOn(table, 'USD', '2026-10-31'), '1.1');
    assert.equal(rateOn(table, 'USD', '2026-11-01'), '1.2');
    assert.equal(rateOn(table, 'USD', '2025-12-31'), undefined);
    const policy = { from: 'table', tolerance: '0.5', table } as const;
    const ask = (day: string, odoo: string) =>
      decideRate({ ...policy, table: [...table] }, { currency: 'USD', day, odoo, source: '9' });
    assert.equal(ask('2026-10-31', '1.1'), '1.1');
    assert.throws(() => ask('2026-11-01', '1.1'), { code: 'ODOO_CURRENCY' });
    assert.throws(() => ask('2025-12-31', '1.1'), { code: 'ODOO_CURRENCY' });
  });
});
