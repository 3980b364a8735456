import { FinanceError } from '../../../errors';
import type { Day } from '../../../finance/documents';
import type { KindPolicy } from '../../../finance/entity';
import type { OdooClient } from '../client';
import { type Company, lookupsOf } from '../lookups';
import { searchRead, textOf } from '../records';
import { type ExpectedMove, type LatePosting, type Side, sideOf } from './request';

/** What decides which lock dates a posting is under. */
export interface PeriodQuestion {
  /** Accounting date. */
  day: Day;
  /** It has taxes, so the tax lock date counts too. */
  taxed: boolean;
  /** Sales and purchases have lock dates of their own. */
  side?: Side;
}

/** Which lock dates an invoice, bill or credit note is under. */
export const periodOf = ({ date, taxes, moveType }: ExpectedMove): PeriodQuestion => ({
  day: date,
  taxed: taxes.length > 0,
  side: sideOf(moveType),
});

export interface Lock {
  /** Field of `res.company`. */
  field: string;
  /** Last locked day. */
  until: Day;
}

export type LatePolicy = NonNullable<KindPolicy['latePosting']>;

const LOCKS = ['hard_lock_date', 'fiscalyear_lock_date', 'period_lock_date'];
const SIDES = { sale: 'sale_lock_date', purchase: 'purchase_lock_date' } as const;
const TAX_LOCK = 'tax_lock_date';
const ALL = [...LOCKS, ...Object.values(SIDES), TAX_LOCK];

/** Believed for as long as a batch takes to fill; what is locked meanwhile shows on the date read back. */
const BELIEVED_MS = 2_000;

/**
 * The lock dates of a company that are set, by their names without `user_`. From 18 on the `user_…` fields hold what
 * applies to this very user, exceptions and parent companies included.
 */
export function lockDates(client: OdooClient, company: Company): Promise<ReadonlyMap<string, Lock>> {
  const lookups = lookupsOf(client);
  return lookups.briefly(`locks ${company.id}`, BELIEVED_MS, async () => {
    const known = await lookups.fields('res.company');
    const asked = ALL.map((name) => (known.has(`user_${name}`) ? `user_${name}` : name)).filter((name) =>
      known.has(name),
    );
    const rows = await searchRead(client, 'res.company', [['id', '=', company.id]], asked);
    return new Map(
      asked.flatMap((field): [string, Lock][] => {
        const until = textOf(rows[0]?.[field]);
        return until ? [[field.replace(/^user_/, ''), { field, until }]] : [];
      }),
    );
  });
}

/** The lock date that holds a posting: of several the latest, since Odoo goes by that one. */
export async function lockOn(
  client: OdooClient,
  company: Company,
  { day, taxed, side }: PeriodQuestion,
): Promise<Lock | undefined> {
  const names = [...LOCKS, ...(side ? [SIDES[side]] : []), ...(taxed ? [TAX_LOCK] : [])];
  const dates = await lockDates(client, company);
  return names
    .flatMap((name) => dates.get(name) ?? [])
    .filter(({ until }) => day <= until)
    .sort((a, b) => (a.until < b.until ? 1 : -1))[0];
}

/**
 * Odoo posts into a locked period without a word, on the next open date; so it is asked first.
 * @throws FinanceError ODOO_DATE_MOVED
 */
export async function assertPeriodOpen(
  client: OdooClient,
  company: Company,
  question: PeriodQuestion,
): Promise<void> {
  const lock = await lockOn(client, company, question);
  if (!lock) return;
  throw new FinanceError('ODOO_DATE_MOVED', {
    message: `${company.name} is locked up to ${lock.until} (${lock.field}); Odoo would not post on ${question.day}.`,
    details: { field: lock.field, locked: lock.until, day: question.day },
  });
}

/**
 * The accounting date of a document by the entity's policy.
 * @returns its own date under `hold` (posting then refuses) and in an open period; else the first open day
 */
export async function accountingDate(
  client: OdooClient,
  company: Company,
  question: PeriodQuestion,
  policy: LatePolicy = 'hold',
): Promise<{ date: Day; late?: LatePosting }> {
  const documentDate = question.day;
  if (policy === 'hold') return { date: documentDate };
  let date = documentDate;
  let last: Lock | undefined;
  for (let lock = await lockOn(client, company, question); lock; ) {
    last = lock;
    date = dayAfter(lock.until);
    lock = await lockOn(client, company, { ...question, day: date });
  }
  return last ? { date, late: { documentDate, lock: last.field, lockedUntil: last.until } } : { date };
}

const dayAfter = (day: Day): Day =>
  new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
