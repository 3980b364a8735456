import type { Feed } from '../engine';
import { LIMITS_CURSOR } from './approval';

const SCHEDULE = 'schedule/';
/** What the runtime keeps in cursors besides: it moves when people or the clock want it to, not with a source. */
const OWN = [SCHEDULE, 'odoo-check:', 'alerts', LIMITS_CURSOR];

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

/** Where a source stands; times in milliseconds. */
export interface FeedState {
  name: string;
  /** When it moved, or was looked at, last. */
  lastAt: number;
  /** How often it is looked at; null where nobody does by the clock. */
  expectedEveryMs: number | null;
}

/** The feeds with the schedules of the flows that look at them. */
export function feedStates(
  feeds: readonly Feed[],
  schedules: readonly { name: string; everyMs: number }[],
): FeedState[] {
  const turns = new Map(feeds.map(({ name, lastAt }) => [name, Number(lastAt)]));
  return feeds.filter(isFeed).map(({ name, lastAt }) => {
    const own = schedules.filter((schedule) => looksAt(schedule.name, name));
    const lookedAt = own.map((schedule) => turns.get(SCHEDULE + schedule.name) ?? 0);
    const expectedEveryMs = own.length > 0 ? Math.max(...own.map(({ everyMs }) => everyMs)) : null;
    return { name, lastAt: Math.max(Number(lastAt), ...lookedAt), expectedEveryMs };
  });
}

/** A watch is scheduled under the name of its cursor; a backfill looks at all accounts of its system. */
function looksAt(schedule: string, feed: string): boolean {
  const [what, system] = schedule.split('/');
  return schedule === feed || (what === 'backfill' && feed.startsWith(`backfill/${system}/`));
}
