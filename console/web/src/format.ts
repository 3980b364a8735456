import { locale, t } from './i18n';

const tag = (): string => (locale.value === 'de' ? 'de-DE' : 'en-GB');

/** A decimal string as people write it; digits are never lost in a float. */
export function amount(value: string | null | undefined, currency?: string | null): string {
  if (value === null || value === undefined || value === '') return '–';
  const formatter = new Intl.NumberFormat(tag(), { minimumFractionDigits: 2, maximumFractionDigits: 10 });
  // the specification formats the digits of a string exactly
  const text = formatter.format(value as unknown as number);
  return currency ? `${text} ${currency}` : text;
}

/** Amounts of several currencies. */
export const amounts = (all: Record<string, string>): string =>
  Object.entries(all)
    .map(([currency, value]) => amount(value, currency))
    .join(' · ') || '–';

export const count = (value: number): string => new Intl.NumberFormat(tag()).format(value);

export function dateTime(at: number | null | undefined): string {
  if (at === null || at === undefined) return '–';
  return new Intl.DateTimeFormat(tag(), { dateStyle: 'medium', timeStyle: 'medium' }).format(at);
}

/** A period `YYYY-MM` or a day. */
export function day(value: string | null | undefined): string {
  if (!value) return '–';
  if (/^\d{4}-\d{2}$/.test(value))
    return new Intl.DateTimeFormat(tag(), { year: 'numeric', month: 'short', timeZone: 'UTC' }).format(
      new Date(`${value}-01T00:00:00Z`),
    );
  return new Intl.DateTimeFormat(tag(), { dateStyle: 'medium', timeZone: 'UTC' }).format(
    new Date(`${value}T00:00:00Z`),
  );
}

const UNITS = [
  ['month', 30 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** How long ago, or in how long, in the largest unit that fits. */
export function relative(at: number | null | undefined, now = Date.now()): string {
  if (at === null || at === undefined) return '–';
  const formatter = new Intl.RelativeTimeFormat(tag(), { numeric: 'always', style: 'narrow' });
  const milliseconds = at - now;
  for (const [unit, length] of UNITS)
    if (Math.abs(milliseconds) >= length) return formatter.format(Math.trunc(milliseconds / length), unit);
  return t('time.now');
}
