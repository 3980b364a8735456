import type { Currency, Decimal, EntryLine, Party } from './documents';
import { absolute, divide, exponentOf, formatMoney, isNegative } from './money';

/** One side of a pair of lines. */
export interface PairSide {
  /** Account code. */
  account: string;
  /** Trading partner. */
  partner?: Party;
  /** Analytic account code → percentage. */
  analytic?: Record<string, Decimal>;
}

/** The amounts of a pair: signed, in the document's currency. */
export interface PairAmount {
  label: string;
  /** Where it is negative, the sides change places. */
  amount: Decimal;
  currency: Currency;
  /**
   * The company's currency, and units of the document's for one of it; needed where the two differ. `amount`: the pair in
   * it, above zero, where it is not just converted.
   */
  home?: { currency: Currency; rate: Decimal; amount?: Decimal };
}

/**
 * Two lines of an entry, debit and credit of one amount: together they balance, in the document's currency and in the
 * company's, however they are rounded.
 */
export function linePair(
  debit: PairSide,
  credit: PairSide,
  { label, amount, currency, home }: PairAmount,
): EntryLine[] {
  const [taker, giver] = isNegative(amount) ? [credit, debit] : [debit, credit];
  const value = formatMoney(absolute(amount), currency);
  const nothing = formatMoney('0', currency);
  const own = home && (home.amount ?? divide(value, home.rate, exponentOf(home.currency)));
  const ownNothing = home && formatMoney('0', home.currency);
  return [
    {
      ...taker,
      label,
      debit: value,
      credit: nothing,
      ...(home && { homeDebit: own, homeCredit: ownNothing }),
    },
    {
      ...giver,
      label,
      debit: nothing,
      credit: value,
      ...(home && { homeDebit: ownNothing, homeCredit: own }),
    },
  ];
}
