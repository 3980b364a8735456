import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Cache } from '../../../connectors/odoo/cache';
import { buildLoad } from '../../../connectors/odoo/load';
import { amountOf } from '../../../connectors/odoo/records';
import { exponentOf } from '../../../finance/money';

describe('amounts of Odoo', () => {
  it('become the decimals that they stand for, noise in the last digits or not', () => {
    const rows: [number, string, string][] = [
      [119, 'EUR', '119.00'],
      [119.00000000000001, 'EUR', '119.00'],
      [0.1 + 0.2, 'EUR', '0.30'],
      [-18.99, 'EUR', '-18.99'],
      [-0, 'EUR', '0.00'],
      [11000, 'JPY', '11000'],
      [1.005, 'KWD', '1.005'],
    ];
    for (const [value, currency, amount] of rows) assert.equal(amountOf(value, currency), amount);
  });

  it('every amount up to ten thousand millions survives JSON, in each exponent', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e12, max: 1e12 }),
        fc.constantFrom('EUR', 'JPY', 'KWD'),
        (minor, currency) => {
          const scale = 10 ** exponentOf(currency);
          assert.equal(BigInt(amountOf(minor / scale, currency).replace('.', '')), BigInt(minor));
        },
      ),
    );
  });

  it('refuses what is no amount, or has more decimals than the currency', () => {
    for (const value of [Number.NaN, '1', null, 1e15])
      assert.throws(() => amountOf(value, 'EUR'), { code: 'ODOO_BAD_ANSWER' });
    assert.throws(() => amountOf(1.005, 'EUR'), { code: 'ODOO_AMOUNT_DIFFERS' });
  });
});

describe('load', () => {
  const record = (
    key: string,
    cells: Record<string, string | undefined>,
    rows: Record<string, string | undefined>[],
  ) => ({
    key,
    header: cells,
    lines: { field: 'invoice_line_ids', rows },
  });

  it('writes further lines as rows with blank header cells, and leaves out columns that nobody has', () => {
    const request = buildLoad('account.move', [
      record('ledgerway.a', { ref: 'A', name: undefined }, [
        { name: 'x', 'tax_ids/.id': '1,2' },
        { name: 'y', 'tax_ids/.id': '' },
      ]),
      record('ledgerway.b', { ref: 'B', invoice_date_due: '2026-12-01' }, [{ name: 'z', 'tax_ids/.id': '' }]),
    ]);
    assert.deepEqual(request.fields, [
      'id',
      'ref',
      'invoice_date_due',
      'invoice_line_ids/name',
      'invoice_line_ids/tax_ids/.id',
    ]);
    assert.deepEqual(request.data, [
      ['ledgerway.a', 'A', '', 'x', '1,2'],
      ['', '', '', 'y', ''],
      ['ledgerway.b', 'B', '2026-12-01', 'z', ''],
    ]);
    assert.equal(request.records, 2);
  });

  it('refuses keys that Odoo would read otherwise, and one key for two records', () => {
    for (const key of ['', 'nodot', 'a.b.c', 'a.b c', '.b', 'a.'])
      assert.throws(() => buildLoad('m', [record(key, {}, [])]), { code: 'ODOO_VALIDATION' });
    assert.throws(() => buildLoad('m', [record('a.b', {}, []), record('a.b', {}, [])]), {
      code: 'ODOO_VALIDATION',
    });
  });
});

describe('the cache of look-ups', () => {
  it('fetches once for callers at the same time, keeps for a while, and keeps no failure', async () => {
    let now = 0;
    let fetched = 0;
    const cache = new Cache(100, () => now);
    const fetch = async () => {
      fetched += 1;
      if (fetched === 1) throw new Error('not there yet');
      return fetched;
    };
    await assert.rejects(cache.get('a', fetch));
    assert.deepEqual(await Promise.all([cache.get('a', fetch), cache.get('a', fetch)]), [2, 2]);
    now = 99;
    assert.equal(await cache.get('a', fetch), 2);
    now = 101;
    assert.equal(await cache.get('a', fetch), 3);
  });
});
