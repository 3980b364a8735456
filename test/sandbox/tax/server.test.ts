import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Running } from '../../../sandbox/lib/server';
import { startTax, TAX_API_KEY, type TaxRecord } from '../../../sandbox/tax';

const line = (amount: string, taxCode = 'txr_de_19', id = 'l1') => ({
  id,
  amount,
  category: 'S',
  rate: '19',
  taxCode,
});
const request = (lines: ReturnType<typeof line>[], more = {}) => ({
  type: 'sale',
  date: '2026-11-20',
  currency: 'EUR',
  rounding: 'line',
  reference: 'r',
  seller: { country: 'DE' },
  buyer: { country: 'DE' },
  lines,
  ...more,
});

describe('the tax sandbox', function () {
  this.timeout(15_000);
  let service: Running;
  const call = async (path: string, body?: unknown, key = TAX_API_KEY) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
    const answer = await fetch(`${service.url}/v1/transactions/${path}`, init);
    return { status: answer.status, body: (await answer.json()) as TaxRecord };
  };
  beforeEach(async () => {
    service = await startTax();
  });
  afterEach(() => service.close());

  it('quotes and keeps nothing', async () => {
    const quoted = await call('quote', request([line('100.00'), line('33.33', 'txr_de_7', 'l2')]));
    assert.equal(quoted.status, 200);
    assert.deepEqual(
      [quoted.body.totalTax, quoted.body.lines.map(({ amount }) => amount)],
      ['21.33', ['19.00', '2.33']],
    );
    assert.deepEqual(await (await fetch(`${service.url}/_sandbox/transactions`)).json(), []);
  });

  it('rounds by line or by total; both add up', async () => {
    const amounts = fc.array(fc.integer({ min: -99_999, max: 999_999 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(amounts, fc.constantFrom('line', 'total'), async (minors, rounding) => {
        const lines = minors.map((minor, at) =>
          line(
            `${minor < 0 ? '-' : ''}${Math.floor(Math.abs(minor) / 100)}.${String(Math.abs(minor) % 100).padStart(2, '0')}`,
            'txr_us_ny',
            `l${at}`,
          ),
        );
        const { body } = await call('quote', request(lines, { rounding }));
        const cents = (text: string) => Math.round(Number(text) * 100);
        assert.equal(
          cents(body.totalTax),
          body.lines.reduce((sum, each) => sum + cents(each.amount), 0),
        );
        const exact = minors.reduce((sum, minor) => sum + minor, 0) * 0.08875;
        const most = rounding === 'total' ? 0.5 : 0.5 * minors.length;
        assert.ok(Math.abs(cents(body.totalTax) - exact) <= most + 1e-6);
      }),
      { numRuns: 40 },
    );
  });

  it('keeps one content a code', async () => {
    const content = { code: 'c1', ...request([line('100.00')]) };
    assert.equal((await call('commit', content)).status, 201);
    const again = await call('commit', { ...content, reference: 'another' });
    assert.deepEqual([again.status, again.body.status, again.body.reference], [200, 'committed', 'r']);
    assert.equal((await call('commit', { ...content, ...request([line('100.01')]) })).status, 409);
    const race = await Promise.all(
      Array.from({ length: 6 }, () => call('commit', { code: 'c2', ...request([line('1.00')]) })),
    );
    assert.equal(race.filter(({ status }) => status === 201).length, 1);
  });

  it('adjusts and voids what there is, as often as asked', async () => {
    const code = 'c1';
    await call('commit', { code, ...request([line('100.00')]) });
    for (let times = 0; times < 2; times++) {
      const adjusted = await call('adjust', { code, ...request([line('50.00')]) });
      assert.deepEqual(
        [adjusted.status, adjusted.body.status, adjusted.body.totalTax],
        [200, 'adjusted', '9.50'],
      );
    }
    for (let times = 0; times < 2; times++)
      assert.equal((await call('void', { code })).body.status, 'voided');
    assert.equal((await call('adjust', { code, ...request([line('1.00')]) })).status, 409);
    assert.equal((await call('adjust', { code: 'none', ...request([line('1.00')]) })).status, 404);
    assert.equal((await call('void', { code: 'none' })).status, 404);
    assert.equal((await call(code)).body.status, 'voided');
    assert.equal((await call('none')).status, 404);
  });

  it('refuses unknown codes, bad bodies and wrong keys', async () => {
    assert.equal((await call('quote', request([line('1.00', 'txr_unmapped')]))).status, 422);
    assert.equal((await call('quote', request([line('1e3')]))).status, 422);
    assert.equal((await call('commit', request([line('1.00')]))).status, 422);
    assert.equal((await call('quote', request([line('1.00')]), 'wrong')).status, 401);
  });

  it('remembers over a restart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tax-'));
    const dataFile = join(folder, 'tax.db');
    await service.close();
    service = await startTax({ dataFile });
    const content = { code: 'c1', ...request([line('100.00')]) };
    const first = await call('commit', content);
    await service.close();
    service = await startTax({ dataFile });
    assert.deepEqual((await call('commit', content)).body, first.body);
    rmSync(folder, { recursive: true });
  });
});
