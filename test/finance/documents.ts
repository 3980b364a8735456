import fc from 'fast-check';
import type { Invoice, InvoiceLine, Party } from '../../finance/documents';
import { taxGroupOf } from '../../finance/invoice';
import { multiply, percentOf, round, roundMoney, sum } from '../../finance/money';

export const SELLER: Party = {
  name: 'Ledgerway Demo GmbH',
  vatId: 'DE811111111',
  registrationId: 'HRB 1234',
  address: { line1: 'Torstraße 1', city: 'Berlin', postalCode: '10119', country: 'DE' },
  endpoint: { scheme: '9930', id: 'DE811111111' },
};

export const BUYER: Party = {
  id: 'cus_1',
  name: 'Nordwind Logistik GmbH',
  vatId: 'DE136695976',
  address: { line1: 'Hafenstraße 12', city: 'Hamburg', postalCode: '20457', country: 'DE' },
  endpoint: { scheme: '9930', id: 'DE136695976' },
};

const REASONS: Record<string, string | undefined> = { E: 'Exempt', AE: 'Reverse charge', G: 'Export' };

export function lineOf(more: Partial<InvoiceLine> = {}): InvoiceLine {
  const quantity = more.quantity ?? '1';
  const unitPrice = more.unitPrice ?? '100.00';
  return {
    id: 'il_1',
    name: 'Pro plan',
    unit: 'C62',
    tax: { category: 'S', rate: '19' },
    posting: { account: '8400', taxes: ['USt 19%'] },
    netAmount: round(multiply(quantity, unitPrice), 2),
    ...more,
    quantity,
    unitPrice,
  };
}

/** An invoice whose breakdown and totals follow from its lines. */
export function invoiceOf(lines: InvoiceLine[], more: Partial<Invoice> = {}): Invoice {
  const currency = more.currency ?? 'EUR';
  const taxes = [...Map.groupBy(lines, (line) => taxGroupOf(line.tax)).values()].map((group) => {
    const { category, rate } = group[0]!.tax;
    const base = sum(group.map((line) => line.netAmount));
    const exemptionReason = REASONS[category];
    return {
      category,
      rate,
      base,
      amount: roundMoney(percentOf(base, rate), currency),
      ...(exemptionReason ? { exemptionReason } : {}),
    };
  });
  const net = sum(lines.map((line) => line.netAmount));
  const tax = sum(['0', ...taxes.map((each) => each.amount)]);
  const gross = sum([net, tax]);
  return {
    schema: 'invoice/1',
    kind: 'invoice',
    entity: 'acme_de',
    source: { system: 'stripe', id: 'in_1' },
    direction: 'customer',
    number: 'RE-1',
    issueDate: '2026-11-21',
    dueDate: '2026-12-05',
    currency,
    buyerReference: 'PO-1',
    buyer: BUYER,
    lines,
    taxes,
    totals: { lines: net, net, tax, gross, due: gross },
    posting: { journal: 'STR', receivableAccount: '1400' },
    ...more,
  };
}

const RATES = [
  { category: 'S', rate: '19' },
  { category: 'S', rate: '7' },
  { category: 'E', rate: '0' },
  { category: 'AE', rate: '0' },
  { category: 'Z', rate: '0' },
] as const;

const money = fc
  .integer({ min: 0, max: 99_999_999 })
  .map((minor) => `${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, '0')}`);

const word = fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }).map((each) => {
  const legal = each.replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '');
  return `x${legal}`;
});

const line = fc
  .record({
    quantity: fc.integer({ min: -50, max: 500 }),
    unitPrice: money,
    rate: fc.constantFrom(...RATES),
    name: word,
  })
  .map(({ quantity, unitPrice, rate, name }) =>
    lineOf({ quantity: String(quantity), unitPrice, tax: { ...rate }, name }),
  );

/** Any invoice or credit note that EN 16931 finds nothing wrong with. */
export const validInvoices: fc.Arbitrary<Invoice> = fc
  .record({
    lines: fc.array(line, { minLength: 1, maxLength: 12 }),
    kind: fc.constantFrom('invoice' as const, 'credit_note' as const),
    note: fc.option(word, { nil: undefined }),
    name: word,
  })
  .map(({ lines, kind, note, name }) =>
    invoiceOf(
      lines.map((each, index) => ({ ...each, id: `il_${index}` })),
      { kind, ...(note === undefined ? {} : { note }), buyer: { ...BUYER, name } },
    ),
  );
