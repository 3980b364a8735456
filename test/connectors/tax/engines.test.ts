import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { httpJson, ratesTable, type TaxCall, type TaxEngine } from '../../../connectors/tax';
import { type ErrorCode, type FinanceError, isFinanceError } from '../../../errors';
import { sum } from '../../../finance/money';
import type { RatesTable } from '../../../finance/tax-rates';
import { validateDocument } from '../../../finance/validate';
import type { Running } from '../../../sandbox/lib/server';
import { startTax, TAX_API_KEY } from '../../../sandbox/tax';
import { invoiceOf, lineOf, SELLER } from '../../finance/documents';

const failsWith = (code: ErrorCode) => (error: unknown) => isFinanceError(error) && error.code === code;
const TABLE: RatesTable = {
  name: 'de',
  version: '2026-01',
  rates: [
    {
      name: 'USt 19%',
      category: 'S',
      rate: '19',
      country: 'DE',
      from: '2007-01-01',
      sourceCodes: ['txr_de_19'],
    },
    {
      name: 'USt 7%',
      category: 'S',
      rate: '7',
      country: 'DE',
      from: '2007-01-01',
      sourceCodes: ['txr_de_7'],
    },
  ],
};
const taxed = (unitPrice: string, rate = '19', id = 'l1') =>
  lineOf({ id, unitPrice, tax: { category: 'S', rate, sourceCode: `txr_de_${rate}` } });
const callFor = (lines = [taxed('100.00')], more: Partial<TaxCall> = {}): TaxCall => ({
  invoice: invoiceOf(lines),
  mode: 'round_per_line',
  seller: SELLER,
  code: 'acme_de.in_1',
  ...more,
});

describe('tax engines', function () {
  this.timeout(15_000);
  let service: Running;
  let engine: TaxEngine;
  const open = (timeoutMs = 2000, apiKey = TAX_API_KEY) =>
    httpJson({ baseUrl: service.url, apiKey, timeoutMs });
  const fault = (body: unknown) =>
    fetch(`${service.url}/_sandbox/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const held = async () =>
    (await (await fetch(`${service.url}/_sandbox/transactions`)).json()) as { code: string }[];

  beforeEach(async () => {
    service = await startTax();
    engine = open();
  });
  afterEach(() => service.close());

  it('decide alike: the table and the service, on any invoice and in both modes', async () => {
    const table = ratesTable(TABLE);
    const lines = fc.array(fc.tuple(fc.integer({ min: 1, max: 9_999_999 }), fc.constantFrom('19', '7')), {
      minLength: 1,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(lines, fc.constantFrom('round_per_line', 'round_globally'), async (drawn, mode) => {
        const invoice = invoiceOf(
          drawn.map(([minor, rate], at) =>
            taxed(`${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, '0')}`, rate, `l${at}`),
          ),
        );
        const call = callFor([], { invoice, mode });
        const [ours, theirs] = [await table.quote(call), await engine.quote(call)];
        for (const decision of [ours, theirs]) {
          assert.deepEqual(validateDocument(decision), decision);
          assert.equal(decision.totalTax, sum(decision.lines.map(({ amount }) => amount)));
          assert.equal(decision.phase, 'quote');
        }
        assert.equal(ours.totalTax, theirs.totalTax);
        if (mode === 'round_globally') assert.equal(theirs.difference, '0.00', 'EN 16931 rounds by rate');
      }),
      { numRuns: 40 },
    );
  });

  it('commit, adjust and void under one code, and find the record again', async () => {
    const call = callFor();
    const committed = await engine.commit(call);
    assert.deepEqual(
      [committed.phase, committed.code, committed.totalTax],
      ['commit', 'acme_de.in_1', '19.00'],
    );
    assert.deepEqual(await engine.commit(call), committed);
    assert.deepEqual(await engine.lookup(call), committed);
    await assert.rejects(engine.commit(callFor([taxed('90.00')])), failsWith('TAX_CONFLICT'));

    const changed = callFor([taxed('50.00')]);
    assert.equal(await engine.lookup(changed), undefined, 'the record is not of this content yet');
    assert.equal((await engine.adjust(changed)).phase, 'adjust');
    assert.equal((await engine.lookup(changed))?.phase, 'adjust');
    assert.equal((await engine.void(changed)).phase, 'void');
    assert.equal((await engine.lookup(changed))?.phase, 'void');
    assert.equal(await engine.lookup({ ...call, code: 'none' }), undefined);
  });

  it('of the table decide the same again, and say what they are', async () => {
    const now = () => new Date('2026-11-21T10:00:00Z');
    const table = ratesTable(TABLE, { now, fallback: true });
    const committed = await table.commit(callFor());
    assert.deepEqual(await table.commit(callFor()), committed);
    assert.deepEqual(
      [committed.phase, committed.code, committed.fallback, committed.decidedAt],
      ['commit', 'acme_de.in_1', true, '2026-11-21T10:00:00.000Z'],
    );
    assert.equal((await table.quote(callFor())).code, undefined);
    await assert.rejects(table.quote(callFor([taxed('1.00', '16')])), failsWith('TAX_RATE_MISSING'));
  });

  it('are in doubt when a commit gets no answer; the look-up and the repeat find one record', async () => {
    const impatient = open(250);
    for (const kind of ['timeout-after-commit', 'drop-after-commit', 'drop']) {
      const call = callFor(undefined, { code: `acme_de.${kind}` });
      await fault({ fault: kind, at: 'commit' });
      await assert.rejects(
        impatient.commit(call),
        (error) => failsWith('TAX_TIMEOUT')(error) && (error as FinanceError).kind === 'in_doubt',
      );
      const found = await impatient.lookup(call);
      assert.equal(found !== undefined, kind !== 'drop');
      const settled = await impatient.commit(call);
      if (found) assert.deepEqual(settled, found);
      assert.equal((await held()).filter(({ code }) => code === call.code).length, 1);
    }
  });

  it('are never in doubt about a quote', async () => {
    await fault({ fault: 'delay', at: 'quote', delayMs: 300 });
    await assert.rejects(open(60).quote(callFor()), failsWith('TAX_UNAVAILABLE'));
    assert.equal((await held()).length, 0);
  });

  it('name every failure of the service', async () => {
    const cases: [unknown, ErrorCode, string][] = [
      [{ fault: '500', at: 'commit' }, 'TAX_TIMEOUT', 'in_doubt'],
      [{ fault: '504', at: 'commit' }, 'TAX_TIMEOUT', 'in_doubt'],
      [{ fault: '429', at: 'commit', retryAfterSeconds: 3 }, 'TAX_UNAVAILABLE', 'throttled'],
      [{ fault: '422', at: 'commit' }, 'TAX_REJECTED', 'rejected'],
      [{ fault: '418', at: 'commit' }, 'TAX_BAD_ANSWER', 'invalid'],
    ];
    for (const [given, code, kind] of cases) {
      await fault(given);
      await assert.rejects(
        engine.commit(callFor()),
        (error) => failsWith(code)(error) && (error as FinanceError).kind === kind,
        code,
      );
    }
    await assert.rejects(open(500, 'wrong').quote(callFor()), failsWith('TAX_UNAUTHORIZED'));
    const unknown = callFor([lineOf({ tax: { category: 'S', rate: '19', sourceCode: 'txr_unmapped' } })]);
    await assert.rejects(
      engine.quote(unknown),
      (error) => failsWith('TAX_REJECTED')(error) && /txr_unmapped/.test((error as Error).message),
    );
    const gone = await startTax();
    await gone.close();
    const nobody = httpJson({ baseUrl: gone.url, apiKey: 'k' });
    await assert.rejects(nobody.commit(callFor()), failsWith('TAX_UNAVAILABLE'));
    assert.throws(() => httpJson({ baseUrl: 'x', apiKey: 'k' }), failsWith('CONFIG_INVALID'));
    assert.throws(() => httpJson({ baseUrl: 'http://x', apiKey: '' }), failsWith('CONFIG_SECRET_MISSING'));
  });

  it('refuse answers that have another shape or do not add up', async () => {
    const good = (await (
      await fetch(`${service.url}/v1/transactions/quote`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TAX_API_KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          type: 'sale',
          date: '2026-11-20',
          currency: 'EUR',
          rounding: 'line',
          reference: 'r',
          seller: { country: 'DE' },
          buyer: { country: 'DE' },
          lines: [{ id: 'l1', amount: '100.00', category: 'S', rate: '19' }],
        }),
      })
    ).json()) as { lines: object[] };
    const bodies: unknown[] = [
      '<html>',
      { ...good, totalTax: 19 },
      { ...good, totalTax: '19.01' },
      { ...good, currency: 'USD' },
      { ...good, code: 'of another' },
      { ...good, decidedAt: 'yesterday' },
      { ...good, lines: [{ ...good.lines[0], lineId: 'l9' }] },
      good,
    ];
    const answers = [...bodies];
    const server = createServer((_req, res) => {
      const body = answers.shift();
      res.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const strange = httpJson({
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      apiKey: 'k',
    });
    for (const body of bodies.slice(0, -1))
      await assert.rejects(strange.quote(callFor()), failsWith('TAX_BAD_ANSWER'), JSON.stringify(body));
    assert.equal((await strange.quote(callFor())).totalTax, '19.00');
    server.close();
    server.closeAllConnections();
  });
});
