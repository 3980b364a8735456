import type { Feed } from '../engine';

const SCHEDULE = 'schedule/';
/** What the runtime keeps in cursors besides: it moves when people or the clock want it to, not with a source. */
const OWN = [SCHEDULE, 'odoo-check:', 'alerts'];

/** Whether a cursor is where a source stands. */
export const isFeed = ({ name }: Pick<Feed, 'name'>): boolean => !OWN.some((own) => name.startsWith(own));

/** A schedule that should have run. */
export interface Overdue {
  name: string;
  /** When it was due, milliseconds since the epoch. */
  since: number;
}

/** Which of these schedules are over their time by more than `graceMs`: nobody takes the turn, or it does not end. */
export function overdueSchedules(
  feeds: readonly Feed[],
  names: readonly string[],
  at: number,
  graceMs: number,
): Overdue[] {
  const going = new Set(names);
  return feeds.flatMap(({ name, value }) => {
    const schedule = name.slice(SCHEDULE.length);
    if (!name.startsWith(SCHEDULE) || !going.has(schedule)) return [];
    const { until } = JSON.parse(value) as { until?: unknown };
    return typeof until === 'number' && until + graceMs < at ? [{ name: schedule, since: until }] : [];
  });
}
