import { FinanceError } from '../errors';
import type { Currency, Day, Decimal, Invoice, JournalEntry, SourceReference } from './documents';
import { linePair, type PairAmount, type PairSide } from './entry-pair';
import { ALLOCATION } from './intercompany';
import {
  absolute,
  add,
  allocate,
  decimalsOf,
  divide,
  exponentOf,
  formatMoney,
  fromMinor,
  isNegative,
  isZero,
  multiply,
  negate,
  plain,
  round,
  sub,
  sum,
  toMinor,
} from './money';

/** A share of a key: who bears how much of a cost, and when. */
export interface AllocationShare {
  /** First and last day on which it holds; for ever where the last is left out. */
  from: Day;
  to?: Day;
  /** Key of the receiving entity, or name of the cost centre. */
  receiver: string;
  /** Weight: percent, heads, square metres. */
  share: Decimal;
  /** Account that bears it, where not the common one. */
  account?: string;
  /** Analytic account that bears it. */
  analytic?: string;
}

/** What rounding leaves over goes to the largest remainders, unit by unit, or to one receiver. */
export type Residue = { to: 'largest-remainder' } | { to: 'receiver'; receiver: string };

/**
 * The shares that hold on a day.
 * @throws FinanceError CONFIG_INVALID where there are none, a receiver has two, a share is not above zero
 */
export function sharesOn(table: readonly AllocationShare[], day: Day): AllocationShare[] {
  const valid = table.filter(({ from, to }) => from <= day && (to === undefined || day <= to));
  const refuse = (message: string) => new FinanceError('CONFIG_INVALID', { message, details: { day } });
  if (valid.length === 0) throw refuse(`The allocation key has no shares on ${day}.`);
  const seen = new Set<string>();
  for (const { receiver, share } of valid) {
    if (seen.has(receiver)) throw refuse(`The allocation key has two shares of ${receiver} on ${day}.`);
    if (isNegative(share) || isZero(share))
      throw refuse(`The share of ${receiver} is not above zero on ${day}.`);
    seen.add(receiver);
  }
  return valid;
}

/**
 * Splits an amount by shares, exactly: what comes out always sums to what went in.
 * @returns receiver → amount, in the order of the shares
 * @throws FinanceError DOCUMENT_PRECISION, CONFIG_INVALID where the residue is to go to a receiver without a share
 */
export function allocateShares(
  amount: Decimal,
  currency: Currency,
  shares: readonly Pick<AllocationShare, 'receiver' | 'share'>[],
  residue: Residue,
): Map<string, Decimal> {
  if (residue.to === 'largest-remainder') return byLargestRemainder(amount, currency, shares);
  const { receiver } = residue;
  if (!shares.some((share) => share.receiver === receiver))
    throw new FinanceError('CONFIG_INVALID', {
      message: `The residue is to go to ${receiver}, which has no share.`,
    });
  return allocate(amount, new Map(shares.map((one) => [one.receiver, one.share])), receiver, currency);
}

/** Each gets the whole units of its share, and the units left over go to those who lost most by that. */
function byLargestRemainder(
  amount: Decimal,
  currency: Currency,
  shares: readonly Pick<AllocationShare, 'receiver' | 'share'>[],
): Map<string, Decimal> {
  const total = toMinor(formatMoney(absolute(amount), currency), currency);
  const weights = integers(shares.map(({ share }) => share));
  const whole = weights.reduce((all, weight) => all + weight, 0n);
  const parts = shares.map(({ receiver }, at) => {
    const product = total * weights[at]!;
    return { receiver, units: product / whole, remainder: product % whole };
  });
  let left = total - parts.reduce((all, { units }) => all + units, 0n);
  const neediest = parts.toSorted((a, b) =>
    a.remainder < b.remainder ? 1 : a.remainder > b.remainder ? -1 : 0,
  );
  for (const part of neediest) {
    if (left === 0n) break;
    part.units += 1n;
    left -= 1n;
  }
  const sign = isNegative(amount) ? negate : (value: Decimal) => value;
  return new Map(parts.map(({ receiver, units }) => [receiver, sign(fromMinor(units, currency))]));
}

/** Weights as integers of the same proportions. */
function integers(weights: readonly Decimal[]): bigint[] {
  const decimals = Math.max(0, ...weights.map((weight) => decimalsOf(plain(weight))));
  return weights.map((weight) => BigInt(round(multiply(weight, `1${'0'.repeat(decimals)}`), 0)));
}

/** A cost that is allocated. */
export interface AllocationBasis {
  entity: string;
  source: SourceReference;
  date: Day;
  currency: Currency;
  /** Cost above zero, what is given back below. */
  amount: Decimal;
  /** What people know the document by. */
  label: string;
}

/**
 * What of a document is to be allocated: its net amount on the cost account.
 * @throws FinanceError MAP_INPUT_INVALID for a document that is neither a bill nor an entry
 */
export function allocationBasis(document: Invoice | JournalEntry, account: string): AllocationBasis {
  const { entity, source, currency } = document;
  const common = { entity, source, currency, label: source.number ?? source.id };
  if (document.kind === 'journal_entry') {
    const own = document.lines.filter((line) => line.account === account);
    const amount = sum(own.map(({ debit, credit }) => sub(debit, credit)));
    return { ...common, date: document.date, amount, label: document.reference ?? common.label };
  }
  if (document.direction !== 'vendor')
    throw new FinanceError('MAP_INPUT_INVALID', {
      message: 'What is sold is no cost: only bills and entries are allocated.',
    });
  const net = sum(
    document.lines.filter(({ posting }) => posting?.account === account).map(({ netAmount }) => netAmount),
  );
  const amount = document.kind === 'credit_note' ? negate(net) : net;
  return { ...common, date: document.issueDate, amount, label: document.number ?? common.label };
}

/** What an entry of the allocation is booked with: its entity, the part that it is, and the pairs of lines. */
export interface AllocationEntry {
  entity: string;
  /** What makes it itself among the entries of its basis. */
  part: string;
  journal: string;
  pairs: { amount: Decimal; debit: PairSide; credit: PairSide; label: string }[];
  /** Where the entity's currency is another: it, and units of the basis' currency for one of it. */
  home?: { currency: Currency; rate: Decimal };
}

/** The journal entry of an allocation. Shares of nothing make no lines. */
export function allocationEntry(
  basis: AllocationBasis,
  { entity, part, journal, pairs, home }: AllocationEntry,
): JournalEntry {
  const { source, date, currency, label } = basis;
  return {
    schema: 'journal_entry/1',
    kind: 'journal_entry',
    entity,
    source: {
      system: ALLOCATION,
      account: basis.entity,
      id: `${basis.entity}/${source.system}/${source.id}/${part}`,
      ...(source.revision !== undefined && { revision: source.revision }),
    },
    date,
    currency,
    reference: label,
    lines: withHome(
      pairs.filter(({ amount }) => !isZero(amount)),
      home,
    ).flatMap(({ debit, credit, label: name, ...amounts }) =>
      linePair(debit, credit, { label: name, currency, ...amounts }),
    ),
    posting: { journal },
  };
}

/** Pairs with their amounts in the company's currency, which sum to the whole one: rounded each, cents would stay behind. */
function withHome<Pair extends { amount: Decimal }>(
  pairs: readonly Pair[],
  home: AllocationEntry['home'],
): (Pair & Pick<PairAmount, 'home'>)[] {
  if (!home) return [...pairs];
  const { currency, rate } = home;
  const converted = (amount: Decimal): Decimal => {
    const value = divide(absolute(amount), rate, exponentOf(currency));
    return isNegative(amount) ? negate(value) : value;
  };
  let whole = '0';
  let given = '0';
  return pairs.map((pair) => {
    whole = add(whole, pair.amount);
    const left = sub(converted(whole), given);
    // a cent that rounding has given already never turns a share round
    const isShare = !isZero(left) && isNegative(left) === isNegative(pair.amount);
    const own = isShare ? left : converted(pair.amount);
    given = add(given, own);
    return { ...pair, home: { ...home, amount: formatMoney(absolute(own), currency) } };
  });
}
