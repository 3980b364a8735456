import Big from 'big.js';
import { FinanceError } from '../errors';
import type { Decimal } from './documents';

/** Strict: a JSON number never becomes an amount. Half up means away from zero, so a credit note mirrors its invoice. */
const Exact = Big();
Exact.strict = true;
Exact.RM = Big.roundHalfUp;

/** No exponent, no sign on nothing, no leading zeros; 40 characters hold every amount and bound the arithmetic. */
const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
const LONGEST = 40;

export function isDecimal(value: unknown): value is Decimal {
  return typeof value === 'string' && value.length <= LONGEST && DECIMAL.test(value);
}

/**
 * Holds the value to a decimal string, e.g. `"-18.99"`.
 * @throws FinanceError DOCUMENT_AMOUNT
 */
export function assertDecimal(value: unknown): asserts value is Decimal {
  if (isDecimal(value)) return;
  throw new FinanceError('DOCUMENT_AMOUNT', {
    message: `${String(JSON.stringify(value)).slice(0, 60)} is not a decimal number in a string.`,
  });
}

function exact(value: Decimal): Big {
  assertDecimal(value);
  return new Exact(value);
}

/** big.js keeps the sign of a zero; an amount has none. */
function write(value: Big, decimals?: number): Decimal {
  const text = value.toFixed(decimals);
  return text.startsWith('-') && /^-[0.]+$/.test(text) ? text.slice(1) : text;
}

/** Number of decimals written: `"1.50"` has 2. */
export function decimalsOf(value: Decimal): number {
  assertDecimal(value);
  return value.includes('.') ? value.length - value.indexOf('.') - 1 : 0;
}

/** The wider of the written decimals is kept, so that `"1.00" + "2"` stays `"3.00"`. */
const widest = (values: readonly Decimal[]): number =>
  values.reduce((most, value) => Math.max(most, decimalsOf(value)), 0);

/** Exact sum; `"0"` of nothing. */
export function sum(values: readonly Decimal[]): Decimal {
  return write(
    values.reduce((total, value) => total.plus(exact(value)), new Exact('0')),
    widest(values),
  );
}

export const add = (a: Decimal, b: Decimal): Decimal => sum([a, b]);
export const sub = (a: Decimal, b: Decimal): Decimal => write(exact(a).minus(exact(b)), widest([a, b]));
export const negate = (value: Decimal): Decimal => write(exact(value).times('-1'), decimalsOf(value));
export const absolute = (value: Decimal): Decimal => write(exact(value).abs(), decimalsOf(value));

/** Exact product, with as many decimals as both factors have together. */
export const multiply = (a: Decimal, b: Decimal): Decimal =>
  write(exact(a).times(exact(b)), decimalsOf(a) + decimalsOf(b));

/** −1, 0 or 1 by value: `"1.0"` equals `"1"`. */
export const compare = (a: Decimal, b: Decimal): -1 | 0 | 1 => exact(a).cmp(exact(b)) as -1 | 0 | 1;
export const equals = (a: Decimal, b: Decimal): boolean => compare(a, b) === 0;
export const isZero = (value: Decimal): boolean => equals(value, '0');
export const isNegative = (value: Decimal): boolean => compare(value, '0') < 0;

/** Rounds half up (away from zero) to a number of decimals, and writes just as many. */
export const round = (value: Decimal, decimals: number): Decimal =>
  write(exact(value).round(decimals), decimals);

/**
 * Quotient, rounded once, half up.
 * @throws FinanceError DOCUMENT_AMOUNT on a zero divisor
 */
export function divide(a: Decimal, b: Decimal, decimals: number): Decimal {
  if (isZero(b)) throw new FinanceError('DOCUMENT_AMOUNT', { message: `${a} cannot be divided by zero.` });
  const At = Big();
  At.strict = true;
  At.RM = Big.roundHalfUp;
  At.DP = decimals;
  return write(new At(a).div(b), decimals);
}

/** The same number without trailing zeros: `"19.00"` → `"19"`. */
export const plain = (value: Decimal): Decimal => write(exact(value));

/**
 * A JSON number of an outside source (a rate, a quantity – never an amount) as the decimal it was written as.
 * @throws FinanceError DOCUMENT_AMOUNT when it is not finite, or when it may have lost digits before it reached us
 */
export function fromNumber(value: number): Decimal {
  const digits = String(value).replace(/e.*$/, '').replace(/[-.]/g, '').replace(/^0+/, '');
  if (!Number.isFinite(value) || digits.length > 15)
    throw new FinanceError('DOCUMENT_AMOUNT', { message: `${value} is not an exact number.` });
  const text = write(new Exact(String(value)));
  assertDecimal(text);
  return text;
}
