import { FinanceError } from '../errors';
import type { Decimal, EntryLine, JournalEntry, Payment, Payout, Refund } from './documents';
import { linePair, type PairAmount } from './entry-pair';
import {
  absolute,
  assertPrecision,
  equals,
  exponentOf,
  formatMoney,
  isNegative,
  isZero,
  sub,
  sum,
} from './money';
import { assertBalanced, type PaymentAccounts, paymentPostings } from './postings';

/**
 * Arithmetic of a journal entry beyond its schema: every line has one side, amounts have no more decimals than their
 * currency, debit equals credit, in the document's currency and in the company's where lines say it.
 * @param home ISO 4217 code of the company's currency
 * @throws FinanceError DOCUMENT_UNBALANCED, DOCUMENT_PRECISION, DOCUMENT_CURRENCY_UNKNOWN; MAP_OUTPUT_INVALID on a
 * line with no side, with two, or without amounts in the company's currency where the entry is of another
 */
export function checkEntry(entry: JournalEntry, home: string): void {
  exponentOf(entry.currency);
  for (const line of entry.lines) checkLine(line, entry.currency, home);
  assertBalanced(entry.lines);
  if (entry.currency !== home) assertBalanced(entry.lines.map(homeSides));
}

function checkLine(line: EntryLine, currency: string, home: string): void {
  const sides: [Decimal, Decimal] = [line.debit, line.credit];
  if (sides.some(isNegative) || sides.filter(isZero).length !== 1)
    throw invalid(`The line "${line.label}" needs one positive side, in debit or in credit.`);
  for (const side of sides) assertPrecision(side, currency);
  if (currency === home) return;
  const { debit, credit } = homeSides(line);
  for (const side of [debit, credit]) assertPrecision(side, home);
  if (isZero(debit) !== isZero(line.debit) || isZero(credit) !== isZero(line.credit))
    throw invalid(`The line "${line.label}" is on one side in ${currency} and on the other in ${home}.`);
}

/** A line's sides in the company's currency. @throws FinanceError MAP_OUTPUT_INVALID where it does not say them */
export function homeSides({ label, homeDebit, homeCredit }: EntryLine): { debit: Decimal; credit: Decimal } {
  if (homeDebit === undefined && homeCredit === undefined)
    throw invalid(`The line "${label}" does not say its amount in the company's currency.`);
  return { debit: homeDebit ?? '0', credit: homeCredit ?? '0' };
}

const invalid = (message: string): FinanceError => new FinanceError('MAP_OUTPUT_INVALID', { message });

/** A line for a signed amount, debit positive. */
export function entryLine(account: string, label: string, amount: Decimal, currency: string): EntryLine {
  const [side, nothing] = [formatMoney(absolute(amount), currency), formatMoney('0', currency)];
  return isNegative(amount)
    ? { account, label, debit: nothing, credit: side }
    : { account, label, debit: side, credit: nothing };
}

/** What a document becomes an entry under: its own key and `/part`, so that each part is posted once. */
const partOf = ({ source }: Payment | Payout | Refund, part: string): JournalEntry['source'] => {
  const { eventId: _id, eventType: _type, occurredAt: _at, number: _number, ...own } = source;
  return { ...own, id: `${source.id}/${part}` };
};

/**
 * A payout as an entry: Dr money in transit / Cr the provider's clearing account, and the provider's fees where the
 * payout is where they are booked.
 * @throws FinanceError DOCUMENT_UNBALANCED when its items do not add up to it; MAP_OUTPUT_INVALID without accounts
 */
export function payoutEntry(payout: Payout): JournalEntry {
  const { entity, source, date, currency, amount, items, posting } = payout;
  if (!posting) throw invalid('The mapping says no accounts for the payout.');
  const made = sum(items.map((item) => sub(item.amount, item.fee)));
  if (items.length > 0 && !equals(made, amount))
    throw new FinanceError('DOCUMENT_UNBALANCED', {
      message: `The payout is ${amount} ${currency}, its items give ${made} ${currency}.`,
      details: { stated: amount, computed: made, currency },
    });
  const fees = posting.feeAccount === undefined ? '0' : sum(items.map(({ fee }) => fee));
  const label = `Payout ${source.number ?? source.id}`;
  const sides: [string, Decimal][] = [
    [posting.transitAccount, amount],
    [posting.feeAccount ?? '', fees],
    [posting.clearingAccount, sub('0', sum([amount, fees]))],
  ];
  const lines = sides
    .filter(([, side]) => !isZero(side))
    .map(([account, side]) => entryLine(account, label, side, currency));
  const { journal } = posting;
  return {
    schema: 'journal_entry/1',
    kind: 'journal_entry',
    entity,
    source: partOf(payout, 'payout'),
    date,
    currency,
    reference: source.number ?? source.id,
    lines,
    posting: { journal },
  };
}

/**
 * The fee of a payment that Odoo holds as a payment of its full amount: Dr fees / Cr the provider's clearing account.
 * @param home the company's currency and rate, where the payment is of another
 * @returns `undefined` where there is no fee
 */
export function feeEntry(
  payment: Payment | Refund,
  accounts: Pick<PaymentAccounts, 'clearing' | 'fees'>,
  journal: string,
  home?: PairAmount['home'],
): JournalEntry | undefined {
  const { entity, date, currency, reference, source, fee = '0' } = payment;
  if (isZero(fee)) return undefined;
  const label = `Fee ${reference ?? source.id}`;
  const [fees, clearing] = [{ account: accounts.fees }, { account: accounts.clearing }];
  return {
    schema: 'journal_entry/1',
    kind: 'journal_entry',
    entity,
    source: partOf(payment, 'fee'),
    date,
    currency,
    reference: reference ?? source.id,
    lines: linePair(fees, clearing, { label, amount: fee, currency, home }),
    posting: { journal },
  };
}

/**
 * A payment as one entry, fee included: Dr clearing (net) / Dr fees / Cr receivable, the payer on the line of the
 * receivable. For entities that keep no payments in Odoo.
 * @throws FinanceError DOCUMENT_UNBALANCED, DOCUMENT_PRECISION
 */
export function paymentEntry(payment: Payment, accounts: PaymentAccounts, journal: string): JournalEntry {
  const { entity, date, currency, reference, source, payer } = payment;
  const lines = paymentPostings(payment, accounts).lines.map(
    ({ role, account = '', label, debit, credit }): EntryLine => ({
      account,
      label,
      debit,
      credit,
      ...(payer && (role === 'receivable' || role === 'payable') && { partner: payer }),
    }),
  );
  return {
    schema: 'journal_entry/1',
    kind: 'journal_entry',
    entity,
    source: partOf(payment, 'entry'),
    date,
    currency,
    reference: reference ?? source.id,
    lines,
    posting: { journal },
  };
}
