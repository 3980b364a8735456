import assert from 'node:assert/strict';
import { demoSeed, type LedgerMove, type RunningOdoo, startOdoo } from '../../../sandbox/odoo';
import { Caller, loadedIds, loadInvoices } from './caller';

describe('Sandbox Odoo: the ledger page and a person’s edits', () => {
  let server: RunningOdoo;
  let caller: Caller;

  beforeEach(async () => {
    server = await startOdoo({ seed: demoSeed() });
    caller = new Caller(server.url);
  });
  afterEach(() => server.close());

  const page = async () => (await fetch(`${server.url}/ledger`)).text();
  const moves = async () =>
    ((await (await fetch(`${server.url}/_sandbox/ledger`)).json()) as { moves: LedgerMove[] }).moves;
  const edit = async (body: object) =>
    (await fetch(`${server.url}/_sandbox/edit`, { method: 'POST', body: JSON.stringify(body) })).status;

  it('shows each move with its external key and lines, escaped and without script', async () => {
    const partner = await caller.call<number>('res.partner', 'create', [
      { name: '<script>alert(1)</script> & Co' },
    ]);
    const [id = 0] = await loadedIds(caller, [
      { key: 'page.a', partner, lines: [{ price: '1000', taxes: '1' }] },
    ]);
    await caller.call('account.move', 'action_post', [[id]]);
    const html = await page();
    assert.ok(!/<script/i.test(html));
    assert.match(html, /&lt;script&gt;alert\(1\)&lt;\/script&gt; &amp; Co/);
    assert.match(html, /page\.a/);
    assert.match(html, /Ledgerway Demo GmbH/);
    const [move] = await moves();
    assert.equal(move?.externalId, 'page.a');
    assert.deepEqual(
      [move?.amountUntaxed, move?.amountTax, move?.amountTotal],
      ['1000.00', '190.00', '1190.00'],
    );
    assert.deepEqual(
      move?.lines.map(({ account, debit, credit }) => [account, debit, credit]),
      [
        ['8400', '0.00', '1000.00'],
        ['1776', '0.00', '190.00'],
        ['1400', '1190.00', '0.00'],
      ],
    );
  });

  it('lets a person change and delete a draft; with the draft goes its key, and a retry makes it anew', async () => {
    const draft = { key: 'edit.a', lines: [{ price: '10' }] };
    const [id = 0] = await loadedIds(caller, [draft]);
    assert.equal(await edit({ do: 'write', model: 'account.move', id, values: { ref: 'changed' } }), 200);
    assert.equal((await moves())[0]?.ref, 'changed');
    assert.equal(await edit({ do: 'delete', model: 'account.move', id }), 200);
    assert.deepEqual(await moves(), []);
    const { ids } = await loadInvoices(caller, [draft]);
    assert.deepEqual(ids, [id + 1]);
    assert.equal(await edit({ do: 'lock', company: 1, dates: { name: 'x' } }), 400);
    assert.equal(await edit({ do: 'burn' }), 400);
  });
});
