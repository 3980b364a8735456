import assert from 'node:assert/strict';
import {
  apiKeys,
  assertNoAutomation,
  checkRights,
  expiringKeys,
  type Finding,
  lookupsOf,
} from '../../../connectors/odoo';
import { DEMO_LOGIN, type OdooSeed } from '../../../sandbox/odoo';
import { Books, type Version } from './books';

const MODULES: OdooSeed['modules'] = [
  'account_inter_company_rules',
  'account_accountant',
  'account_peppol',
  'l10n_it_edi',
  'l10n_pl_edi',
];

/** Books whose companies have every module, and settings of the German one. */
const automated = (version: Version, settings: Record<string, string | boolean>): Promise<Books> =>
  Books.open(version, 'auto', [], [], (seed) => {
    seed.modules = MODULES;
    for (const company of seed.companies)
      company.settings = {
        generate_deferred_revenue_entries_method: 'manual',
        generate_deferred_expense_entries_method: 'manual',
        ...(company.id === 1 ? settings : {}),
      };
  });

/** Books whose integration user has these keys, the first of them the one that it uses. */
const keyed = (version: Version, keys: { name: string; expires?: string }[]): Promise<Books> =>
  Books.open(version, 'auto', [], [], (seed) => {
    const user = seed.users.find(({ id }) => id === DEMO_LOGIN.uid)!;
    user.apiKeys = keys.map((key, at) => ({ ...key, key: at === 0 ? DEMO_LOGIN.apiKey : `key-${at}` }));
  });

const said = (findings: Finding[]): string[] => findings.map(({ message }) => message);

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
          ['bank_transaction', ['may not create account.bank.statement.line']],
          ['party', []],
        ],
      );
      assert.deepEqual(report.tooMuch, []);
      assert.deepEqual(said(report.refusals), [
        'The integration user does not belong to company 99.',
        'bank_transaction: may not create account.bank.statement.line.',
      ]);
    });

    it('what nodes read and write beside documents', async () => {
      const models = [
        { model: 'account.move', operations: ['read'] },
        { model: 'ir.config_parameter', operations: ['read'] },
      ] as const;
      const { refusals } = await checkRights(books.client, { companies: [1], kinds: [], models });
      assert.deepEqual(said(refusals), ['The integration user may not read ir.config_parameter.']);
    });

    it("warns of an administrator's rights", async () => {
      const report = await checkRights(books.admin, { companies: [1], kinds });
      assert.ok(report.tooMuch.includes('base.group_system'));
      assert.equal(report.warnings[0]?.code, 'ODOO_ADMINISTRATOR');
      assert.match(report.warnings[0]?.message ?? '', /base\.group_system/);
      assert.deepEqual(report.refusals, []);
    });

    it('a refused key is an error, not a report', async () => {
      const client = books.connect({ secret: () => 'wrong' });
      await assert.rejects(checkRights(client, { companies: [1], kinds }), { code: 'ODOO_UNAUTHORIZED' });
    });
  });

describe("Odoo's own automation", () => {
  const jobs = ['intercompany', 'deferral', 'einvoice'] as const;
  const settings: [Version, string, string | boolean][] = [
    [16, 'rule_type', 'invoice_and_refund'],
    [16, 'l10n_it_edi_register', true],
    [17, 'generate_deferred_revenue_entries_method', 'on_validation'],
    [17, 'account_peppol_proxy_state', 'active'],
    [19, 'intercompany_generate_bills_refund', true],
    [19, 'generate_deferred_expense_entries_method', 'on_validation'],
    [19, 'account_peppol_proxy_state', 'sender'],
    [19, 'l10n_pl_edi_register', true],
  ];

  for (const [version, field, value] of settings)
    it(`in ${version} that does the same job is refused, and the setting named: ${field}`, async () => {
      const books = await automated(version, { [field]: value });
      try {
        const lookups = lookupsOf(books.client);
        const company = await lookups.company(1);
        const named = { code: 'ODOO_AUTOMATION', message: new RegExp(field) };
        await assert.rejects(assertNoAutomation(books.client, company, jobs), named);
        await assertNoAutomation(books.client, company, []);
        await assertNoAutomation(books.client, await lookups.company(2), jobs);
        const { refusals } = await checkRights(books.client, { companies: [1, 2], kinds: [], jobs });
        assert.equal(refusals.length, 1);
        assert.equal(refusals[0]?.code, 'ODOO_AUTOMATION');
        assert.match(refusals[0]?.message ?? '', new RegExp(`^Company 1 .*${field}`));
      } finally {
        await books.close();
      }
    });

  it('that is off is believed for a while, and what is on is asked for again each time', async () => {
    const books = await automated(17, { account_peppol_proxy_state: 'active' });
    const company = await lookupsOf(books.client).company(1);
    let asked = 0;
    const { client } = books;
    const call = client.call.bind(client);
    client.call = (model, method, ...more) => {
      if (method === 'search_read') asked += 1;
      return call(model, method, ...more);
    };
    for (let round = 0; round < 3; round += 1) await assertNoAutomation(client, company, ['deferral']);
    assert.equal(asked, 1);
    for (let round = 0; round < 3; round += 1)
      await assert.rejects(assertNoAutomation(client, company, ['einvoice']), { code: 'ODOO_AUTOMATION' });
    assert.equal(asked, 4);
    await books.close();
  });

  it('that is off or not installed is no matter', async () => {
    for (const books of [await automated(19, {}), await automated(17, {}), await Books.open(17)]) {
      await assertNoAutomation(books.client, await lookupsOf(books.client).company(1), jobs);
      await books.close();
    }
  });
});

describe('API keys', () => {
  const now = new Date('2026-11-21T10:00:00Z');

  it('are alarmed 14 days before they expire, the most urgent first', async () => {
    const books = await keyed(19, [
      { name: 'soon', expires: '2026-12-05 00:00:00' },
      { name: 'old', expires: '2026-11-20 12:00:00' },
      { name: 'later', expires: '2026-12-06 00:00:00' },
      { name: 'never' },
    ]);
    const keys = await apiKeys(books.client, DEMO_LOGIN.uid);
    assert.deepEqual(
      expiringKeys(keys, now).map(({ name, daysLeft }) => [name, daysLeft]),
      [
        ['old', -1],
        ['soon', 14],
      ],
    );
    assert.deepEqual(expiringKeys(keys, now, { name: 'later' }), []);
    const { warnings } = await checkRights(books.client, { companies: [1], kinds: [] }, now);
    assert.ok(warnings.every(({ code }) => code === 'ODOO_KEY_EXPIRING'));
    assert.deepEqual(said(warnings), [
      'The API key "old" expired on 2026-11-20.',
      'The API key "soon" expires on 2026-12-05, in 14 days.',
    ]);
    await books.close();
  });

  it('of others are no matter to an administrator', async () => {
    const books = await keyed(19, [{ name: 'soon', expires: '2026-12-05 00:00:00' }]);
    const { keys } = await checkRights(books.admin, { companies: [1], kinds: [] }, now);
    assert.deepEqual(keys, []);
    await books.close();
  });

  it('of an Odoo that does not say when they expire raise no alarm', async () => {
    const books = await keyed(16, [{ name: 'soon', expires: '2026-12-05 00:00:00' }]);
    const keys = await apiKeys(books.client, DEMO_LOGIN.uid);
    assert.deepEqual(keys, [{ name: 'soon' }]);
    assert.deepEqual(expiringKeys(keys, now), []);
    await books.close();
  });

  it('that expired are refused, with what to do', async () => {
    for (const protocol of ['auto', 'jsonrpc', 'xmlrpc'] as const) {
      const books = await keyed(19, [{ name: 'old', expires: '2026-11-20 12:00:00' }]);
      const client = books.connect({ protocol });
      await assert.rejects(checkRights(client, { companies: [1], kinds: [] }, now), {
        code: 'ODOO_UNAUTHORIZED',
        hint: 'Renew the API key of the odoo connection.',
      });
      await books.close();
    }
  });

  it('are made from one another and revoked', async () => {
    const books = await keyed(19, [{ name: 'first', expires: '2026-12-05 00:00:00' }]);
    const generate = (expires: string) =>
      books.client.call('res.users.apikeys', 'generate', {
        named: { key: DEMO_LOGIN.apiKey, scope: 'rpc', name: 'second', expiration_date: expires },
      });
    await assert.rejects(generate('2027-06-01 00:00:00'), { code: 'ODOO_VALIDATION' });
    const key = String(await generate('2027-02-01 00:00:00'));
    const renewed = books.connect({ secret: () => key });
    await renewed.call('res.users.apikeys', 'revoke', { named: { key: DEMO_LOGIN.apiKey } });
    const context = () => books.client.call('res.users', 'context_get');
    await assert.rejects(context(), { code: 'ODOO_UNAUTHORIZED' });
    assert.deepEqual(await apiKeys(renewed, DEMO_LOGIN.uid), [{ name: 'second', expires: '2027-02-01' }]);
    await books.close();
  });
});
