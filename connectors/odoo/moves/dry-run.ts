import type { Currency, Day, Decimal, Invoice } from '../../../finance/documents';
import { absolute, exponentOf, isNegative, isZero, negate, round } from '../../../finance/money';
import type { OdooClient } from '../client';
import type { Company } from '../lookups';
import { findPartner } from '../party';
import { idOf, searchRead, textOf } from '../records';
import { assertPeriodOpen, periodOf } from './lock-dates';
import { buildRequest, counterparty, type PrepareOptions, prepareContext } from './prepare';
import { lookupMove } from './read';
import { type ExpectedMove, isDebitSide, type LatePosting, sideOf } from './request';

export interface PlannedLine {
  role: 'receivable' | 'payable' | 'revenue' | 'expense' | 'tax';
  /** Account code; absent where Odoo takes it from the partner or the tax. */
  account?: string;
  name: string;
  /** In the document's currency; one of the two is zero. */
  debit: Decimal;
  credit: Decimal;
}

/** What would be posted. */
export interface PostingPlan {
  dryRun: true;
  externalKey: string;
  /** The move that the key stands for already: nothing would be created. */
  exists?: { moveId: number; state: string; name?: string };
  moveType: ExpectedMove['moveType'];
  company: { id: number; name: string };
  /** Without an id it would be created. */
  partner: { id?: number; name: string; vatId?: string };
  journal?: string;
  /** Absent where Odoo numbers. */
  name?: string;
  ref: string;
  currency: Currency;
  invoiceDate: Day;
  date: Day;
  late?: LatePosting;
  dueDate?: Day;
  lines: PlannedLine[];
  amountUntaxed: Decimal;
  amountTax: Decimal;
  amountTotal: Decimal;
}

/**
 * All checks and look-ups of a posting, and nothing written: no partner, no move.
 * @throws FinanceError as `prepareInvoice`, and ODOO_DATE_MOVED where the period is locked
 */
export async function planInvoice(
  client: OdooClient,
  invoice: Invoice,
  options: PrepareOptions,
): Promise<PostingPlan> {
  const context = await prepareContext(client, invoice, options);
  const { company } = context;
  const partnerId = await findPartner(client, counterparty(invoice), context.place);
  const request = await buildRequest(client, invoice, options, context, partnerId ?? 0);
  const { expected } = request;
  await assertPeriodOpen(client, company, periodOf(expected));
  const move = await lookupMove(client, request.externalKey, company.id);
  const { name, vatId } = counterparty(invoice);
  return {
    dryRun: true,
    externalKey: request.externalKey,
    exists: move && { moveId: move.id, state: move.state, name: move.name },
    moveType: expected.moveType,
    company: { id: company.id, name: company.name },
    partner: { id: partnerId, name, vatId },
    journal: invoice.posting?.journal,
    name: expected.name,
    ref: expected.ref,
    currency: invoice.currency,
    invoiceDate: expected.invoiceDate,
    date: expected.date,
    late: expected.late,
    dueDate: expected.dueDate,
    lines: planLines(invoice, expected, await receivableOf(client, invoice, company, partnerId)),
    amountUntaxed: expected.amountUntaxed,
    amountTax: expected.amountTax,
    amountTotal: expected.amountTotal,
  };
}

/** Code of the receivable account: the mapping's, else the partner's own. */
async function receivableOf(
  client: OdooClient,
  invoice: Invoice,
  { id: company }: Company,
  partnerId: number | undefined,
): Promise<string | undefined> {
  const mapped = invoice.posting?.receivableAccount;
  if (mapped !== undefined || partnerId === undefined) return mapped;
  const field = `property_account_${invoice.direction === 'customer' ? 'receivable' : 'payable'}_id`;
  const partners = await searchRead(client, 'res.partner', [['id', '=', partnerId]], [field], { company });
  const account = idOf(partners[0]?.[field]);
  if (account === undefined) return undefined;
  const accounts = await searchRead(client, 'account.account', [['id', '=', account]], ['code'], { company });
  return textOf(accounts[0]?.code);
}

function planLines(invoice: Invoice, expected: ExpectedMove, receivable?: string): PlannedLine[] {
  const theirs = isDebitSide(expected.moveType);
  const sold = sideOf(expected.moveType) === 'sale';
  const zero = round('0', exponentOf(invoice.currency));
  /** Positive amounts are in debit. */
  const line = (role: PlannedLine['role'], name: string, amount: Decimal, account?: string): PlannedLine => {
    const side = theirs ? amount : negate(amount);
    const [debit, credit] = isNegative(side) ? [zero, absolute(side)] : [side, zero];
    return { role, account, name, debit, credit };
  };
  const taxes = invoice.taxes.filter(({ amount }) => !isZero(amount));
  return [
    line(sold ? 'receivable' : 'payable', counterparty(invoice).name, expected.amountTotal, receivable),
    ...expected.lines.map(({ name, account, subtotal }) =>
      line(sold ? 'revenue' : 'expense', name, negate(subtotal), account),
    ),
    ...taxes.map(({ category, rate, amount }) => line('tax', `${category} ${rate} %`, negate(amount))),
  ];
}
