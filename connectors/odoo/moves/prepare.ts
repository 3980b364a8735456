import { FinanceError } from '../../../errors';
import { externalKey } from '../../../finance/canonical';
import type { Decimal, Invoice, InvoiceLine } from '../../../finance/documents';
import type { LegalEntity } from '../../../finance/entity';
import {
  add,
  assertPrecision,
  decimalsOf,
  equals,
  exponentOf,
  fromMinor,
  isNegative,
  multiply,
  plain,
  round,
  sum,
} from '../../../finance/money';
import type { OdooClient } from '../client';
import { buildLoad, type Cells, findByExternalId, type LoadRecord } from '../load';
import { type Company, lookupsOf } from '../lookups';
import { findOrCreateCustomer, type PartyPlace } from '../party';
import type { ExpectedLine, ExpectedMove, ExpectedTax, MoveRequest } from './request';

export interface PrepareOptions {
  entity: LegalEntity;
  /** Key of the document, as `finance/canonical` makes it, or a whole external id `<prefix>.<key>`. */
  externalKey: string;
  /** Module part of external ids; default `ledgerway`. */
  prefix?: string;
  /** External key of the invoice that a credit note corrects, where it has a revision of its own. */
  precedingKey?: string;
  /** Most that the source's tax may differ from Odoo's; default one minor unit a line and one more. */
  taxTolerance?: Decimal;
}

export const DEFAULT_PREFIX = 'ledgerway';

/** The whole external id of a key. */
export const externalIdOf = (key: string, prefix = DEFAULT_PREFIX): string =>
  key.includes('.') ? key : `${prefix}.${key}`;

/**
 * Everything a posting needs to know before anything is posted: look-ups, the partner (created exactly once where
 * there is none), the `load` call. The request is JSON; record it, and run the later phases from the record.
 *
 * @throws FinanceError ODOO_CUTOVER, ODOO_LOOKUP, ODOO_AMBIGUOUS, ODOO_CURRENCY, ODOO_MISSING (the corrected invoice
 * is not in Odoo), DOCUMENT_UNBALANCED, DOCUMENT_PRECISION, MAP_OUTPUT_INVALID, and any of a call
 */
export async function prepareInvoice(
  client: OdooClient,
  invoice: Invoice,
  options: PrepareOptions,
): Promise<MoveRequest> {
  const context = await prepareContext(client, invoice, options);
  const partnerId = await findOrCreateCustomer(client, invoice.buyer, context.place);
  return buildRequest(client, invoice, options, context, partnerId);
}

export interface PrepareContext {
  company: Company;
  place: PartyPlace;
}

/** The checks that ask nobody but the document and the entity, and the company. */
export async function prepareContext(
  client: OdooClient,
  invoice: Invoice,
  { entity, prefix = DEFAULT_PREFIX }: PrepareOptions,
): Promise<PrepareContext> {
  assertPostable(invoice, entity);
  const company = await lookupsOf(client).company(entity.odooCompany);
  return { company, place: { entity: entity.key, system: invoice.source.system, company, prefix } };
}

function assertPostable(invoice: Invoice, entity: LegalEntity): void {
  if (invoice.direction !== 'customer')
    throw new FinanceError('ODOO_VALIDATION', {
      message: 'Only invoices of the customer side are posted here.',
    });
  if (entity.cutOver && invoice.issueDate < entity.cutOver)
    throw new FinanceError('ODOO_CUTOVER', {
      message: `The document is of ${invoice.issueDate}, before the cut-over of ${entity.key} on ${entity.cutOver}.`,
    });
  const { net, tax, gross } = invoice.totals;
  for (const amount of [net, tax, gross]) assertPrecision(amount, invoice.currency);
  const lines = sum(invoice.lines.map(({ netAmount }) => netAmount));
  if (!equals(lines, net) || !equals(add(net, tax), gross))
    throw new FinanceError('DOCUMENT_UNBALANCED', {
      message: `Lines ${lines}, net ${net}, tax ${tax} and gross ${gross} do not add up.`,
    });
}

/** The request for a known partner. */
export async function buildRequest(
  client: OdooClient,
  invoice: Invoice,
  options: PrepareOptions,
  { company, place }: PrepareContext,
  partnerId: number,
): Promise<MoveRequest> {
  const lookups = lookupsOf(client);
  const { journal, receivableAccount } = invoice.posting ?? {};
  const currencyId = await lookups.usableCurrency(company, invoice.currency, invoice.issueDate);
  const lines: ExpectedLine[] = [];
  for (const line of invoice.lines) lines.push(await expectedLine(client, company, invoice, line));
  const expected: ExpectedMove = {
    moveType: invoice.kind === 'credit_note' ? 'out_refund' : 'out_invoice',
    partnerId,
    journalId: journal === undefined ? undefined : await lookups.journal(company, journal),
    currency: { id: currencyId, code: invoice.currency },
    invoiceDate: invoice.issueDate,
    dueDate: invoice.dueDate,
    ...numbering(invoice, options.entity),
    receivableAccountId: receivableAccount ? await lookups.account(company, receivableAccount) : undefined,
    reversedMoveId: await findPreceding(client, invoice, options, place),
    lines,
    taxes: expectedTaxes(invoice, lines),
    amountUntaxed: invoice.totals.net,
    amountTax: invoice.totals.tax,
    amountTotal: invoice.totals.gross,
  };
  const key = externalIdOf(options.externalKey, options.prefix);
  const load = buildLoad('account.move', [toRecord(key, company, expected)], company.id);
  const taxTolerance = options.taxTolerance ?? fromMinor(lines.length + 1, invoice.currency);
  return { externalKey: key, company, load, expected, taxTolerance };
}

/** `source`: the source's number becomes Odoo's. `odoo`: it stands beside it, for people to find. */
function numbering(invoice: Invoice, entity: LegalEntity): { name?: string; ref: string } {
  const number = invoice.number ?? invoice.source.number;
  if (entity.numbering === 'odoo') return { ref: number ?? invoice.source.id };
  if (!number) throw incomplete('The source numbers invoices of this entity, but this one has no number.');
  // the numbers change those that the journal would give next
  if (!invoice.posting?.journal) throw incomplete('A source that numbers needs a journal of its own.');
  return { name: number, ref: invoice.source.id };
}

const incomplete = (message: string): FinanceError => new FinanceError('MAP_OUTPUT_INVALID', { message });

async function expectedLine(
  client: OdooClient,
  company: Company,
  invoice: Invoice,
  line: InvoiceLine,
): Promise<ExpectedLine> {
  const { posting } = line;
  if (!posting) throw incomplete(`The mapping says no account for line ${line.id}.`);
  assertPrecision(line.netAmount, invoice.currency);
  const lookups = lookupsOf(client);
  const taxIds: number[] = [];
  for (const name of posting.taxes) taxIds.push(await lookups.saleTax(company, name));
  const analytic: Record<string, Decimal> = {};
  for (const [code, percent] of Object.entries(posting.analytic ?? {}))
    analytic[await lookups.analyticAccount(company, code)] = plain(percent);
  return {
    ...factors(line, invoice.currency),
    accountId: await lookups.account(company, posting.account),
    account: posting.account,
    subtotal: line.netAmount,
    taxIds: taxIds.sort((a, b) => a - b),
    taxes: posting.taxes,
    analytic,
  };
}

/** Odoo's default accuracy of quantities and prices; what has more would be rounded in silence. */
const FACTOR_DECIMALS = 2;

/** Quantity and price where Odoo gets the net amount out of them; otherwise the net amount, and the factors as text. */
function factors(line: InvoiceLine, currency: string): Pick<ExpectedLine, 'name' | 'quantity' | 'unitPrice'> {
  const quantity = plain(line.quantity);
  const unitPrice = plain(line.unitPrice);
  const fits = decimalsOf(quantity) <= FACTOR_DECIMALS && decimalsOf(unitPrice) <= FACTOR_DECIMALS;
  const product = round(multiply(quantity, unitPrice), exponentOf(currency));
  if (fits && equals(product, line.netAmount)) return { name: line.name, quantity, unitPrice };
  const sign = isNegative(line.netAmount) ? '-1' : '1';
  const name = `${line.name} (${quantity} × ${unitPrice})`;
  return { name, quantity: sign, unitPrice: plain(multiply(line.netAmount, sign)) };
}

/** Lines of one set of taxes, and sets that share a tax, go together: Odoo has one tax line for them. */
function expectedTaxes(invoice: Invoice, lines: readonly ExpectedLine[]): ExpectedTax[] {
  const groups: { taxIds: Set<number>; lines: InvoiceLine[] }[] = [];
  invoice.lines.forEach((line, index) => {
    const taxIds = new Set(lines[index]?.taxIds);
    const touching = groups.filter((group) => [...taxIds].some((id) => group.taxIds.has(id)));
    const merged = { taxIds, lines: [line] };
    for (const group of touching) {
      for (const id of group.taxIds) merged.taxIds.add(id);
      merged.lines.push(...group.lines);
      groups.splice(groups.indexOf(group), 1);
    }
    if (taxIds.size > 0) groups.push(merged);
  });
  return groups.map((group) => ({
    taxIds: [...group.taxIds].sort((a, b) => a - b),
    amount: groups.length === 1 ? invoice.totals.tax : taxOf(invoice, group.lines),
  }));
}

/** The source's tax for some lines: by its subtotals where they cover just these lines, else line by line. */
function taxOf(invoice: Invoice, lines: readonly InvoiceLine[]): Decimal | undefined {
  const rateOf = ({ category, rate }: { category: string; rate: Decimal }) => `${category} ${plain(rate)}`;
  const rates = new Set(lines.map(({ tax }) => rateOf(tax)));
  const covered = invoice.lines.filter(({ tax }) => rates.has(rateOf(tax)));
  const subtotals = invoice.taxes.filter((subtotal) => rates.has(rateOf(subtotal)));
  if (covered.length === lines.length && subtotals.length >= rates.size)
    return sum(subtotals.map(({ amount }) => amount));
  const amounts = lines.map(({ tax }) => tax.amount).filter((amount) => amount !== undefined);
  return amounts.length === lines.length ? sum(amounts) : undefined;
}

/** A credit note is linked to the move of the invoice that it corrects. */
async function findPreceding(
  client: OdooClient,
  invoice: Invoice,
  { entity, precedingKey }: PrepareOptions,
  { prefix }: PartyPlace,
): Promise<number | undefined> {
  if (invoice.kind !== 'credit_note' || !invoice.precedingInvoice) return undefined;
  const { system, account } = invoice.source;
  const source = { system, account, id: invoice.precedingInvoice.sourceId };
  const key = precedingKey ?? externalKey({ entity: entity.key, kind: 'invoice', source });
  const id = await findByExternalId(client, 'account.move', externalIdOf(key, prefix));
  if (id !== undefined) return id;
  throw new FinanceError('ODOO_MISSING', {
    message: `The invoice ${source.id} that this credit note corrects is not in Odoo yet.`,
    hint: 'Post the invoice first; then retry.',
    details: { reference: key },
  });
}

function toRecord(key: string, company: Company, expected: ExpectedMove): LoadRecord {
  const id = (value: number | undefined): string | undefined =>
    value === undefined ? undefined : String(value);
  const header: Cells = {
    move_type: expected.moveType,
    'partner_id/.id': id(expected.partnerId),
    invoice_date: expected.invoiceDate,
    invoice_date_due: expected.dueDate,
    // empty on purpose: the partner's own terms would move the due date
    'invoice_payment_term_id/.id': expected.dueDate === undefined ? undefined : '',
    name: expected.name,
    ref: expected.ref,
    'company_id/.id': id(company.id),
    'journal_id/.id': id(expected.journalId),
    'currency_id/.id': id(expected.currency.id),
    'reversed_entry_id/.id': id(expected.reversedMoveId),
  };
  return { key, header, lines: { field: 'invoice_line_ids', rows: expected.lines.map(lineCells) } };
}

const lineCells = (line: ExpectedLine): Cells => ({
  name: line.name,
  quantity: line.quantity,
  price_unit: line.unitPrice,
  'account_id/.id': String(line.accountId),
  // empty on purpose where a line has no tax: without the column Odoo takes the company's default tax
  'tax_ids/.id': line.taxIds.join(','),
  analytic_distribution: Object.keys(line.analytic).length ? analyticJson(line.analytic) : undefined,
});

const analyticJson = (analytic: Record<string, Decimal>): string =>
  `{${Object.entries(analytic)
    .map(([id, percent]) => `"${id}": ${percent}`)
    .join(', ')}}`;
