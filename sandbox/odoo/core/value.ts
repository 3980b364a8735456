import BigJs, { type Big } from 'big.js';

/** Exact decimals; a constructor of its own, so that the strictness of others is not touched. */
export const Decimal = BigJs();
Decimal.strict = true;
export type Decimal = Big;

/** What travels on the wire and rests in a record. Amounts rest as decimal strings and travel as numbers. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };
export type Values = { [field: string]: Value };
/** A stored record. Many-to-one fields hold an id or `false`, many-to-many fields a list of ids. */
export type OdooRecord = { id: number } & Values;

export const ZERO = new Decimal('0');

export function isStruct(value: Value | undefined): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The id in a many-to-one field, 0 where it is empty. */
export function idOf(record: Values, field: string): number {
  const value = record[field];
  return typeof value === 'number' ? value : 0;
}

export function idsOf(record: Values, field: string): number[] {
  const value = record[field];
  return Array.isArray(value) ? value.filter((item): item is number => typeof item === 'number') : [];
}

/** A text field, '' where it is empty (Odoo holds `false`). */
export function textOf(record: Values, field: string): string {
  const value = record[field];
  return typeof value === 'string' ? value : '';
}

export function decimalOf(record: Values, field: string): Decimal {
  return toDecimal(record[field]);
}

/** A number or numeric text as a decimal; anything else is 0. */
export function toDecimal(value: Value | undefined): Decimal {
  if (typeof value === 'number') return new Decimal(String(value));
  if (typeof value === 'string' && value !== '') return new Decimal(value);
  return ZERO;
}

export function isSet(value: Value | undefined): boolean {
  return value !== undefined && value !== false && value !== null && value !== '';
}

/** Half away from zero, as Odoo rounds amounts. */
export function round(amount: Decimal, digits: number): Decimal {
  return amount.round(digits, 1);
}

export function sum(amounts: Iterable<Decimal>): Decimal {
  let total = ZERO;
  for (const amount of amounts) total = total.plus(amount);
  return total;
}

/** A value as Python's `repr` writes it; Odoo puts such texts into some messages. */
export function pythonRepr(value: Value): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string')
    return value.includes("'") && !value.includes('"') ? `"${value}"` : `'${value.replaceAll("'", "\\'")}'`;
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, item]) => `'${key}': ${pythonRepr(item)}`)
    .join(', ')}}`;
}

/** The same as a tuple: `('a', 'b')`. */
export function pythonTuple(values: Value[]): string {
  return `(${values.map(pythonRepr).join(', ')}${values.length === 1 ? ',' : ''})`;
}
