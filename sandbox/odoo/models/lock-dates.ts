import type { Environment } from '../core/environment';
import { userError } from '../core/fault';
import { type OdooRecord, textOf } from '../core/value';
import { addDays } from './invoice-amounts';
import { companyOf, isPurchase, isSale, linesOf } from './move-kind';
import { resetOf, type Sequences } from './sequence';

/** Lock dates on or after the date, the latest last: Odoo goes by that one. */
export function violatedLocks(env: Environment, move: OdooRecord, date: string): string[] {
  const company = companyOf(env, move);
  const isAdviser = env.hasGroup('account.group_account_manager');
  const hasTax = linesOf(env, move.id).some(
    (line) => line.display_type === 'tax' || (Array.isArray(line.tax_ids) && line.tax_ids.length > 0),
  );
  const fields = [
    'fiscalyear_lock_date',
    'hard_lock_date',
    ...(isAdviser ? [] : ['period_lock_date']),
    ...(hasTax ? ['tax_lock_date'] : []),
    ...(isSale(move) ? ['sale_lock_date'] : []),
    ...(isPurchase(move) ? ['purchase_lock_date'] : []),
  ];
  return fields
    .map((field) => textOf(company, field))
    .filter((lock) => lock !== '' && date <= lock)
    .sort();
}

/** A posted move in a locked period may not be touched. */
export function checkUnlocked(env: Environment, move: OdooRecord): void {
  const lock = violatedLocks(env, move, textOf(move, 'date')).at(-1);
  if (lock === undefined) return;
  const [year = '', month = '', day = ''] = lock.split('-');
  const shown = `${month}/${day}/${year}`;
  if (env.version === 19)
    throw userError(`You cannot add/modify entries prior to and inclusive of: Global Lock Date (${shown}).`);
  throw userError(
    `You cannot add/modify entries prior to and inclusive of the lock date ${shown}. Check the company settings or ask someone with the 'Adviser' role`,
  );
}

const min = (a: string, b: string): string => (a < b ? a : b);
const max = (a: string, b: string): string => (a > b ? a : b);
const monthEnd = (date: string): string => {
  const next = new Date(Date.UTC(Number(date.slice(0, 4)), Number(date.slice(5, 7)), 0));
  return next.toISOString().slice(0, 10);
};

/**
 * The accounting date that a move gets for an invoice date: out of the locked period, silently, and for all but
 * sales documents not before today within the period of their numbers (`account.move._get_accounting_date`).
 */
export function accountingDate(
  env: Environment,
  sequences: Sequences,
  move: OdooRecord,
  date: string,
): string {
  const lock = violatedLocks(env, move, date).at(-1);
  const reset = resetOf(env, sequences, move);
  const from = lock ? addDays(lock, 1) : date;
  const { today } = env;
  if (isSale(move)) {
    if (!lock) return from;
    if (reset === undefined || reset === 'month') return min(today, monthEnd(from));
    return reset === 'year' ? min(today, `${from.slice(0, 4)}-12-31`) : from;
  }
  if (reset === undefined || reset === 'month')
    return today.slice(0, 7) > from.slice(0, 7) ? monthEnd(from) : max(from, today);
  if (reset === 'year')
    return today.slice(0, 4) > from.slice(0, 4) ? `${from.slice(0, 4)}-12-31` : max(from, today);
  return from;
}
