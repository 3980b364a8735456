import { FinanceError } from '../errors';
import { exponentOf } from './currency';
import {
  add,
  assertDecimal,
  decimalsOf,
  divide,
  equals,
  isZero,
  multiply,
  plain,
  round,
  sub,
  sum,
} from './decimal';
import type { Currency, Decimal } from './documents';

export { assertCurrency, CURRENCIES, exponentOf } from './currency';
export {
  absolute,
  add,
  assertDecimal,
  compare,
  decimalsOf,
  divide,
  equals,
  fromNumber,
  isDecimal,
  isNegative,
  isZero,
  multiply,
  negate,
  plain,
  round,
  sub,
  sum,
} from './decimal';

function tooPrecise(amount: Decimal, currency: Currency): FinanceError {
  return new FinanceError('DOCUMENT_PRECISION', {
    message: `The amount ${amount} has more decimals than ${currency} allows (${exponentOf(currency)}).`,
    details: { amount, currency },
  });
}

/**
 * Holds an amount to the decimals of its currency; trailing zeros beyond them count as too many.
 * @throws FinanceError DOCUMENT_PRECISION, DOCUMENT_AMOUNT, DOCUMENT_CURRENCY_UNKNOWN
 */
export function assertPrecision(amount: Decimal, currency: Currency): void {
  if (decimalsOf(amount) > exponentOf(currency)) throw tooPrecise(amount, currency);
}

/**
 * An amount in integer minor units: `"119.00" EUR` → `11900n`, `"11000" JPY` → `11000n`.
 * @throws FinanceError DOCUMENT_PRECISION, DOCUMENT_AMOUNT, DOCUMENT_CURRENCY_UNKNOWN
 */
export function toMinor(amount: Decimal, currency: Currency): bigint {
  assertPrecision(amount, currency);
  return BigInt(round(amount, exponentOf(currency)).replace('.', ''));
}

/**
 * Integer minor units as an amount with the currency's own decimals: `11900 EUR` → `"119.00"`.
 * @param exponent the source's own idea of the minor unit, where it differs from ISO 4217 (Stripe: ISK 2, MGA 0)
 * @throws FinanceError DOCUMENT_AMOUNT when not an integer, DOCUMENT_PRECISION when it does not fit ISO's decimals
 */
export function fromMinor(
  minor: bigint | number | string,
  currency: Currency,
  exponent = exponentOf(currency),
): Decimal {
  const units =
    typeof minor === 'number' && !Number.isSafeInteger(minor) ? `${minor} (unsafe)` : String(minor);
  if (!/^-?\d{1,30}$/.test(units))
    throw new FinanceError('DOCUMENT_AMOUNT', {
      message: `${units.slice(0, 40)} is not an integer of minor units.`,
    });
  return formatMoney(scaleDown(String(BigInt(units)), exponent), currency);
}

/**
 * Minor units with decimals (a unit price of half a cent: Stripe's `unit_amount_decimal`) as a decimal, unrounded.
 * @throws FinanceError DOCUMENT_AMOUNT, DOCUMENT_CURRENCY_UNKNOWN
 */
export function fromMinorDecimal(
  minor: Decimal,
  currency: Currency,
  exponent = exponentOf(currency),
): Decimal {
  const value = plain(scaleDown(minor, exponent));
  return decimalsOf(value) > exponentOf(currency) ? value : round(value, exponentOf(currency));
}

const scaleDown = (value: Decimal, exponent: number): Decimal =>
  multiply(value, exponent ? `0.${'1'.padStart(exponent, '0')}` : '1');

/**
 * The amount written with exactly the decimals of its currency: `"119" EUR` → `"119.00"`; nothing is rounded.
 * @throws FinanceError DOCUMENT_PRECISION, DOCUMENT_CURRENCY_UNKNOWN
 */
export function formatMoney(amount: Decimal, currency: Currency): Decimal {
  const written = round(amount, exponentOf(currency));
  if (!equals(written, amount)) throw tooPrecise(amount, currency);
  return written;
}

/** Rounds half up to the decimals of the currency. */
export const roundMoney = (amount: Decimal, currency: Currency): Decimal =>
  round(amount, exponentOf(currency));

/** `rate` percent of an amount, exact: `percentOf("100.00", "19")` → `"19.0000"`. */
export const percentOf = (amount: Decimal, rate: Decimal): Decimal =>
  multiply(multiply(amount, rate), '0.01');

/**
 * Splits an amount by weights. Each share is rounded half up; what rounding leaves over goes to the line named
 * `roundingLine` – one of the shares, or a line of its own that appears only when there is a residue. The shares
 * always sum to the amount.
 * @throws FinanceError DOCUMENT_AMOUNT when the weights sum to zero
 */
export function allocate(
  amount: Decimal,
  weights: ReadonlyMap<string, Decimal>,
  roundingLine: string,
  currency: Currency,
): Map<string, Decimal> {
  assertDecimal(amount);
  const total = formatMoney(amount, currency);
  const whole = sum([...weights.values()]);
  const shares = new Map<string, Decimal>();
  for (const [name, weight] of weights)
    shares.set(name, divide(multiply(total, weight), whole, exponentOf(currency)));
  const residue = sub(total, sum([...shares.values()]));
  if (!isZero(residue))
    shares.set(roundingLine, formatMoney(add(shares.get(roundingLine) ?? '0', residue), currency));
  return shares;
}
