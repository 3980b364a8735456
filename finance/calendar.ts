import { FinanceError } from '../errors';
import type { Day } from './documents';

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterFor(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  formatters.set(timeZone, made);
  return made;
}

/**
 * The calendar day of an instant in a time zone.
 * @param millis milliseconds since 1970-01-01T00:00Z
 * @param timeZone IANA name
 * @throws FinanceError CONFIG_INVALID on an unknown time zone, MAP_EXPRESSION on what is no instant
 */
export function dayOf(millis: number, timeZone: string): Day {
  if (!Number.isFinite(millis) || Math.abs(millis) > 8.64e15)
    throw new FinanceError('MAP_EXPRESSION', { message: `${millis} is not an instant.` });
  let parts: Intl.DateTimeFormatPart[];
  try {
    parts = formatterFor(timeZone).formatToParts(millis);
  } catch (cause) {
    throw new FinanceError('CONFIG_INVALID', { message: `"${timeZone}" is not an IANA time zone.`, cause });
  }
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? '';
  return `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`;
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/**
 * Milliseconds of an RFC 3339 instant; one without an offset is refused, since it would mean this machine's zone.
 * @throws FinanceError MAP_EXPRESSION
 */
export function millisOf(instant: string): number {
  const millis = typeof instant === 'string' && INSTANT.test(instant) ? Date.parse(instant) : Number.NaN;
  if (Number.isNaN(millis))
    throw new FinanceError('MAP_EXPRESSION', {
      message: `"${String(instant).slice(0, 40)}" is not an RFC 3339 instant.`,
    });
  return millis;
}
