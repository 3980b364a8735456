import Big from 'big.js';
import { FinanceError } from '../errors';
import type { Currency, Day, Decimal } from './documents';

/** Days of an accounting period, both included. */
export interface Period {
  from: Day;
  to: Day;
}

/** Where a document that is not settled stands. */
export type OpenState = 'held' | 'in_doubt' | 'in_flight';

/** A document that is not settled, as the store knows it. */
export interface OpenDocument {
  id: string;
  /** Empty where no route led to one. */
  entity: string;
  kind: string;
  state: OpenState;
  /** Its own day; absent where it was never mapped. */
  date?: Day;
  amount?: Decimal;
  currency?: Currency;
  number?: string;
  /** Code and cause of the error that it is held by. */
  code?: string;
  cause?: string;
}

/** A sum of the gate; a document without an amount counts and adds nothing. */
export interface OpenTotal {
  state: OpenState;
  /** Absent where the documents say none. */
  currency?: Currency;
  count: number;
  amount: Decimal;
}

/** What stands between a period and its close. */
export interface CloseGate {
  period: Period;
  /** Nothing is open that is, or may be, of the period or one before. */
  clear: boolean;
  /** Of the period. */
  open: OpenDocument[];
  /** Of earlier periods: with the lock of this one they come too late as well. */
  earlier: OpenDocument[];
  /** They may be of the period: nobody has said their day, or not even the entity. */
  undated: OpenDocument[];
  /** Of later periods: no matter. */
  later: number;
  /** Of `open`, `earlier` and `undated` together. */
  totals: OpenTotal[];
}

/** Master data is of no period. */
const TIMELESS = new Set(['party', 'product']);

/** Whether, and by what, the close of a period is held up. Amounts are exact sums, a line a state and currency. */
export function closeGate(period: Period, documents: Iterable<OpenDocument>): CloseGate {
  const gate: CloseGate = { period, clear: true, open: [], earlier: [], undated: [], later: 0, totals: [] };
  for (const document of documents) {
    if (TIMELESS.has(document.kind)) continue;
    const { date } = document;
    if (date === undefined) gate.undated.push(document);
    else if (date > period.to) gate.later += 1;
    else if (date < period.from) gate.earlier.push(document);
    else gate.open.push(document);
  }
  const counted = [...gate.open, ...gate.earlier, ...gate.undated];
  return { ...gate, clear: counted.length === 0, totals: totalsOf(counted) };
}

function totalsOf(documents: readonly OpenDocument[]): OpenTotal[] {
  const totals = new Map<string, OpenTotal>();
  for (const { state, currency, amount = '0' } of documents) {
    const name = `${state} ${currency ?? ''}`;
    const { count, amount: sum } = totals.get(name) ?? { count: 0, amount: '0' };
    totals.set(name, {
      state,
      ...(currency && { currency }),
      count: count + 1,
      amount: new Big(sum).plus(amount).toFixed(),
    });
  }
  return [...totals].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, total]) => total);
}

/**
 * A period as people write it: `2026`, `2026-Q4`, `2026-10`, or two days as `2026-10-01..2026-10-31`.
 * @throws FinanceError CONFIG_INVALID
 */
export function periodOf(text: string): Period {
  const [, year = '', quarter, month] = /^(\d{4})(?:-Q([1-4])|-(0[1-9]|1[0-2]))?$/.exec(text) ?? [];
  if (quarter) return months(year, Number(quarter) * 3 - 2, Number(quarter) * 3);
  if (month) return months(year, Number(month), Number(month));
  if (year) return months(year, 1, 12);
  const [, from = '', to = ''] = /^(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)$/.exec(text) ?? [];
  if (isDay(from) && isDay(to) && from <= to) return { from, to };
  throw new FinanceError('CONFIG_INVALID', {
    message: `"${text}" is not a period: say 2026, 2026-Q4, 2026-10, or 2026-10-01..2026-10-31.`,
  });
}

function months(year: string, first: number, last: number): Period {
  const days = new Date(Date.UTC(Number(year), last, 0)).getUTCDate();
  const two = (number: number): string => String(number).padStart(2, '0');
  return { from: `${year}-${two(first)}-01`, to: `${year}-${two(last)}-${two(days)}` };
}

function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(text);
}
