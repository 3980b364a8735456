import assert from 'node:assert/strict';
import fc from 'fast-check';
import { lookupMove } from '../../../connectors/odoo';
import { isFinanceError } from '../../../errors';
import type { Invoice, InvoiceLine } from '../../../finance/documents';
import { add, multiply, percentOf, round, roundMoney, sum } from '../../../finance/money';
import { Books, keyOf, type Version } from './books';
import { invoice } from './documents';

const RATES = { '19': { account: '8400', tax: 'USt 19%' }, '7': { account: '8300', tax: 'USt 7%' } } as const;
type Rate = keyof typeof RATES;

interface Shape {
  lines: { rate: Rate; quantity: number; cents: number }[];
  /** The source rounds each line by itself, or the whole subtotal. */
  perLine: boolean;
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  lines: fc.array(
    fc.record({
      rate: fc.constantFrom<Rate>('19', '7'),
      quantity: fc.integer({ min: 1, max: 40 }),
      cents: fc.integer({ min: 1, max: 99_999 }),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  perLine: fc.boolean(),
});

/** An invoice with the tax that a source with this rounding would say. */
function documentOf(id: string, { lines, perLine }: Shape): Invoice {
  const written = lines.map(({ rate, quantity, cents }, index): InvoiceLine => {
    const unitPrice = multiply(String(cents), '0.01');
    const netAmount = round(multiply(String(quantity), unitPrice), 2);
    return {
      id: String(index + 1),
      name: `Line ${index + 1}`,
      quantity: String(quantity),
      unit: 'C62',
      unitPrice,
      netAmount,
      tax: { category: 'S', rate },
      posting: { account: RATES[rate].account, taxes: [RATES[rate].tax] },
    };
  });
  const taxes = [...new Set(lines.map(({ rate }) => rate))].map((rate) => {
    const nets = written.filter(({ tax }) => tax.rate === rate).map(({ netAmount }) => netAmount);
    const base = sum(nets);
    const rounded = sum(nets.map((net) => roundMoney(percentOf(net, rate), 'EUR')));
    const amount = perLine ? rounded : roundMoney(percentOf(base, rate), 'EUR');
    return { category: 'S' as const, rate, base, amount };
  });
  const net = sum(written.map(({ netAmount }) => netAmount));
  const tax = sum(taxes.map(({ amount }) => amount));
  const gross = add(net, tax);
  return invoice(id, { lines: written, taxes, totals: { lines: net, net, tax, gross, due: gross } });
}

const faults = fc.array(
  fc.record({
    method: fc.constantFrom('load', 'write', 'action_post', 'search_read'),
    mode: fc.constantFrom('serialization', 'connection-lost', 'drop-before', 'drop-after-commit', 'http-502'),
  }),
  { maxLength: 4 },
);

const REPEATED = new Set(['transient', 'throttled', 'unavailable', 'in_doubt']);

describe('a posting under faults', () => {
  for (const [version, protocol] of [
    [16, 'xmlrpc'],
    [17, 'jsonrpc'],
    [19, 'json2'],
  ] as [Version, 'xmlrpc' | 'jsonrpc' | 'json2'][])
    it(`is one move with the document's own amounts, whatever is cut off (Odoo ${version}, ${protocol})`, async function () {
      this.timeout(20_000);
      const books = await Books.open(version, protocol);
      let run = 0;
      try {
        await fc.assert(
          fc.asyncProperty(shapes, faults, async (shape, rules) => {
            run += 1;
            const document = documentOf(`p${version}_${run}`, shape);
            for (const { method, mode } of rules)
              await books.fault({ match: { model: 'account.move', method }, mode, times: 1 });
            const posted = await repeat(() => books.post(document));
            assert.deepEqual(
              [posted.amountUntaxed, posted.amountTax, posted.amountTotal],
              [document.totals.net, document.totals.tax, document.totals.gross],
            );
            await books.clearFaults();
            assert.deepEqual(await books.moves(document.source.number ?? ''), [posted.moveId]);
            assert.equal((await lookupMove(books.client, keyOf(document), 1))?.state, 'posted');
          }),
          { numRuns: 40 },
        );
      } finally {
        await books.close();
      }
    });
});

/** What the runtime does with an error whose kind says "again". */
async function repeat<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1)
    try {
      return await work();
    } catch (error) {
      if (attempt > 10 || !isFinanceError(error) || !REPEATED.has(error.kind)) throw error;
    }
}
