import { FinanceError } from '../errors';
import type { Currency, Day, Decimal } from './documents';
import { absolute, compare, divide, multiply, sub } from './money';

/** A rate as Odoo writes it: units of the currency for one unit of the company's, valid from its day on. */
export interface RateRow {
  currency: Currency;
  date: Day;
  rate: Decimal;
}

/** Whose exchange rate an entity books at. */
export interface RatePolicy {
  from: 'source' | 'odoo' | 'table';
  /** Most that the rate may differ from Odoo's, in percent of Odoo's. */
  tolerance: Decimal;
  /** The group's table, for `table`. */
  table?: RateRow[];
}

/** The rate of a table on a day: the latest that is not after it. */
export function rateOn(table: readonly RateRow[], currency: Currency, day: Day): Decimal | undefined {
  const fitting = table.filter((row) => row.currency === currency && row.date <= day);
  return fitting.toSorted((a, b) => (a.date < b.date ? 1 : -1))[0]?.rate;
}

/**
 * The rate that a document is to be booked at, held against Odoo's, since Odoo books at its own.
 * @param source the rate that the document says
 * @param odoo Odoo's rate on the day
 * @throws FinanceError ODOO_CURRENCY where the policy's rate is not known, or further from Odoo's than tolerated
 */
export function decideRate(
  policy: RatePolicy,
  { currency, day, source, odoo }: { currency: Currency; day: Day; source?: Decimal; odoo: Decimal },
): Decimal {
  const wanted =
    policy.from === 'table' ? rateOn(policy.table ?? [], currency, day) : (source ?? ownOf(policy, odoo));
  if (wanted === undefined)
    throw new FinanceError('ODOO_CURRENCY', {
      message: `There is no rate of the ${policy.from} for ${currency} on ${day}.`,
    });
  const percent = multiply('100', divide(absolute(sub(wanted, odoo)), odoo, 12));
  if (compare(percent, policy.tolerance) > 0)
    throw new FinanceError('ODOO_CURRENCY', {
      message: `The rate ${wanted} of ${currency} on ${day} differs from Odoo's ${odoo} by more than ${policy.tolerance} %.`,
      hint: 'Enter the right rate in Odoo, or correct the source; raise the tolerance only for rounding.',
      details: { currency, day, wanted, odoo, tolerance: policy.tolerance },
    });
  return policy.from === 'odoo' ? odoo : wanted;
}

const ownOf = ({ from }: RatePolicy, odoo: Decimal): Decimal | undefined =>
  from === 'odoo' ? odoo : undefined;
