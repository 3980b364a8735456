import type { Currency, Decimal } from './documents';
import { absolute, formatMoney, isZero, sub, sum } from './money';

/** One document of a pair, as the store knows it. */
export interface PairedDocument {
  documentId: string;
  entity: string;
  kind: string;
  number?: string;
  state: string;
  outcome?: string;
  /** Code and cause of the error that it is held by. */
  code?: string;
  cause?: string;
  /** What Odoo has booked, read back from it; absent where nothing is. */
  booked?: { amount: Decimal; currency: Currency; name?: string };
}

/** Two documents that must be equal. */
export interface Pair {
  /** What is between the two. */
  amount: Decimal;
  currency: Currency;
  from: PairedDocument;
  to: PairedDocument;
  /** Only a part of the first one is between the two, so that its whole is not compared. */
  isPart: boolean;
}

/** What two entities have between them, in one currency. */
export interface PairBalance {
  from: string;
  to: string;
  currency: Currency;
  pairs: number;
  fromAmount: Decimal;
  toAmount: Decimal;
  difference: Decimal;
}

export interface Unpaired extends Pair {
  why: string;
}

export interface PairReport {
  /** Every document has its mirror, booked with the same amount. */
  equal: boolean;
  balances: PairBalance[];
  unpaired: Unpaired[];
}

/** Proves that what one entity has booked against another, the other has too; names each document that stands alone. */
export function pairReport(pairs: readonly Pair[]): PairReport {
  const groups = Map.groupBy(pairs, ({ from, to, currency }) => `${from.entity}/${to.entity}/${currency}`);
  const balances = [...groups.values()].map(balanceOf);
  const unpaired = pairs.flatMap((pair) => {
    const why = whyUnpaired(pair);
    return why === undefined ? [] : [{ ...pair, why }];
  });
  return {
    equal: unpaired.length === 0 && balances.every(({ difference }) => isZero(difference)),
    balances,
    unpaired,
  };
}

function balanceOf(pairs: Pair[]): PairBalance {
  const [{ from, to, currency }] = pairs as [Pair];
  const total = (side: 'from' | 'to') =>
    formatMoney(sum(pairs.map((pair) => bookedOf(pair, side))), currency);
  const [fromAmount, toAmount] = [total('from'), total('to')];
  return {
    from: from.entity,
    to: to.entity,
    currency,
    pairs: pairs.length,
    fromAmount,
    toAmount,
    difference: sub(fromAmount, toAmount),
  };
}

/** What a side has booked of what is between the two. */
function bookedOf({ amount, currency, isPart, ...sides }: Pair, side: 'from' | 'to'): Decimal {
  const { booked } = sides[side];
  if (!booked || booked.currency !== currency) return '0';
  return side === 'from' && isPart ? amount : absolute(booked.amount);
}

function whyUnpaired(pair: Pair): string | undefined {
  for (const side of ['from', 'to'] as const) {
    const why = whyNotBooked(pair[side]);
    if (why !== undefined) return why;
    const booked = bookedOf(pair, side);
    if (!isZero(sub(booked, absolute(pair.amount))))
      return `${pair[side].entity} has booked ${booked} instead of ${pair.amount} ${pair.currency}`;
  }
  return undefined;
}

function whyNotBooked({ entity, booked, state, outcome, code, cause }: PairedDocument): string | undefined {
  if (state === 'settled' && outcome !== 'completed') return `${outcome} in ${entity}`;
  if (booked) return undefined;
  if (code === 'DOCUMENT_APPROVAL') return `waits for an approval of ${entity}`;
  if (state === 'held') return `held in ${entity}: ${code ?? 'no cause'}${cause ? ` – ${cause}` : ''}`;
  return state === 'settled'
    ? `completed in ${entity} without a booking`
    : `not booked yet in ${entity}: ${state}`;
}
