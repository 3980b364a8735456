import { strict as assert } from 'node:assert';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, it } from 'mocha';
import type { PostableDocument } from '../../connectors/odoo';
import { invoice } from '../connectors/odoo/documents';
import { bankLine, payment } from '../connectors/odoo/kinds';
import { node } from './bench';
import { GroupBench, kinds } from './group-bench';

const POSTED = [{ kind: 'invoice' }, { kind: 'payment' }];

const TERMS = {
  tolerance: '0.50',
  writeOffAccount: '4970',
  overpaymentAccount: '0990',
  settlementJournal: 'MISC',
};

describe('odoo reconcile', () => {
  let group: GroupBench;
  afterEach(() => group.close());

  const open = async (version?: '16.0' | '17.0' | '19.0', de: object = {}) => {
    const step = (id: string, more: object) =>
      node(id, 'odoo-reconcile', {
        entity: 'entity',
        connection: 'odoo',
        ...more,
        wires: [['done'], ['failed']],
      });
    const loose = [
      step('match', { action: 'reconcile', ...TERMS }),
      step('undo', { action: 'unreconcile' }),
      node('done', 'helper'),
      node('failed', 'helper'),
    ];
    group = await GroupBench.open({ loose, version, de });
  };

  const send = async (at: 'match' | 'undo', payload: PostableDocument, allocations?: object[]) => {
    const before = group.bench.at('done').length;
    group.bench.send(at, { payload, ...(allocations && { allocations }) });
    return await group.bench.message('done', before + 1);
  };
  const refused = async (payload: PostableDocument, allocations?: object[]) => {
    const before = group.bench.at('failed').length;
    group.bench.send('match', { payload, ...(allocations && { allocations }) });
    const { error } = await group.bench.message('failed', before + 1);
    return (error as { code: string }).code;
  };
  const residuals = async (): Promise<string[]> =>
    (await group.moves(1))
      .filter(({ moveType }) => moveType === 'out_invoice')
      .map((move) => move.amountResidual);

  for (const version of ['16.0', '17.0', '19.0'] as const)
    it(`shares a posted payment out, in part, with a difference written off, and takes it back (${version})`, async () => {
      await open(version);
      const paid = payment('1', [], { amount: '260.00' });
      await group.post(invoice('1'), invoice('2'), invoice('3'), paid);
      assert.deepEqual(await residuals(), ['119.00', '119.00', '119.00']);
      const shares = [
        { sourceId: 'in_1', amount: '119.00' },
        { sourceId: 'in_2', amount: '118.60' },
        { sourceId: 'in_3', amount: '20.00' },
      ];
      const { odoo } = await send('match', paid, shares);
      // 0.40 of the second is a bank charge, 2.40 of the payment go to prepayments
      assert.deepEqual(await residuals(), ['0.00', '0.00', '99.00']);
      const { matched } = odoo as { matched: { amount: string; matched: string }[] };
      assert.deepEqual(
        matched.map((one) => one.matched),
        ['119.00', '118.60', '20.00'],
      );
      const moves = (await group.moves()).length;
      const again = await send('match', paid, shares);
      assert.deepEqual(again.odoo, odoo);
      assert.equal((await group.moves()).length, moves);
      await send('undo', paid);
      const [first] = await residuals();
      assert.equal(first, '119.00');
      assert.equal((await group.moves()).length, moves);
    });

  it('matches a bank line with what it pays, and gives it back', async () => {
    await open();
    const line = bankLine('1', { amount: '200.00' });
    await group.post(invoice('1'), invoice('2'), line);
    const { source } = invoice('1');
    const shares = ['in_1', 'in_2'].map((sourceId) => ({ sourceId, amount: '119.00' }));
    // the documents come from billing, the line from the bank: what it pays is named as Odoo has it
    assert.equal(await refused(line, shares), 'ODOO_MISSING');
    const ids = (await group.moves(1))
      .filter(({ moveType }) => moveType === 'out_invoice')
      .map(({ id }) => id);
    assert.equal(source.system, 'stripe');
    const named = (...amounts: string[]) => amounts.map((amount, at) => ({ moveId: ids[at], amount }));
    assert.equal(await refused(line, named('119.00', '119.00')), 'ODOO_AMOUNT_DIFFERS');
    assert.deepEqual(await residuals(), ['119.00', '119.00']);
    const { odoo } = await send('match', line, named('119.00', '81.00'));
    assert.deepEqual(
      (odoo as { matched: { matched: string }[] }).matched.map(({ matched }) => matched),
      ['119.00', '81.00'],
    );
    assert.deepEqual(await residuals(), ['0.00', '38.00']);
    await send('undo', line);
    assert.deepEqual(await residuals(), ['119.00', '119.00']);
  });

  it('matches again what was taken back, as often as that is asked', async () => {
    await open();
    const paid = payment('1', [], { amount: '100.00' });
    await group.post(invoice('1'), paid);
    const shares = [{ sourceId: 'in_1', amount: '100.00' }];
    for (const _round of [1, 2, 3]) {
      await send('match', paid, shares);
      await send('match', paid, shares);
      assert.deepEqual(await residuals(), ['19.00']);
      await send('undo', paid);
      await send('undo', paid);
      assert.deepEqual(await residuals(), ['119.00']);
    }
  });

  for (const [latePosting, expected] of [
    ['hold', 'ODOO_DATE_MOVED'],
    ['next-open-period', '2026-11-11'],
    ['approval', 'DOCUMENT_APPROVAL'],
  ] as const)
    it(`writes off after the close under the late policy of entries: ${latePosting}`, async () => {
      await open(undefined, { kinds: kinds({ kind: 'journal_entry', latePosting }, ...POSTED) });
      const paid = payment('1', [], { amount: '118.60' });
      await group.post(invoice('1'), paid);
      await group.edit({
        do: 'write',
        model: 'res.company',
        id: 1,
        values: { fiscalyear_lock_date: '2026-11-10' },
      });
      // lock dates are believed for two seconds
      await setTimeout(2_100);
      const shares = [{ sourceId: 'in_1', amount: '118.60' }];
      if (latePosting !== 'next-open-period') {
        assert.equal(await refused(paid, shares), expected);
        assert.deepEqual(await residuals(), ['119.00']);
        return;
      }
      await send('match', paid, shares);
      assert.deepEqual(await residuals(), ['0.00']);
      const [entry] = (await group.moves(1)).filter(({ externalId }) => externalId?.endsWith('__settle'));
      assert.equal(entry?.date, expected);
    });

  it('an answer that is lost is asked for: what is matched already is done', async () => {
    await open();
    const paid = payment('1', []);
    await group.post(invoice('1'), paid);
    await group.fault('drop-after-commit', { model: 'account.move.line', method: 'reconcile' });
    const shares = [{ sourceId: 'in_1', amount: '119.00' }];
    const failed = await refused(paid, shares);
    assert.match(failed, /^ODOO_(TIMEOUT|UNAVAILABLE)$/);
    await group.bench.until(async () => {
      const documents = await group.bench.store.documents({ state: 'retry' });
      return documents.length === 0;
    });
    const { odoo } = await send('match', paid, shares);
    assert.deepEqual((odoo as { matched: object[] }).matched.length, 1);
    assert.deepEqual(await residuals(), ['0.00']);
  });

  it('refuses what is not posted, what has nothing to settle, and more than there is', async () => {
    await open();
    const paid = payment('1', []);
    assert.equal(await refused(paid, [{ sourceId: 'in_1', amount: '119.00' }]), 'ODOO_MISSING');
    assert.equal(await refused(paid), 'MAP_INPUT_INVALID');
    assert.equal(await refused(paid, [{ sourceId: 'in_1', amount: '-1' }]), 'MAP_INPUT_INVALID');
    assert.equal(await refused(invoice('9')), 'MAP_INPUT_INVALID');
    await group.post(invoice('1'), paid);
    assert.equal(await refused(paid, [{ sourceId: 'in_1', amount: '119.01' }]), 'ODOO_AMOUNT_DIFFERS');
  });
});
