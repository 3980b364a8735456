import Big from 'big.js';
import type { Tx } from '../transaction';

/** Longer amounts are not added up in SQL: their sum might not fit into 64 bits. */
const LONGEST = 13;

/** Counts, and exact sums by currency (decimal strings). */
export interface Amounts {
  count: number;
  amounts: Record<string, string>;
}

/** What {@link exactSum} selects. */
export interface SumRow {
  scale: number;
  long: string | null;
  sum: string | null;
  n: number;
}

/**
 * Columns `scale`, `long`, `sum`, `n` that add amounts (decimal texts in `column`) up without rounding; the query
 * groups by `scale, long`. SQLite has no decimals: there the sum is one of integers, of each number of decimals apart.
 */
export function exactSum({ dialect }: Pick<Tx, 'dialect'>, column: string): string {
  if (dialect === 'postgres')
    return `0 AS scale, CAST(NULL AS TEXT) AS long,
      CAST(SUM(CASE WHEN ${column} ~ '^-?[0-9]+([.][0-9]+)?$' THEN CAST(${column} AS NUMERIC) END) AS TEXT) AS sum,
      COUNT(*) AS n`;
  const point = `INSTR(${column}, '.')`;
  return `CASE ${point} WHEN 0 THEN 0 ELSE LENGTH(${column}) - ${point} END AS scale,
    CASE WHEN LENGTH(${column}) > ${LONGEST} THEN ${column} END AS long,
    CAST(SUM(CASE WHEN LENGTH(${column}) <= ${LONGEST} THEN CAST(REPLACE(${column}, '.', '') AS INTEGER) END) AS TEXT) AS sum,
    COUNT(*) AS n`;
}

/** The exact sum of one row, a decimal string; nothing where it is of documents without an amount. */
export function sumOf({ scale, long, sum, n }: SumRow): string | undefined {
  if (long !== null) return new Big(long).times(Number(n)).toFixed(placesOf(long));
  return sum === null
    ? undefined
    : new Big(`${sum}e${-Number(scale)}`).toFixed(placesOf(sum) || Number(scale));
}

const placesOf = (amount: string) => (amount.split('.')[1] ?? '').length;

/** The exact sum of two decimal strings, with the decimals of the longer one. */
export function plus(amount: string | undefined, more: string): string {
  if (amount === undefined) return more;
  return new Big(amount).plus(more).toFixed(Math.max(placesOf(amount), placesOf(more)));
}

/** Adds a row of sums to what is known. */
export function addTo(total: Amounts, currency: string | null, row: SumRow): void {
  total.count += Number(row.n);
  const sum = sumOf(row);
  if (sum && currency) total.amounts[currency] = plus(total.amounts[currency], sum);
}

export const nothing = (): Amounts => ({ count: 0, amounts: {} });
