import { createHash } from 'node:crypto';
import { FinanceError } from '../errors';
import { dayOf, millisOf } from './calendar';
import type { Currency, Decimal, InvoiceLine } from './documents';
import { type Scope, widen } from './expression';
import { linesByTaxGroup } from './invoice';
import type { LookupTable, MappingContext } from './mapping';
import * as money from './money';

const listOf = <T>(values: T | readonly T[] | undefined): readonly T[] =>
  values === undefined ? [] : Array.isArray(values) ? values : [values as T];

/** JSONata hands an absent field on as `undefined`; an amount that is not there stays not there. */
const lift =
  <T, R extends unknown[], O>(made: (first: T, ...rest: R) => O) =>
  (first: T | null | undefined, ...rest: R): O | undefined =>
    first === undefined || first === null ? undefined : made(first, ...rest);

/** A rate or a quantity may come as a JSON number, an amount may not. */
const decimal = (value: Decimal | number): Decimal =>
  typeof value === 'number' ? money.fromNumber(value) : money.plain(value);

/** The VAT breakdown of lines, with the source's tax and the source's code of the first line in each group. */
function taxGroups(lines: readonly InvoiceLine[]): object[] {
  return [...linesByTaxGroup(lines).values()].map((group) => ({
    category: group[0]!.tax.category,
    rate: group[0]!.tax.rate,
    base: money.sum(group.map((line) => line.netAmount)),
    amount: money.sum(['0', ...group.flatMap((line) => line.tax.amount ?? [])]),
    sourceCode: group[0]!.tax.sourceCode,
  }));
}

const MONEY: Scope = {
  fromMinor: lift((minor: number | string, currency: Currency, exponent?: number) =>
    money.fromMinor(minor, currency.toUpperCase(), exponent),
  ),
  fromMinorDecimal: lift((minor: Decimal | number, currency: Currency, exponent?: number) =>
    money.fromMinorDecimal(decimal(minor), currency.toUpperCase(), exponent),
  ),
  toMinor: lift((amount: Decimal, currency: Currency) => String(money.toMinor(amount, currency))),
  decimal: lift(decimal),
  exponentOf: lift(money.exponentOf),
  sum: (values: Decimal | Decimal[] | undefined) => money.sum(listOf(values)),
  taxGroups: (lines: InvoiceLine | InvoiceLine[] | undefined) => taxGroups(listOf(lines)),
  add: money.add,
  sub: money.sub,
  mul: money.multiply,
  div: money.divide,
  neg: lift(money.negate),
  magnitude: lift(money.absolute),
  compare: money.compare,
  percentOf: money.percentOf,
  roundMoney: lift((amount: Decimal, currency: Currency) => money.roundMoney(amount, currency)),
  formatMoney: lift((amount: Decimal, currency: Currency) => money.formatMoney(amount, currency)),
};

/** Chance that a document always meets again: the n-th number is drawn from the hash of its id and n. */
function chanceOf(documentId: string): () => number {
  let drawn = 0;
  return () => {
    const digest = createHash('sha256').update(`${documentId}#${drawn++}`).digest();
    return Number(digest.readBigUInt64BE() >> 11n) / 2 ** 53;
  };
}

function refused(name: string, why: string): () => never {
  return () => {
    throw new FinanceError('MAP_EXPRESSION', { message: `$${name} is not there in a mapping: ${why}.` });
  };
}

function timeOf({ receivedAt, timeZone }: MappingContext): Scope {
  const now = millisOf(receivedAt);
  return {
    now: (picture?: unknown) =>
      picture === undefined
        ? new Date(now).toISOString()
        : refused('now(picture)', 'write $fromMillis($millis(), picture)')(),
    millis: () => now,
    day: lift((seconds: number) => dayOf(seconds * 1000, timeZone)),
    dayOf: lift((instant: string) => dayOf(millisOf(instant), timeZone)),
    instant: lift((seconds: number) => new Date(seconds * 1000).toISOString()),
  };
}

const LONGEST_PAD = 1_000;

function pad(text: string | undefined, width: number, fill = ' '): string | undefined {
  if (text === undefined) return undefined;
  if (Math.abs(width) > LONGEST_PAD)
    throw new FinanceError('MAP_EXPRESSION', { message: `$pad: ${width} is too wide.` });
  return width < 0 ? text.padStart(-width, fill) : text.padEnd(width, fill);
}

/** `$lookup('table', value)` reads a table of the mapping; with an object it stays JSONata's own. */
function lookupIn(
  tables: ReadonlyMap<string, LookupTable>,
  entity: string,
): (where: unknown, value: unknown) => unknown {
  return (where, value) => {
    if (typeof where === 'object' && where !== null)
      return typeof value === 'string' && Object.hasOwn(where, value) ? (where as Scope)[value] : undefined;
    const table = tables.get(String(where));
    if (!table)
      throw new FinanceError('MAP_EXPRESSION', { message: `The mapping has no table "${String(where)}".` });
    const key = value === undefined || value === null ? '' : String(value);
    if (Object.hasOwn(table.entries, key)) return table.entries[key];
    if (table.default !== undefined) return table.default;
    throw new FinanceError('MAP_UNMAPPED', {
      message: `map ${table.label} ${key || '(none)'} for entity ${entity}`,
      details: { table: String(where), value: key, entity },
    });
  };
}

/** So that `$constructor` is nothing. */
const BARE: Scope = Object.create(null);

/**
 * What expressions see besides JSONata's own functions. Time and chance are the document's, not the machine's.
 * Amounts are decimal strings; `$fromMinor(11900, 'eur')` → `"119.00"`, `$day(epochSeconds)` → the entity's day.
 */
export function scopeFor(context: MappingContext, tables: ReadonlyMap<string, LookupTable>): Scope {
  return widen(BARE, {
    ...MONEY,
    ...timeOf(context),
    random: chanceOf(context.documentId),
    shuffle: refused('shuffle', 'it would differ from run to run'),
    eval: refused('eval', 'an expression out of data was approved by nobody'),
    pad,
    lookup: lookupIn(tables, context.entity),
    entity: context.entity,
    documentId: context.documentId,
    timeZone: context.timeZone,
  });
}
