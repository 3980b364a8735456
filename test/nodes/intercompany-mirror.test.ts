import { strict as assert } from 'node:assert';
import { afterEach, describe, it } from 'mocha';
import { intercompanyPairs } from '../../cli/intercompany';
import { FinanceError } from '../../errors';
import { pairReport } from '../../finance';
import type { Invoice, JournalEntry, Party } from '../../finance/documents';
import type { OdooSeed } from '../../sandbox/odoo';
import { invoice, line } from '../connectors/odoo/documents';
import { entry } from '../connectors/odoo/kinds';
import { node } from './bench';
import { GroupBench, kinds } from './group-bench';

const US: Party = { name: 'Ledgerway Demo Inc.', address: { country: 'US' } };

/** Sold by the German entity to the American one; no tax. */
const sold = (n: string, more: Partial<Invoice> = {}): Invoice =>
  invoice(n, {
    buyer: US,
    lines: [
      line({ tax: { category: 'G', rate: '0' }, posting: { account: '8400', taxes: ['USt 0% Export'] } }),
    ],
    taxes: [{ category: 'G', rate: '0', base: '100.00', amount: '0.00', exemptionReason: 'Export' }],
    totals: { lines: '100.00', net: '100.00', tax: '0.00', gross: '100.00', due: '100.00' },
    ...more,
  });

const lent = (n: string): JournalEntry =>
  entry(n, {
    lines: [
      { account: '1360', label: 'Paid for the US', debit: '90.00', credit: '0.00', partner: US },
      { account: '4970', label: 'Own fee', debit: '1.00', credit: '0.00' },
      { account: '1200', label: 'Bank', debit: '0.00', credit: '91.00' },
    ],
  });

const MIRROR = node('mirror', 'intercompany-mirror', {
  from: 'entity',
  to: 'us',
  connection: 'odoo',
  approval: 'entity',
  elimination: '',
  billJournal: 'BILL',
  payableAccount: '',
  accounts: '{"8400":"600000"}',
  taxes: '{"G 0":""}',
  entryJournal: 'MISC',
  due: '[{"account":"1360","dueTo":"211000","counterpart":"600000"}]',
});

describe('intercompany mirror', () => {
  let group: GroupBench;
  afterEach(() => group.close());

  const open = async (more: object = {}, us: object = {}, seed?: (seed: OdooSeed) => void) => {
    group = await GroupBench.open({ between: [{ ...MIRROR, ...more }], us, seed });
  };
  const report = async () => pairReport(await intercompanyPairs(group.bench.store));

  it('an invoice becomes the bill of the other entity, linked both ways; a replay mirrors nothing again', async () => {
    await open();
    const [parent] = await group.post(sold('1'));
    const [child] = await group.children(parent!);
    assert.equal(await group.end(child!.id), 'completed');
    const [invoiced] = await group.moves(1);
    const [billed] = await group.moves(2);
    assert.deepEqual(
      [billed?.moveType, billed?.ref, billed?.partner, billed?.amountTotal, billed?.currency, billed?.state],
      ['in_invoice', invoiced?.name, 'Ledgerway Demo GmbH', '100.00', 'EUR', 'posted'],
    );
    assert.deepEqual(
      [child?.parent_id, child?.amount, child?.currency, child?.date],
      [parent, '100.00', 'EUR', '2026-11-02'],
    );
    const row = await group.bench.store.documentRow({ documentId: parent! });
    assert.equal(child?.receive_key, `${row.receive_key}#mirror acme_us`);
    const { made } = (await group.result(parent!, 'intercompany.mirror')) as {
      made: { businessKey: string }[];
    };
    assert.equal(
      made[0]?.businessKey,
      (await group.bench.store.documentRow({ documentId: child!.id })).business_key,
    );

    await group.bench.store.replay({ documentId: parent!, actor: 'carla', reason: 'again' });
    await group.bench.message('de-done', 2);
    assert.equal((await group.children(parent!)).length, 1);
    const { equal, balances } = await report();
    assert.deepEqual(
      [equal, balances.map(({ from, to, fromAmount, toAmount }) => [from, to, fromAmount, toAmount])],
      [true, [['acme_de', 'acme_us', '100.00', '100.00']]],
    );
  });

  it('an entry becomes due-to for due-from, and is not mirrored back', async () => {
    await open();
    const [parent] = await group.post(lent('1'));
    const [child] = await group.children(parent!);
    assert.equal(await group.end(child!.id), 'completed');
    const [move] = await group.moves(2);
    assert.deepEqual(
      move?.lines.map(({ account, debit, credit, amountCurrency, partner }) => [
        account,
        debit,
        credit,
        amountCurrency,
        partner,
      ]),
      [
        ['600000', '100.00', '0.00', '90.00', 'Ledgerway Demo GmbH'],
        ['211000', '0.00', '100.00', '-90.00', 'Ledgerway Demo GmbH'],
      ],
    );
    const { equal, balances } = await report();
    assert.deepEqual([equal, balances[0]?.fromAmount, balances[0]?.toAmount], [true, '90.00', '90.00']);
  });

  it('a credit note is mirrored as one of the mirrored bill', async () => {
    await open();
    await group.post(sold('1'));
    const note = sold('1n', {
      kind: 'credit_note',
      source: { system: 'stripe', id: 'cn_1' },
      precedingInvoice: { sourceId: 'in_1' },
    });
    const [parent] = await group.post(note);
    const [child] = await group.children(parent!);
    assert.equal(await group.end(child!.id), 'completed');
    const types = (await group.moves(2)).map(({ moveType, amountResidual }) => [moveType, amountResidual]);
    assert.deepEqual(types, [
      ['in_invoice', '0.00'],
      ['in_refund', '0.00'],
    ]);
    assert.equal((await report()).equal, true);
  });

  it('waits for the approval of the other entity where it asks for one: till then the pair is open', async () => {
    await open({}, { kinds: kinds({ kind: 'invoice', approval: true, exceptionOwner: 'ap-us' }) });
    const [parent] = await group.post(sold('1'));
    const [child] = await group.children(parent!);
    assert.equal(await group.end(child!.id), 'DOCUMENT_APPROVAL');
    assert.deepEqual(await group.moves(2), []);
    const [exception] = await group.bench.store.exceptions({ entity: 'acme_us' });
    assert.deepEqual([exception?.owner, exception?.amount], ['ap-us', '100.00']);
    assert.deepEqual(
      (await report()).unpaired.map(({ why, from }) => [why, from.documentId]),
      [['waits for an approval of acme_us', parent]],
    );
    await group.bench.store.replay({ documentId: child!.id, actor: 'ben', reason: 'ordered by us' });
    await group.bench.message('us-done');
    assert.equal((await group.moves(2))[0]?.state, 'posted');
    assert.equal((await report()).equal, true);
  });

  it('a side that fails is held and named, never half in silence', async () => {
    await open({ accounts: '{}' });
    const [unmapped] = await group.receive(sold('1'));
    assert.equal(await group.end(unmapped!), 'MAP_UNMAPPED');
    assert.deepEqual(await group.children(unmapped!), []);
    await group.bench.close();
    await group.odoo.close();

    await open({ accounts: '{"8400":"699999"}' });
    const [parent] = await group.post(sold('1'));
    const [child] = await group.children(parent!);
    assert.equal(await group.end(child!.id), 'ODOO_LOOKUP');
    const { equal, unpaired, balances } = await report();
    assert.equal(equal, false);
    assert.match(unpaired[0]!.why, /^held in acme_us: ODOO_LOOKUP – /);
    assert.equal(balances[0]?.difference, '100.00');
    // a person makes the account, and retries
    const spare = group.odoo.odoo.db.all('account.account').find(({ code }) => code === '600000')!;
    await group.edit({ do: 'write', model: 'account.account', id: spare.id, values: { code: '699999' } });
    await group.bench.store.replay({ documentId: child!.id, actor: 'carla', reason: 'account made' });
    await group.bench.message('us-done');
    assert.equal((await report()).equal, true);
  });

  for (const lost of ['before', 'after'] as const)
    it(`a write that is lost ${lost} its commit leaves one mirror, not none and not two`, async () => {
      await open();
      const { store } = group.bench;
      const complete = store.complete.bind(store);
      let faults = 1;
      store.complete = async (input) => {
        if (input.children?.length && faults-- > 0) {
          if (lost === 'after') await complete(input);
          throw new FinanceError('STORE_UNAVAILABLE', { retryAfterMs: 50 });
        }
        await complete(input);
      };
      const [parent] = await group.post(sold('1'));
      assert.ok(faults <= 0);
      const children = await group.children(parent!);
      assert.equal(children.length, 1);
      assert.equal(await group.end(children[0]!.id), 'completed');
      assert.equal((await group.moves(2)).length, 1);
      assert.equal((await report()).equal, true);
    });

  it('mirrors no invoice that Odoo mirrors by itself, and entries all the same', async () => {
    await open({}, {}, (seed) => {
      seed.modules = ['account_inter_company_rules'];
      for (const company of seed.companies)
        if (company.id === 2) company.settings = { rule_type: 'invoice_and_refund' };
    });
    const [held, entered] = await group.receive(sold('1'), lent('1'));
    assert.equal(await group.end(held!), 'ODOO_AUTOMATION');
    assert.equal(await group.end(entered!), 'completed');
    assert.deepEqual(await group.children(held!), []);
    assert.equal((await group.children(entered!)).length, 1);
    await group.edit({ do: 'write', model: 'res.company', id: 2, values: { rule_type: 'not_synchronize' } });
    await group.bench.store.replay({ documentId: held!, actor: 'carla', reason: 'switched off' });
    await group.bench.until(async () => (await group.children(held!)).length === 1);
  });

  it('what is not between the two goes on as it is', async () => {
    await open();
    const ids = await group.post(
      invoice('1'),
      entry('1', { lines: entry('1').lines.map((one) => ({ ...one, partner: invoice('1').buyer })) }),
    );
    for (const id of ids) assert.deepEqual(await group.children(id), []);
    assert.deepEqual((await report()).balances, []);
  });
});
