import { FinanceError } from '../../errors';

const DAY_MS = 86_400_000;
const formatters = new Map<string, Intl.DateTimeFormat>();

/** What the clock of a time zone shows, as if it were UTC. */
function wallTime(instant: number, timeZone: string): number {
  let formatter = formatters.get(timeZone);
  if (!formatter) {
    const whole = { hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit' } as const;
    const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
    formatter = new Intl.DateTimeFormat('en', { timeZone, ...whole, ...clock });
    formatters.set(timeZone, formatter);
  }
  const parts = Object.fromEntries(
    formatter.formatToParts(instant).map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** The instant at which the clock of a time zone shows this; an hour that summer time leaves out is the next one. */
function instantOf(wall: number, timeZone: string): number {
  const first = wall - (wallTime(wall, timeZone) - wall);
  return first - (wallTime(first, timeZone) - wall);
}

/**
 * The first instant after `after` at which the clock of a time zone shows `HH:MM`.
 * @param after milliseconds since the epoch
 * @param timeZone IANA name
 * @throws CONFIG_INVALID where `time` is no time of day
 */
export function nextTimeOfDay(after: number, time: string, timeZone: string): number {
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(time) ?? [];
  if (hours === undefined || minutes === undefined)
    throw new FinanceError('CONFIG_INVALID', { message: `"${time}" is not a time of day as HH:MM.` });
  const wall = wallTime(after, timeZone);
  const today = wall - (wall % DAY_MS) + (Number(hours) * 60 + Number(minutes)) * 60_000;
  for (let days = 0; ; days++) {
    const instant = instantOf(today + days * DAY_MS, timeZone);
    if (instant > after) return instant;
  }
}
