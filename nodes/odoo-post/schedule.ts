import {
  type EntryRequest,
  externalIdOf,
  lookupsOf,
  type PostedMove,
  poster,
  readMove,
} from '../../connectors/odoo';
import { FinanceError } from '../../errors';
import {
  type Decimal,
  documentHash,
  externalKey,
  type Invoice,
  type InvoiceLine,
  invoiceSchedule,
  type JournalEntry,
  type LegalEntity,
  money,
} from '../../finance';
import { assertLateAllowed } from '../kit/late';
import { assertNotDoneByOdoo } from './automation';
import { type BookedEntry, postEntries } from './entries';
import type { OdooRun } from './record';

/**
 * Posts the entries that move what an invoice defers to its months, as one recorded step `odoo.schedule`. They are part
 * of the invoice's document: that is not done before its whole schedule stands.
 * @throws FinanceError ODOO_*, DOCUMENT_*, MAP_OUTPUT_INVALID and those of a step
 */
export async function postSchedule(
  run: OdooRun,
  invoice: Invoice,
  entity: LegalEntity,
  prefix: string,
  posted: PostedMove,
): Promise<BookedEntry[]> {
  const { client } = run;
  const key = `${externalIdOf(externalKey(invoice), prefix)}__schedule`;
  return await postEntries(run, 'odoo.schedule', key, documentHash(invoice), async () => {
    await assertNotDoneByOdoo(run, invoice, entity);
    const { currency } = await lookupsOf(client).company(entity.odooCompany);
    const netOf = await netAmounts(run, invoice, currency.code, posted);
    const entries: EntryRequest[] = [];
    for (const [at, entry] of invoiceSchedule(invoice, currency.code, netOf).entries()) {
      // under the invoice's key, so that it is seen whose they are
      const own = `${externalKey(invoice)}__schedule_${at + 1}`;
      const options = { entity, prefix, externalKey: own, partnerOf: async () => posted.partnerId };
      entries.push(await poster('entry').prepare(client, afterCutOver(entry, invoice, entity), options));
    }
    await assertLateAllowed(run, invoice, entity, entries);
    return entries;
  });
}

/** What belongs to months before the cut-over is recognised on the invoice's day: the earlier books are closed. */
const afterCutOver = (
  entry: JournalEntry,
  { issueDate }: Invoice,
  { cutOver = '' }: LegalEntity,
): JournalEntry => (entry.date < cutOver ? { ...entry, date: issueDate } : entry);

/** What each line came to in the company's currency, as Odoo booked it: that is what is to be spread. */
async function netAmounts(
  { client }: OdooRun,
  invoice: Invoice,
  home: string,
  { moveId, company }: PostedMove,
): Promise<(line: InvoiceLine) => Decimal> {
  if (invoice.currency === home) return ({ netAmount }) => netAmount;
  const move = await readMove(client, moveId, company);
  const booked = move?.lines.filter(({ type }) => type === 'product') ?? [];
  return (line) => {
    const own = booked[invoice.lines.indexOf(line)];
    if (!own || !money.equals(own.subtotal, line.netAmount))
      throw new FinanceError('ODOO_AMOUNT_DIFFERS', {
        message: `Move ${moveId} does not hold line ${line.id} in its place: its amount in ${home} is not known.`,
        details: { move: moveId, line: line.id },
      });
    const amount = money.absolute(money.sub(own.debit, own.credit));
    return money.isNegative(line.netAmount) ? money.negate(amount) : amount;
  };
}
