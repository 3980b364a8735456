import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Invoice, Payment } from '../../finance/documents';
import { checkInvoice } from '../../finance/invoice';
import { add, compare, divide, fromMinor, multiply, negate, sub, sum, toMinor } from '../../finance/money';
import { assertBalanced, invoicePostings, type JournalLine, paymentPostings } from '../../finance/postings';
import cases from '../data/cases/accounting.json';
import { invoiceOf, lineOf, validInvoices } from './documents';

type Expected = { acct: string; dr: number; cr: number };

interface Case {
  id: string;
  input: Record<string, unknown>;
  lines: Expected[];
}

function caseOf(id: string): Case {
  const found = (cases as unknown as Case[]).find((each) => each.id === id);
  assert.ok(found, id);
  return found;
}

const eur = (minor: unknown): string => fromMinor(Number(minor), 'EUR');

/** Names of the worked cases for what a journal line is of. */
const TAXES: Record<string, string> = { 'USt 19%': 'VAT19 out' };
const inMinor = (lines: readonly JournalLine[], currency = 'EUR'): Expected[] =>
  lines.map(({ account, debit, credit, taxes }) => ({
    acct: account ?? TAXES[taxes?.[0] ?? ''] ?? '',
    dr: Number(toMinor(debit, currency)),
    cr: Number(toMinor(credit, currency)),
  }));

const byAccount = (lines: Expected[]): Expected[] => lines.toSorted((a, b) => (a.acct < b.acct ? -1 : 1));

interface Piece {
  net: string;
  account: string;
}

/** An invoice of pieces with the source's own tax. */
function sourceInvoice(
  pieces: Piece[],
  tax: string,
  more: Partial<Invoice> & { receivable?: string; free?: boolean } = {},
): Invoice {
  const { receivable = 'AR', free = false, ...rest } = more;
  const lines = pieces.map(({ net, account }, index) =>
    lineOf({
      id: `l${index}`,
      quantity: compare(net, '0') < 0 ? '-1' : '1',
      unitPrice: net.replace('-', ''),
      netAmount: net,
      tax: free ? { category: 'AE', rate: '0' } : { category: 'S', rate: '19' },
      posting: { account, taxes: [free ? 'RC' : 'USt 19%'] },
    }),
  );
  const invoice = invoiceOf(lines, { posting: { receivableAccount: receivable }, ...rest });
  const net = invoice.totals.net;
  const gross = add(net, tax);
  const made = {
    ...invoice,
    taxes: invoice.taxes.map((each) => ({ ...each, amount: tax })),
    totals: { lines: net, net, tax, gross, due: gross },
  };
  checkInvoice(made);
  return made;
}

describe('postings', () => {
  it('E01: receivable against revenue and tax', () => {
    const { input, lines } = caseOf('E01');
    const { lines: made } = invoicePostings(
      sourceInvoice([{ net: eur(input.subtotal), account: 'Revenue' }], eur(input.tax)),
    );
    assert.deepEqual(byAccount(inMinor(made)), byAccount(lines));
  });

  it('E04: a partial credit note splits its gross into net and tax', () => {
    const { input, lines } = caseOf('E04');
    const gross = eur(input.total);
    const tax = divide(multiply(gross, String(input.rate)), String(100 + Number(input.rate)), 2);
    const note = sourceInvoice([{ net: sub(gross, tax), account: 'Revenue (refund)' }], tax, {
      kind: 'credit_note',
    });
    assert.deepEqual(byAccount(inMinor(invoicePostings(note).lines)), byAccount(lines));
  });

  it("E06: the source's tax is booked as it came, never recomputed", () => {
    const { input, lines } = caseOf('E06');
    const { lines: made } = invoicePostings(
      sourceInvoice([{ net: eur(input.subtotal), account: 'Revenue' }], eur(input.tax)),
    );
    assert.deepEqual(byAccount(inMinor(made)), byAccount(lines));
  });

  it('E07: a tax of nothing has no journal line, but keeps its base', () => {
    const { input, lines } = caseOf('E07');
    const invoice = sourceInvoice([{ net: eur(input.subtotal), account: 'Revenue EU RC' }], eur(input.tax), {
      free: true,
    });
    const made = invoicePostings(invoice);
    assert.deepEqual(byAccount(inMinor(made.lines)), byAccount(lines));
    assert.deepEqual(made.taxes, [{ taxes: ['RC'], base: '100.00', amount: '0.00' }]);
    assert.deepEqual(made.lines[1]?.taxes, ['RC']);
  });

  it('E08: a discount has its own account', () => {
    const { input, lines } = caseOf('E08');
    const [full] = input.lines as number[];
    const pieces = [
      { net: eur(full), account: 'Revenue' },
      { net: negate(eur(input.discount)), account: 'Discounts given' },
    ];
    assert.deepEqual(
      byAccount(inMinor(invoicePostings(sourceInvoice(pieces, eur(input.tax))).lines)),
      byAccount(lines),
    );
  });

  it('E10: a negative total, as an invoice and as the credit note it becomes', () => {
    const { input, lines } = caseOf('E10');
    const accounts = ['Revenue pro', 'Revenue basic'];
    const nets = (input.lines as number[]).map(eur);
    const pieces = nets.map((net, index) => ({ net, account: accounts[index]! }));
    const receivable = 'Customer credit (AR)';
    const negative = invoicePostings(sourceInvoice(pieces, eur(input.tax), { receivable }));
    const mirrored = pieces.map(({ net, account }) => ({ net: negate(net), account }));
    const note = invoicePostings(
      sourceInvoice(mirrored, negate(eur(input.tax)), { receivable, kind: 'credit_note' }),
    );
    assert.deepEqual(byAccount(inMinor(negative.lines)), byAccount(lines));
    assert.deepEqual(byAccount(inMinor(note.lines)), byAccount(lines));
  });

  it('E11: a currency without decimals through the clearing account', () => {
    const { input, lines } = caseOf('E11');
    const currency = String(input.ccy);
    const payment: Payment = {
      schema: 'payment/1',
      kind: 'payment',
      entity: 'acme_de',
      source: { system: 'stripe', id: 'ch_1' },
      direction: 'inbound',
      date: '2026-11-21',
      currency,
      amount: fromMinor(Number(input.amount), currency),
      fee: fromMinor(Number(input.fee), currency),
      allocations: [],
    };
    const accounts = { clearing: 'PSP clearing', fees: 'PSP fees', counterpart: 'AR' };
    const made = paymentPostings(payment, accounts);
    assert.equal(payment.amount, '11000');
    assert.deepEqual(byAccount(inMinor(made.lines, currency)), byAccount(lines));
    const out = paymentPostings({ ...payment, direction: 'outbound', fee: undefined }, accounts);
    assert.deepEqual(
      out.lines.map(({ role, debit, credit }) => [role, debit, credit]),
      [
        ['clearing', '0', '11000'],
        ['payable', '11000', '0'],
      ],
    );
  });

  it('E28: what does not balance is refused before anything is written, naming both figures', () => {
    const { input } = caseOf('E28');
    const lines = (input.lines as [string, number, number][]).map(([, dr, cr]) => ({
      debit: eur(dr),
      credit: eur(cr),
    }));
    assert.throws(() => assertBalanced(lines), {
      code: 'DOCUMENT_UNBALANCED',
      message: 'The journal entry does not balance: debit 119.00, credit 100.00.',
    });
  });

  it('balances every invoice, and mirrors it in its credit note', () => {
    fc.assert(
      fc.property(validInvoices, (invoice) => {
        const made = invoicePostings({ ...invoice, kind: 'invoice' });
        const mirror = invoicePostings({ ...invoice, kind: 'credit_note' });
        assertBalanced(made.lines);
        assert.equal(compare(sub(made.lines[0]!.debit, made.lines[0]!.credit), invoice.totals.gross), 0);
        assert.deepEqual(
          made.lines.map(({ debit, credit }) => [debit, credit]),
          mirror.lines.map(({ debit, credit }) => [credit, debit]),
        );
        assert.equal(compare(sum(['0', ...made.taxes.map((tax) => tax.amount)]), invoice.totals.tax), 0);
        for (const line of made.lines)
          assert.ok(compare(line.debit, '0') === 0 || compare(line.credit, '0') === 0);
      }),
    );
  });

  it('splits one rate over the taxes it is booked under, without a loss', () => {
    const lines = ['33.33', '33.33', '33.34'].map((unitPrice, index) =>
      lineOf({ id: `l${index}`, unitPrice, posting: { account: '8400', taxes: [`USt ${index}`] } }),
    );
    const { taxes } = invoicePostings(invoiceOf(lines));
    assert.deepEqual(
      taxes.map((tax) => tax.amount),
      ['6.33', '6.33', '6.34'],
    );
  });

  it("a vendor's bill turns the sides", () => {
    const made = invoicePostings(
      sourceInvoice([{ net: '100.00', account: 'Hosting' }], '19.00', { direction: 'vendor' }),
    );
    assert.deepEqual(
      made.lines.map(({ role, debit, credit }) => [role, debit, credit]),
      [
        ['payable', '0.00', '119.00'],
        ['expense', '100.00', '0.00'],
        ['tax', '19.00', '0.00'],
      ],
    );
  });

  it('needs the mapping of the entity', () => {
    const invoice = invoiceOf([lineOf({ posting: undefined })]);
    assert.throws(() => invoicePostings(invoice), { code: 'MAP_OUTPUT_INVALID' });
  });
});

describe('arithmetic of an invoice', () => {
  const invoice = invoiceOf([lineOf(), lineOf({ id: 'il_2', tax: { category: 'S', rate: '7' } })]);

  it('holds for every valid invoice', () => {
    fc.assert(fc.property(validInvoices, (each) => checkInvoice(each)));
  });

  it('a cent anywhere is found, and both figures are named', () => {
    const places = ['lines', 'net', 'tax', 'gross', 'due'] as const;
    for (const place of places) {
      const totals = { ...invoice.totals, [place]: add(invoice.totals[place], '0.01') };
      assert.throws(
        () => checkInvoice({ ...invoice, totals }),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'DOCUMENT_UNBALANCED');
          assert.match(error.message, /the document says .* EUR, its parts give .* EUR/);
          return true;
        },
        place,
      );
    }
    const [first, ...rest] = invoice.taxes;
    assert.throws(() => checkInvoice({ ...invoice, taxes: [{ ...first!, base: '99.99' }, ...rest] }), {
      code: 'DOCUMENT_UNBALANCED',
    });
    assert.throws(() => checkInvoice({ ...invoice, taxes: rest }), { code: 'DOCUMENT_UNBALANCED' });
  });

  it('the currency decides the decimals', () => {
    assert.throws(() => checkInvoice({ ...invoice, currency: 'JPY' }), { code: 'DOCUMENT_PRECISION' });
    assert.throws(() => checkInvoice({ ...invoice, currency: 'ZZZ' }), { code: 'DOCUMENT_CURRENCY_UNKNOWN' });
  });
});
