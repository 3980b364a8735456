import { strict as assert } from 'node:assert';
import { afterEach, describe, it } from 'mocha';
import type { ControlResult } from '../../finance';
import { invoice, line } from '../connectors/odoo/documents';
import { node } from './bench';
import { GroupBench } from './group-bench';

const spread = (start: string, end: string) =>
  invoice('spread', {
    lines: [
      line({
        period: { start, end },
        posting: { account: '0990', taxes: ['USt 19%'], deferral: { account: '8400', journal: 'MISC' } },
      }),
    ],
  });

describe('the schedule of a deferred invoice', () => {
  let group: GroupBench;
  afterEach(() => group.close());

  it('is part of the invoice: a checkpoint of entries does not take it for something extra', async () => {
    const check = node('check', 'checkpoint', {
      name: 'close',
      entities: '["entity"]',
      connection: 'odoo',
      period: 'given',
      kinds: '[]',
      journals: '[]',
      wires: [['told'], ['told']],
    });
    group = await GroupBench.open({ loose: [check, node('told', 'helper')] });
    await group.post(spread('2026-11-01', '2027-01-31'));
    group.bench.send('check', { payload: { period: { from: '2026-11-01', to: '2026-12-31' } } });
    const { checkpoint } = await group.bench.message('told');
    assert.deepEqual((checkpoint as ControlResult[])[0]!.differences, []);
    const keys = (await group.moves(1)).map(({ externalId }) => externalId);
    assert.deepEqual(keys.slice(1), [
      'ledgerway.acme_de__invoice__stripe__in_spread__schedule_1',
      'ledgerway.acme_de__invoice__stripe__in_spread__schedule_2',
      'ledgerway.acme_de__invoice__stripe__in_spread__schedule_3',
    ]);
  });

  it('carries the trading partner, and counts for a cost centre month by month only', async () => {
    group = await GroupBench.open();
    const sold = spread('2026-11-01', '2027-01-31');
    const [only] = sold.lines;
    const posting = { ...only!.posting!, analytic: { SUB: '100' } };
    await group.post({ ...sold, lines: [{ ...only!, posting }] });
    const { db } = group.odoo.odoo;
    const lines = db.all('account.move.line').filter(({ display_type }) => display_type === 'product');
    const counted = lines.filter(({ analytic_distribution: shares }) => shares && shares !== '{}');
    const cents = counted.map(({ balance }) => Math.round(Number(balance) * 100));
    assert.equal(
      cents.reduce((all, each) => all + each, 0),
      -10_000,
    );
    assert.equal(counted.length, 3);
    assert.equal(new Set(lines.map(({ partner_id }) => partner_id)).size, 1);
    assert.ok(lines[0]?.partner_id);
  });

  it('recognises months before the cut-over on the day of the invoice', async () => {
    group = await GroupBench.open({ de: { cutOver: '2026-11-01' } });
    await group.post(spread('2026-10-15', '2026-12-14'));
    const entries = (await group.moves(1)).slice(1);
    assert.deepEqual(
      entries.map(({ date, lines }) => [date, lines[0]?.debit]),
      [
        ['2026-11-02', '27.87'],
        ['2026-11-30', '49.18'],
        ['2026-12-31', '22.95'],
      ],
    );
  });
});
