import { strict as assert } from 'node:assert';
import { afterEach, describe, it } from 'mocha';
import type { Invoice } from '../../finance';
import type { OdooSeed } from '../../sandbox/odoo';
import { invoice, line } from '../connectors/odoo/documents';
import { node } from './bench';
import { creditNote, PostingBench, type PostingSetup } from './posting-bench';

const BY_HAND = {
  generate_deferred_revenue_entries_method: 'manual',
  generate_deferred_expense_entries_method: 'manual',
};

/** A company with settings of the modules that do our jobs as well. */
const withSettings = (settings: Record<string, string | boolean>) => (seed: OdooSeed) => {
  seed.modules = ['account_accountant', 'account_peppol'];
  for (const company of seed.companies) company.settings = { ...BY_HAND, ...settings };
};

describe('odoo post beside an Odoo that does the same job', () => {
  let posting: PostingBench;
  afterEach(() => posting.close());
  const open = async (setup: PostingSetup): Promise<void> => {
    posting = await PostingBench.open(setup);
  };
  const deferred = (n: string): Invoice =>
    invoice(n, {
      lines: [
        line({
          period: { start: '2026-11-02', end: '2027-02-01' },
          posting: { account: '0990', taxes: ['USt 19%'], deferral: { account: '8400', journal: 'MISC' } },
        }),
      ],
    });

  it('defers nothing that Odoo defers: held before anything is made, and on as soon as it is switched off', async () => {
    await open({
      seed: withSettings({ generate_deferred_revenue_entries_method: 'on_validation' }),
      version: '17.0',
    });
    const [held, plain] = await posting.receive(deferred('d1'), invoice('p1'));
    assert.deepEqual(await posting.ends([held!, plain!]), ['ODOO_AUTOMATION', 'completed']);
    const [exception] = await posting.bench.store.exceptions({});
    assert.match(exception!.cause, /Deferred Revenue: Generate Entries/);
    assert.equal((await posting.moves()).length, 1, 'the invoice that defers nothing');
    await posting.edit({ do: 'write', model: 'res.company', id: 1, values: BY_HAND });
    await posting.bench.store.replay({ documentId: held!, actor: 'carla', reason: 'switched off' });
    await posting.bench.until(async () => (await posting.bench.codes()).length === 0);
    assert.equal(await posting.end(held!), 'completed');
  }).timeout(15_000);

  it('books no invoice that both would send, only where the flows send', async () => {
    const seed = withSettings({ account_peppol_proxy_state: 'active' });
    await open({ seed });
    const [alone] = await posting.receive(invoice('1'));
    assert.equal(await posting.end(alone!), 'completed');
    const beside = [
      node('channel', 'einvoice-channel', { channel: 'peppol-rest', url: 'http://127.0.0.1:9' }),
      node('submit', 'einvoice-submit', { entity: 'entity', channel: 'channel', wires: [[], []] }),
    ];
    await posting.redeploy({ beside });
    const ids = await posting.receive(invoice('2'), creditNote('1', invoice('1')));
    assert.deepEqual(await posting.ends(ids), ['ODOO_AUTOMATION', 'ODOO_AUTOMATION']);
    assert.equal((await posting.moves()).length, 1);
  }).timeout(15_000);
});
