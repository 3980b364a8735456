import { FinanceError } from '../../errors';
import { dayOf, type Period } from '../../finance';

export type PeriodChoice = 'day' | 'month' | 'given';

const DAY = /^\d{4}-\d\d-\d\d$/;

/**
 * The period that a checkpoint is about: the day or month before today in the entity's time zone, or the one that the
 * message gives (which counts in any case).
 * @throws MAP_INPUT_INVALID where it gives none, or none with two days
 */
export function periodOf(choice: PeriodChoice, given: unknown, now: number, timeZone: string): Period {
  if (given !== undefined) return periodIn(given);
  if (choice === 'given') throw wrong('The message gives no period.');
  const today = new Date(`${dayOf(now, timeZone)}T00:00:00Z`);
  const [year, month, day] = [today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate()];
  if (choice === 'month')
    return { from: iso(Date.UTC(year, month - 1, 1)), to: iso(Date.UTC(year, month, 0)) };
  const yesterday = iso(Date.UTC(year, month, day - 1));
  return { from: yesterday, to: yesterday };
}

const iso = (millis: number): string => new Date(millis).toISOString().slice(0, 10);

function periodIn(given: unknown): Period {
  const { from, to } = (given ?? {}) as Partial<Record<keyof Period, unknown>>;
  if (isDay(from) && isDay(to) && from <= to) return { from, to };
  throw wrong('The period of the message is not { from, to } with two days YYYY-MM-DD.');
}

const isDay = (value: unknown): value is string =>
  typeof value === 'string' && DAY.test(value) && !Number.isNaN(Date.parse(value));

const wrong = (message: string): FinanceError => new FinanceError('MAP_INPUT_INVALID', { message });
