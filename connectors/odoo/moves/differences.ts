import { type ErrorCode, FinanceError } from '../../../errors';
import type { Day, Decimal } from '../../../finance/documents';
import { equals } from '../../../finance/money';

/**
 * `created`: right after `load`, the tax still Odoo's own. `resumed`: the same, of a draft that an earlier attempt
 * recorded. `draft`: right before posting. `posted`: after it.
 */
export type Stage = 'created' | 'resumed' | 'draft' | 'posted';

export interface Difference {
  field: string;
  expected: unknown;
  found: unknown;
}

/** What every record that is posted has, whatever its model. */
export interface RecordState {
  id: number;
  /** `/` or `undefined` before Odoo has numbered it. */
  name?: string;
  state: 'draft' | 'posted' | 'cancel';
  /** Accounting date. */
  date?: Day;
}

/** What a record is called in messages. */
export const NOUNS: Readonly<Record<string, string>> = {
  'account.move': 'move',
  'account.payment': 'payment',
  'account.bank.statement.line': 'bank line',
};

export function differs(
  code: ErrorCode,
  record: RecordState,
  differences: readonly Difference[],
  noun = 'move',
): FinanceError {
  const list = differences
    .slice(0, 5)
    .map(({ field, expected, found }) => `${field} ${show(found)} instead of ${show(expected)}`);
  const what = `${noun.charAt(0).toUpperCase()}${noun.slice(1)}`;
  return new FinanceError(code, {
    message: `${what} ${record.id}${record.name ? ` (${record.name})` : ''}: ${list.join('; ')}.`,
    details: { [noun.replace(' ', '_')]: record.id, differences: differences.slice(0, 20) },
  });
}

const show = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');

/** Rows of field, wanted and found whose values are not the same. */
export const unequal = (rows: readonly [string, unknown, unknown][]): Difference[] =>
  rows
    .filter(([, wanted, found]) => wanted !== found)
    .map(([field, expected, found]) => ({ field, expected, found }));

/** The same for amounts, by value. */
export const unequalAmounts = (rows: readonly [string, Decimal, Decimal][]): Difference[] =>
  unequal(rows.filter(([, wanted, found]) => !equals(wanted, found)));

/** What of two lists of texts has no partner in the other, in any order. */
export function unequalLines(wanted: readonly string[], found: readonly string[]): Difference[] {
  const missing = [...wanted].sort();
  const surplus: string[] = [];
  for (const text of found) {
    const index = missing.indexOf(text);
    if (index < 0) surplus.push(text);
    else missing.splice(index, 1);
  }
  const count = Math.max(missing.length, surplus.length);
  return Array.from({ length: count }, (_, index) => ({
    field: 'line',
    expected: missing[index],
    found: surplus[index],
  }));
}

/** @throws FinanceError ODOO_MOVE_CHANGED when it is cancelled, or not posted though it should be */
export function assertState(record: RecordState, stage: Stage, noun = 'move'): void {
  const right = stage === 'posted' ? record.state === 'posted' : record.state !== 'cancel';
  if (right) return;
  const expected = stage === 'posted' ? 'posted' : 'draft';
  throw differs('ODOO_MOVE_CHANGED', record, [{ field: 'state', expected, found: record.state }], noun);
}

/** @throws FinanceError ODOO_DATE_MOVED when the accounting date is another */
export function assertDate(record: RecordState, expected: Day, noun = 'move'): void {
  if (record.date === undefined || record.date === expected) return;
  throw differs('ODOO_DATE_MOVED', record, [{ field: 'date', expected, found: record.date }], noun);
}

/**
 * Holds a record that Odoo computes nothing of to what was asked for.
 * @throws FinanceError DOCUMENT_CONFLICT right after `load` (the key was used before, for other content),
 * ODOO_MOVE_CHANGED later (a person edited it), ODOO_DATE_MOVED
 */
export function holdTo(
  record: RecordState,
  stage: Stage,
  differences: readonly Difference[],
  date: Day,
  noun: string,
): void {
  assertState(record, stage, noun);
  const code = stage === 'created' ? 'DOCUMENT_CONFLICT' : 'ODOO_MOVE_CHANGED';
  if (differences.length > 0) throw differs(code, record, differences, noun);
  assertDate(record, date, noun);
}
