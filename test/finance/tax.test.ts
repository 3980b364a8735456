import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compare, sub, sum } from '../../finance/money';
import { decideTax } from '../../finance/tax';
import type { RatesTable } from '../../finance/tax-rates';
import { validateDocument } from '../../finance/validate';
import { BUYER, invoiceOf, lineOf, SELLER, validInvoices } from './documents';

const since = { from: '2007-01-01' };
const TABLE: RatesTable = {
  name: 'demo',
  version: '2026-1',
  rates: [
    {
      name: 'USt 19 %',
      category: 'S',
      rate: '19',
      country: 'DE',
      ...since,
      to: '2020-06-30',
      sourceCodes: ['txr_de_19'],
    },
    {
      name: 'USt 16 %',
      category: 'S',
      rate: '16',
      country: 'DE',
      from: '2020-07-01',
      to: '2020-12-31',
      sourceCodes: ['txr_de_19'],
    },
    {
      name: 'USt 19 %',
      category: 'S',
      rate: '19',
      country: 'DE',
      from: '2021-01-01',
      sourceCodes: ['txr_de_19'],
    },
    { name: 'USt 7 %', category: 'S', rate: '7', country: 'DE', ...since },
    ...(['E', 'AE', 'Z'] as const).map((category) => ({
      name: category,
      category,
      rate: '0',
      country: 'DE',
      ...since,
    })),
    { name: 'US', category: 'S', rate: '8', country: 'US', ...since },
    {
      name: 'New York',
      category: 'S',
      rate: '8.875',
      country: 'US',
      subdivision: 'NY',
      ...since,
      sourceCodes: ['txr_us_ny'],
    },
  ],
  exemptions: [{ buyerId: 'cus_museum', certificate: 'ST-119.1/4711', from: '2026-01-01', to: '2026-12-31' }],
  reverseCharge: { countries: ['DE', 'AT', 'FR', 'NL'] },
  destination: ['acme_us'],
};
const OPTIONS = { mode: 'round_globally', decidedAt: '2026-11-21T10:00:00Z', seller: SELLER } as const;

describe('tax decision', () => {
  it('keeps the tax of the source and says by how much it differs', () => {
    const invoice = invoiceOf([lineOf({ tax: { category: 'S', rate: '19', sourceCode: 'txr_de_19' } })]);
    const off = { ...invoice, totals: { ...invoice.totals, tax: '18.99' } };
    const before = JSON.stringify(off);
    const decision = decideTax(off, TABLE, OPTIONS);
    assert.equal(decision.totalTax, '19.00');
    assert.equal(decision.sourceTax, '18.99');
    assert.equal(decision.difference, '0.01');
    assert.equal(JSON.stringify(off), before);
    assert.equal(validateDocument(decision), decision);
  });

  it('goes by the rate of the day', () => {
    const line = lineOf({ tax: { category: 'S', rate: '19', sourceCode: 'txr_de_19' } });
    const on = (issueDate: string, more = {}) =>
      decideTax(invoiceOf([line], { issueDate, ...more }), TABLE, OPTIONS).totalTax;
    assert.equal(on('2020-06-30'), '19.00');
    assert.equal(on('2020-07-01'), '16.00');
    assert.equal(on('2020-12-31'), '16.00');
    assert.equal(on('2021-01-01'), '19.00');
    assert.equal(on('2021-01-01', { taxPointDate: '2020-12-31' }), '16.00');
  });

  it('rounds by line or by group', () => {
    const lines = ['0.13', '0.13', '0.13'].map((unitPrice, index) => lineOf({ id: `l${index}`, unitPrice }));
    const taxes = (mode: 'round_per_line' | 'round_globally') =>
      decideTax(invoiceOf(lines), TABLE, { ...OPTIONS, mode });
    assert.deepEqual(
      taxes('round_per_line').lines.map((line) => line.amount),
      ['0.02', '0.02', '0.02'],
    );
    assert.equal(taxes('round_per_line').totalTax, '0.06');
    assert.equal(taxes('round_globally').totalTax, '0.07');
    assert.equal(sum(taxes('round_globally').lines.map((line) => line.amount)), '0.07');
  });

  it('every decision adds up, whatever the lines', () => {
    fc.assert(
      fc.property(
        validInvoices,
        fc.constantFrom('round_per_line' as const, 'round_globally' as const),
        (invoice, mode) => {
          const decision = decideTax(invoice, TABLE, { ...OPTIONS, mode });
          assert.equal(compare(sum(decision.lines.map((line) => line.amount)), decision.totalTax), 0);
          assert.equal(compare(sub(decision.totalTax, invoice.totals.tax), decision.difference!), 0);
          if (mode === 'round_globally') assert.equal(compare(decision.difference!, '0'), 0);
        },
      ),
    );
  });

  it('a business in another country of the union owes the tax itself', () => {
    const buyer = { ...BUYER, vatId: 'ATU13585627', address: { country: 'AT' } };
    const decision = decideTax(invoiceOf([lineOf()], { buyer }), TABLE, OPTIONS);
    assert.equal(decision.totalTax, '0.00');
    assert.equal(decision.difference, '-19.00');
    assert.equal(decision.flags.reverseCharge, true);
    assert.equal(decision.lines[0]?.category, 'AE');
    const consumer = { ...buyer, vatId: undefined };
    assert.equal(decideTax(invoiceOf([lineOf()], { buyer: consumer }), TABLE, OPTIONS).totalTax, '19.00');
  });

  it('an exempt buyer is exempt as long as the certificate holds', () => {
    const buyer = { ...BUYER, id: 'cus_museum' };
    const decision = decideTax(invoiceOf([lineOf()], { buyer }), TABLE, OPTIONS);
    assert.equal(decision.totalTax, '0.00');
    assert.equal(decision.lines[0]?.exemptionCertificate, 'ST-119.1/4711');
    assert.equal(
      decideTax(invoiceOf([lineOf()], { buyer, issueDate: '2027-01-01' }), TABLE, OPTIONS).totalTax,
      '19.00',
    );
  });

  it("sales tax follows the buyer's state", () => {
    const buyer = { ...BUYER, vatId: undefined, address: { country: 'US', subdivision: 'NY' } };
    const seller = { ...SELLER, address: { country: 'US', subdivision: 'DE' } };
    const line = lineOf({ tax: { category: 'S', rate: '8.875', sourceCode: 'txr_us_ny' } });
    const decision = decideTax(invoiceOf([line], { entity: 'acme_us', currency: 'USD', buyer }), TABLE, {
      ...OPTIONS,
      seller,
    });
    assert.equal(decision.lines[0]?.jurisdiction, 'US-NY');
    assert.equal(decision.totalTax, '8.88');
  });

  it('a rate that the table lacks is asked for in plain words', () => {
    const line = lineOf({ tax: { category: 'S', rate: '5', sourceCode: 'txr_5' } });
    assert.throws(() => decideTax(invoiceOf([line]), TABLE, OPTIONS), {
      code: 'TAX_RATE_MISSING',
      message: 'The rates table demo has no rate for txr_5 in DE on 2026-11-21 (entity acme_de).',
    });
    assert.throws(() => decideTax(invoiceOf([lineOf()]), TABLE, { ...OPTIONS, seller: undefined }), {
      code: 'TAX_RATE_MISSING',
    });
  });
});
