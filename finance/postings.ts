import { FinanceError } from '../errors';
import type { Currency, Decimal, Invoice, InvoiceLine, Payment } from './documents';
import { linesByTaxGroup, taxGroupOf } from './invoice';
import { absolute, allocate, compare, formatMoney, isZero, negate, sub, sum } from './money';

/** One side of a journal entry; exactly one of `debit` and `credit` is not zero. Amounts in the document's currency. */
export interface JournalLine {
  role: 'receivable' | 'payable' | 'income' | 'expense' | 'tax' | 'clearing' | 'fee';
  /** Account code; absent on tax lines, whose account the tax itself knows. */
  account?: string;
  label: string;
  debit: Decimal;
  credit: Decimal;
  /** Taxes applied to an income or expense line; the taxes that a tax line is of. */
  taxes?: string[];
}

/** What the tax report will say: survives even where the tax is nothing (reverse charge). */
export interface TaxBasis {
  taxes: string[];
  base: Decimal;
  amount: Decimal;
}

export interface Postings {
  currency: Currency;
  lines: JournalLine[];
  taxes: TaxBasis[];
}

/** A signed amount, debit positive, as a journal line. */
function line(amount: Decimal, currency: Currency, rest: Omit<JournalLine, 'debit' | 'credit'>): JournalLine {
  const side = formatMoney(absolute(amount), currency);
  const nothing = formatMoney('0', currency);
  return compare(amount, '0') < 0
    ? { ...rest, debit: nothing, credit: side }
    : { ...rest, debit: side, credit: nothing };
}

/**
 * Debit equals credit, exactly.
 * @throws FinanceError DOCUMENT_UNBALANCED naming both figures
 */
export function assertBalanced(lines: readonly Pick<JournalLine, 'debit' | 'credit'>[]): void {
  const debit = sum(lines.map((each) => each.debit));
  const credit = sum(lines.map((each) => each.credit));
  if (compare(debit, credit) === 0) return;
  throw new FinanceError('DOCUMENT_UNBALANCED', {
    message: `The journal entry does not balance: debit ${debit}, credit ${credit}.`,
    details: { debit, credit, difference: sub(debit, credit) },
  });
}

function postingOf(each: InvoiceLine): NonNullable<InvoiceLine['posting']> {
  if (each.posting) return each.posting;
  throw new FinanceError('MAP_OUTPUT_INVALID', {
    message: `Line ${each.id} has no account: the mapping of the entity did not run.`,
  });
}

/**
 * The source's tax by the taxes it is booked under. Where one rate is booked under several taxes its amount is split
 * by base, and the residue goes to the largest of them.
 */
function taxBases({ currency, lines, taxes }: Invoice): TaxBasis[] {
  const groups = linesByTaxGroup(lines);
  return taxes.flatMap((subtotal) => {
    const bases = new Map<string, Decimal>();
    for (const each of groups.get(taxGroupOf(subtotal)) ?? []) {
      const booked = JSON.stringify(postingOf(each).taxes);
      bases.set(booked, sum([bases.get(booked) ?? '0', each.netAmount]));
    }
    const amounts = splitByBase(subtotal.amount, bases, currency);
    return [...bases].map(([booked, base]) => ({
      taxes: JSON.parse(booked) as string[],
      base: formatMoney(base, currency),
      amount: amounts.get(booked) ?? formatMoney('0', currency),
    }));
  });
}

function splitByBase(amount: Decimal, bases: Map<string, Decimal>, currency: Currency): Map<string, Decimal> {
  const [largest] = [...bases].toSorted(([, a], [, b]) => compare(absolute(b), absolute(a)));
  if (!largest) return new Map();
  if (bases.size === 1 || isZero(sum([...bases.values()])))
    return new Map([[largest[0], formatMoney(amount, currency)]]);
  return allocate(amount, bases, largest[0], currency);
}

/**
 * The journal entry that an invoice or credit note must become: Dr receivable / Cr income / Cr tax, mirrored for a
 * credit note, for a vendor's document and wherever an amount is negative. Tax amounts are the source's own.
 * @throws FinanceError DOCUMENT_UNBALANCED; MAP_OUTPUT_INVALID on a line without posting codes
 */
export function invoicePostings(invoice: Invoice): Postings {
  const { currency, direction, kind, lines, posting, totals } = invoice;
  const customer = direction === 'customer';
  /** Debit positive, for the side of the counterparty. */
  const debits = customer === (kind === 'invoice');
  const theirs = (amount: Decimal): Decimal => (debits ? amount : negate(amount));
  const ours = (amount: Decimal): Decimal => negate(theirs(amount));
  const taxes = taxBases(invoice);
  const made: JournalLine[] = [
    line(theirs(totals.gross), currency, {
      role: customer ? 'receivable' : 'payable',
      account: posting?.receivableAccount,
      label: invoice.number ?? invoice.source.id,
    }),
    ...lines.map((each) =>
      line(ours(each.netAmount), currency, {
        role: customer ? 'income' : 'expense',
        account: postingOf(each).account,
        label: each.name,
        taxes: postingOf(each).taxes,
      }),
    ),
    ...taxes
      .filter(({ amount }) => !isZero(amount))
      .map((tax) =>
        line(ours(tax.amount), currency, { role: 'tax', label: tax.taxes.join(', '), taxes: tax.taxes }),
      ),
  ];
  assertBalanced(made);
  return { currency, lines: made, taxes };
}

/** Accounts that a payment moves between. */
export interface PaymentAccounts {
  clearing: string;
  fees: string;
  /** Receivable for what comes in, payable for what goes out. */
  counterpart: string;
}

/**
 * A payment through a provider's clearing account: Dr clearing (net) / Dr fees / Cr receivable; mirrored when it
 * goes out, except the fee.
 * @throws FinanceError DOCUMENT_UNBALANCED, DOCUMENT_PRECISION
 */
export function paymentPostings(payment: Payment, accounts: PaymentAccounts): Postings {
  const { amount, currency, direction, reference, source } = payment;
  const fee = payment.fee ?? '0';
  const received = direction === 'inbound' ? amount : negate(amount);
  const label = reference ?? source.id;
  const lines = [
    line(sub(received, fee), currency, { role: 'clearing', account: accounts.clearing, label }),
    line(fee, currency, { role: 'fee', account: accounts.fees, label }),
    line(negate(received), currency, {
      role: direction === 'inbound' ? 'receivable' : 'payable',
      account: accounts.counterpart,
      label,
    }),
  ].filter((each) => !isZero(each.debit) || !isZero(each.credit));
  assertBalanced(lines);
  return { currency, lines, taxes: [] };
}
