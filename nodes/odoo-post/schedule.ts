import {
  type EntryRequest,
  externalIdOf,
  lookupsOf,
  type PostedMove,
  type PostedRecord,
  poster,
  postRequest,
  readMove,
} from '../../connectors/odoo';
import type { Effect, Json } from '../../engine';
import { FinanceError } from '../../errors';
import {
  type Decimal,
  documentHash,
  externalKey,
  type Invoice,
  type InvoiceLine,
  invoiceSchedule,
  type LegalEntity,
  money,
} from '../../finance';
import { type HashedRequest, requestOnce } from '../kit/run-step';
import { assertLateAllowed } from './late';
import { type OdooRun, plain, type Recorded, recordStep } from './record';

/** An entry of a deferral schedule, as it is booked. */
export type ScheduledEntry = Pick<PostedRecord, 'moveId' | 'name' | 'date' | 'currency' | 'amount'>;

type ScheduleRequest = HashedRequest & { entries: Json };

/**
 * Posts the entries that move what an invoice defers to its months, as one recorded step `odoo.schedule`: one call makes
 * them all and one posts them, each under an external key of its own, so that a repeat makes none twice. They are part
 * of the invoice's document: that is not done before its whole schedule stands.
 * @throws FinanceError ODOO_*, DOCUMENT_*, MAP_OUTPUT_INVALID and those of a step
 */
export async function postSchedule(
  run: OdooRun,
  invoice: Invoice,
  entity: LegalEntity,
  prefix: string,
  posted: PostedMove,
): Promise<ScheduledEntry[]> {
  const { store, context, client, target } = run;
  const key = `${externalIdOf(externalKey(invoice), prefix)}__schedule`;
  const hash = documentHash(invoice);
  const identity = { kind: 'odoo.schedule', target, externalKey: key };
  const request = await requestOnce<ScheduleRequest>(store, context, identity, hash, async () => {
    const { currency } = await lookupsOf(client).company(entity.odooCompany);
    const netOf = await netAmounts(run, invoice, currency.code, posted);
    const entries: EntryRequest[] = [];
    for (const entry of invoiceSchedule(invoice, currency.code, netOf))
      entries.push(
        await poster('entry').prepare(client, entry, { entity, prefix, externalKey: externalKey(entry) }),
      );
    await assertLateAllowed(run, invoice, entity, entries);
    return { contentHash: hash, ...plain({ entries }) } as ScheduleRequest;
  });
  const result = await recordStep(run, identity.kind, key, request, scheduleEffect(run));
  return result.entries as unknown as ScheduledEntry[];
}

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

function scheduleEffect({ client, writer }: OdooRun): Effect<Recorded> {
  return {
    refusesDoubles: true,
    async perform(request) {
      const requests = (request as ScheduleRequest).entries as unknown as EntryRequest[];
      const posted = await Promise.allSettled(
        requests.map((entry) => postRequest(client, 'entry', entry, { writer })),
      );
      const failed = posted.find(({ status }) => status === 'rejected');
      if (failed) throw (failed as PromiseRejectedResult).reason;
      const entries = posted.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      return plain({
        entries: entries.map(({ moveId, name, date, currency, amount }): ScheduledEntry => {
          return { moveId, name, date, currency, amount };
        }),
      });
    },
  };
}
