import { FinanceError } from '../errors';
import type {
  Currency,
  Day,
  Decimal,
  EntryLine,
  Invoice,
  InvoiceLine,
  JournalEntry,
  Party,
  SourceReference,
} from './documents';
import { entryLine } from './journal-entry';
import { divide, exponentOf, formatMoney, isZero, multiply, negate, sub, sum } from './money';

/** The share of one calendar month. */
export interface DeferralSlice {
  /** `YYYY-MM` */
  month: string;
  from: Day;
  to: Day;
  days: number;
  amount: Decimal;
}

const DAY_MS = 86_400_000;
const millis = (day: Day): number => Date.parse(`${day}T00:00:00Z`);
const dayOf = (at: number): Day => new Date(at).toISOString().slice(0, 10);
const daysBetween = (from: Day, to: Day): number => Math.round((millis(to) - millis(from)) / DAY_MS) + 1;

/** Last day of the month of a day. */
export function monthEnd(day: Day): Day {
  const [year = 0, month = 0] = day.split('-').map(Number);
  return dayOf(Date.UTC(year, month, 0));
}

/**
 * Spreads an amount over a period, both days included, by days: a slice for each calendar month, each rounded half
 * up. The last one takes what rounding leaves over, so the slices always sum to the amount.
 * @throws FinanceError MAP_OUTPUT_INVALID when the period ends before it starts; DOCUMENT_PRECISION
 */
export function deferralSchedule(
  amount: Decimal,
  currency: Currency,
  { start, end }: { start: Day; end: Day },
): DeferralSlice[] {
  const total = formatMoney(amount, currency);
  const whole = daysBetween(start, end);
  if (!(whole > 0))
    throw new FinanceError('MAP_OUTPUT_INVALID', { message: `The period ${start} to ${end} has no day.` });
  const slices: DeferralSlice[] = [];
  for (let from = start; from <= end; ) {
    const last = monthEnd(from);
    const to = last < end ? last : end;
    const days = daysBetween(from, to);
    const share = divide(multiply(total, String(days)), String(whole), exponentOf(currency));
    const given = sum(slices.map((slice) => slice.amount));
    slices.push({ month: from.slice(0, 7), from, to, days, amount: to === end ? sub(total, given) : share });
    from = dayOf(millis(to) + DAY_MS);
  }
  return slices.map((slice) => ({ ...slice, amount: formatMoney(slice.amount, currency) }));
}

/** What is deferred, and between which accounts it moves. */
export interface Deferral {
  entity: string;
  /** Of the invoice. */
  source: SourceReference;
  line: Pick<InvoiceLine, 'id' | 'name' | 'netAmount' | 'period'>;
  currency: Currency;
  /** `revenue`: Dr deferred / Cr income. `expense`: Dr expense / Cr deferred. */
  side: 'revenue' | 'expense';
  accounts: { deferred: string; recognised: string };
  journal: string;
  analytic?: Record<string, Decimal>;
  /** Trading partner, on every line. */
  partner?: Party;
}

/**
 * The recognition entries of a line with a period: one a month, dated on its last day, keyed by invoice, line and
 * month, so that each is posted once however often the schedule is made.
 * @returns nothing where the line has no period
 * @throws FinanceError as `deferralSchedule`
 */
export function deferralEntries(deferral: Deferral): JournalEntry[] {
  const { entity, source, line, currency, side, accounts, journal, analytic, partner } = deferral;
  if (!line.period) return [];
  const { system, account } = source;
  const slices = deferralSchedule(line.netAmount, currency, line.period).filter(
    ({ amount }) => !isZero(amount),
  );
  return slices.map(({ month, to, amount }): JournalEntry => {
    const label = `${line.name} ${month}`;
    const recognised: EntryLine = {
      ...entryLine(accounts.recognised, label, side === 'revenue' ? negate(amount) : amount, currency),
      ...(analytic && { analytic }),
      ...(partner && { partner }),
    };
    const deferred: EntryLine = {
      ...entryLine(accounts.deferred, label, side === 'revenue' ? amount : negate(amount), currency),
      ...(partner && { partner }),
    };
    return {
      schema: 'journal_entry/1',
      kind: 'journal_entry',
      entity,
      source: { system, ...(account !== undefined && { account }), id: `${source.id}/${line.id}/${month}` },
      date: monthEnd(to),
      currency,
      reference: source.number ?? source.id,
      lines: [deferred, recognised],
      posting: { journal },
    };
  });
}

/** Whether any line of an invoice is spread over a period. */
export const isDeferred = ({ lines }: Invoice): boolean => lines.some(({ posting }) => posting?.deferral);

/**
 * The recognition entries of all lines that the mapping defers; those of a credit note take back.
 * @param currency of the entries: the company's
 * @param netOf a line's net amount in that currency
 * @throws FinanceError MAP_OUTPUT_INVALID where such a line says no period; as {@link deferralEntries}
 */
export function invoiceSchedule(
  invoice: Invoice,
  currency: Currency,
  netOf: (line: InvoiceLine) => Decimal,
): JournalEntry[] {
  const { entity, source, direction, kind } = invoice;
  const partner = direction === 'customer' ? invoice.buyer : invoice.seller;
  return invoice.lines.flatMap((line) => {
    if (!line.posting?.deferral) return [];
    if (!line.period)
      throw new FinanceError('MAP_OUTPUT_INVALID', {
        message: `Line ${line.id} is to be deferred, but says no period.`,
      });
    const { account: deferred, analytic, deferral } = line.posting;
    const net = netOf(line);
    return deferralEntries({
      entity,
      source,
      line: { ...line, netAmount: kind === 'invoice' ? net : negate(net) },
      currency,
      side: direction === 'customer' ? 'revenue' : 'expense',
      accounts: { deferred, recognised: deferral.account },
      journal: deferral.journal,
      ...(analytic && { analytic }),
      ...(partner && { partner }),
    });
  });
}
