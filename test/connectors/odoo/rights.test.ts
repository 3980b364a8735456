import assert from 'node:assert/strict';
import {
  apiKeys,
  assertNoAutomation,
  checkRights,
  expiringKeys,
  lookupsOf,
  type OdooClient,
} from '../../../connectors/odoo';
import { Books, type Version } from './books';

for (const version of [16, 17, 19] as Version[])
  describe(`rights of the integration user in Odoo ${version}`, () => {
    let books: Books;
    before(async () => {
      books = await Books.open(version);
    });
    after(() => books.close());

    const kinds = ['invoice', 'payment', 'bank_transaction', 'party'] as const;

    it('what it may and may not do, company by company', async () => {
      const report = await checkRights(books.client, { companies: [1, 2, 99], kinds });
      assert.deepEqual(
        report.companies.map(({ id, allowed }) => [id, allowed]),
        [
          [1, true],
          [2, true],
          [99, false],
        ],
      );
      assert.ok(report.companies[0]?.journals.includes('STRP'));
      assert.deepEqual(
        report.kinds.map(({ kind, missing }) => [kind, missing]),
        [
          ['invoice', []],
          ['payment', []],
          ['bank_transaction', ['the group account.group_account_user is missing']],
          ['party', []],
        ],
      );
      assert.deepEqual(report.tooMuch, []);
      assert.deepEqual(report.refusals, [
        'The integration user does not belong to company 99.',
        'bank_transaction: the group account.group_account_user is missing.',
      ]);
    });

    it("warns of an administrator's rights", async () => {
      const report = await checkRights(books.admin, { companies: [1], kinds });
      assert.ok(report.tooMuch.includes('base.group_system'));
      assert.match(report.warnings[0] ?? '', /administrator/);
      assert.deepEqual(report.refusals, []);
    });

    it('a refused key is an error, not a report', async () => {
      const client = books.connect({ secret: () => 'wrong' });
      await assert.rejects(checkRights(client, { companies: [1], kinds }), { code: 'ODOO_UNAUTHORIZED' });
    });
  });

/** An Odoo with settings and keys that the sandbox does not have. */
function fake(company: Record<string, unknown>, keys: Record<string, unknown>[] = []): OdooClient {
  const has = (model: string) =>
    model === 'res.company'
      ? { name: {}, currency_id: {}, ...Object.fromEntries(Object.keys(company).map((name) => [name, {}])) }
      : { name: {}, expiration_date: {} };
  return {
    url: 'http://odoo.example',
    database: 'fake',
    concurrency: 1,
    version: () => Promise.resolve({ serverVersion: '19.0', major: 19 }),
    close: () => undefined,
    call(model, method) {
      if (method === 'fields_get') return Promise.resolve(has(model));
      if (model === 'res.company')
        return Promise.resolve([{ id: 1, name: 'Demo', currency_id: [1, 'EUR'], ...company }]);
      return Promise.resolve(keys);
    },
  };
}

describe("Odoo's own automation", () => {
  const jobs = ['intercompany', 'deferral', 'einvoice'] as const;

  it('that does the same job is refused, and the setting named', async () => {
    const settings = [
      { generate_deferred_revenue_entries_method: 'on_validation' },
      { rule_type: 'invoice_and_refund' },
      { intercompany_generate_bills_refund: true },
      { account_peppol_proxy_state: 'active' },
    ];
    for (const setting of settings) {
      const client = fake(setting);
      const company = await lookupsOf(client).company(1);
      const [field = ''] = Object.keys(setting);
      await assert.rejects(assertNoAutomation(client, company, jobs), {
        code: 'ODOO_AUTOMATION',
        message: new RegExp(field),
      });
      await assertNoAutomation(client, company, []);
    }
  });

  it('that is off or not installed is no matter', async () => {
    for (const settings of [
      {},
      { rule_type: 'not_synchronize', generate_deferred_revenue_entries_method: 'manual' },
    ]) {
      const client = fake(settings);
      await assertNoAutomation(client, await lookupsOf(client).company(1), jobs);
    }
  });
});

describe('API keys', () => {
  const now = new Date('2026-11-21T10:00:00Z');

  it('are alarmed 14 days before they expire, the most urgent first', async () => {
    const keys = await apiKeys(
      fake({}, [
        { id: 1, name: 'old', expiration_date: '2026-11-20 12:00:00' },
        { id: 2, name: 'soon', expiration_date: '2026-12-05 00:00:00' },
        { id: 3, name: 'later', expiration_date: '2026-12-06 00:00:00' },
        { id: 4, name: 'never', expiration_date: false },
      ]),
    );
    assert.deepEqual(
      expiringKeys(keys, now).map(({ name, daysLeft }) => [name, daysLeft]),
      [
        ['old', -1],
        ['soon', 14],
      ],
    );
    assert.deepEqual(expiringKeys(keys, now, { name: 'later' }), []);
  });

  it('of an Odoo that does not tell are none', async () => {
    const books = await Books.open(16);
    assert.deepEqual(await apiKeys(books.client), []);
    await books.close();
  });
});
