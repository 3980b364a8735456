import { FinanceError } from '../../../errors';
import { externalKey } from '../../../finance/canonical';
import type { Day, Decimal, Invoice, Party } from '../../../finance/documents';
import type { LegalEntity } from '../../../finance/entity';
import { add, assertPrecision, equals, fromMinor, sum } from '../../../finance/money';
import { decideRate } from '../../../finance/rates';
import type { OdooClient } from '../client';
import { buildLoad, findByExternalId } from '../load';
import { type Company, lookupsOf } from '../lookups';
import { findOrCreatePartner, type PartyPlace } from '../party';

import { expectedLine, expectedTaxes, incomplete } from './lines';
import { accountingDate } from './lock-dates';
import { toRecord } from './record';
import { type ExpectedLine, type ExpectedMove, type MoveRequest, type MoveType, sideOf } from './request';
import { assertNoTwin } from './twins';

export interface PrepareOptions {
  entity: LegalEntity;
  /** Key of the document, as `finance/canonical` makes it, or a whole external id `<prefix>.<key>`. */
  externalKey: string;
  /** Module part of external ids; default `ledgerway`. */
  prefix?: string;
  /** External key of the invoice that a credit note corrects, where it has a revision of its own. */
  precedingKey?: string;
  /**
   * Nothing is to be posted, only compared with what another connector did: a bill with the supplier's number may be
   * there, and what the document refers to need not be known by our keys.
   */
  comparesOnly?: boolean;
  /** How a party becomes a partner; by default it is found, or created exactly once. */
  partnerOf?: typeof findOrCreatePartner;
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
  const { partnerOf = findOrCreatePartner } = options;
  const partnerId = await partnerOf(client, counterparty(invoice), context.place);
  return buildRequest(client, invoice, options, context, partnerId);
}

/** The customer of what is sold, the supplier of what is bought. @throws FinanceError MAP_OUTPUT_INVALID */
export function counterparty(invoice: Invoice): Party {
  if (invoice.direction === 'customer') return invoice.buyer;
  if (invoice.seller) return invoice.seller;
  throw incomplete('A vendor bill needs its seller.');
}

const MOVE_TYPES: Record<Invoice['direction'], Record<Invoice['kind'], MoveType>> = {
  customer: { invoice: 'out_invoice', credit_note: 'out_refund' },
  vendor: { invoice: 'in_invoice', credit_note: 'in_refund' },
};

export const moveTypeOf = ({ direction, kind }: Invoice): MoveType => MOVE_TYPES[direction][kind];

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
  assertAfterCutOver(invoice.issueDate, entity);
  const { net, tax, gross } = invoice.totals;
  for (const amount of [net, tax, gross]) assertPrecision(amount, invoice.currency);
  const lines = sum(invoice.lines.map(({ netAmount }) => netAmount));
  if (!equals(lines, net) || !equals(add(net, tax), gross))
    throw new FinanceError('DOCUMENT_UNBALANCED', {
      message: `Lines ${lines}, net ${net}, tax ${tax} and gross ${gross} do not add up.`,
    });
}

/** @throws FinanceError ODOO_CUTOVER: the earlier system posted it */
export function assertAfterCutOver(day: Day, { cutOver, key }: LegalEntity): void {
  if (!cutOver || day >= cutOver) return;
  throw new FinanceError('ODOO_CUTOVER', {
    message: `The document is of ${day}, before the cut-over of ${key} on ${cutOver}.`,
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
  const { entity } = options;
  const moveType = moveTypeOf(invoice);
  const side = sideOf(moveType);
  const currencyId = await lookups.usableCurrency(company, invoice.currency, invoice.issueDate);
  const rate = await bookedRate(client, company, invoice, entity);
  const lines: ExpectedLine[] = [];
  for (const line of invoice.lines)
    lines.push(await expectedLine(client, company, invoice, line, { side, dimensions: entity.dimensions }));
  const taxed = lines.some(({ taxIds }) => taxIds.length > 0);
  const question = { day: invoice.issueDate, taxed, side };
  const expected: ExpectedMove = {
    moveType,
    partnerId,
    journalId: journal === undefined ? undefined : await lookups.journal(company, journal),
    currency: { id: currencyId, code: invoice.currency },
    invoiceDate: invoice.issueDate,
    ...(await accountingDate(client, company, question, entity.kinds[invoice.kind]?.latePosting)),
    dueDate: invoice.dueDate,
    ...numbering(invoice, entity),
    receivableAccountId: receivableAccount ? await lookups.account(company, receivableAccount) : undefined,
    reversedMoveId: await findPreceding(client, invoice, options, place),
    lines,
    taxes: expectedTaxes(invoice, lines),
    amountUntaxed: invoice.totals.net,
    amountTax: invoice.totals.tax,
    amountTotal: invoice.totals.gross,
  };
  const key = externalIdOf(options.externalKey, options.prefix);
  if (side === 'purchase' && !options.comparesOnly) await assertNoTwin(client, company, expected, key);
  const load = buildLoad('account.move', [toRecord(key, company, expected, rate)], company.id);
  const taxTolerance = options.taxTolerance ?? fromMinor(lines.length + 1, invoice.currency);
  return { poster: 'invoice', externalKey: key, company, load, expected, taxTolerance };
}

/**
 * The rate that the entity's policy asks for, where Odoo takes one with the move (19); elsewhere Odoo books at its
 * own, which was held to the policy.
 * @throws FinanceError ODOO_CURRENCY
 */
async function bookedRate(
  client: OdooClient,
  company: Company,
  { currency, exchangeRate: source, issueDate: day }: Invoice,
  { rates }: LegalEntity,
): Promise<Decimal | undefined> {
  if (!rates || currency === company.currency.code) return undefined;
  const lookups = lookupsOf(client);
  const odoo = await lookups.rate(company, currency, day);
  const wanted = decideRate(rates, { currency, day, source, odoo });
  const takesRate = (await lookups.fields('account.move')).has('invoice_currency_rate');
  return takesRate && !equals(wanted, odoo) ? wanted : undefined;
}

/** `source`: the source's number becomes Odoo's. `odoo`: it stands beside it, for people to find. */
function numbering(invoice: Invoice, entity: LegalEntity): { name?: string; ref: string } {
  const number = invoice.number ?? invoice.source.number;
  // a bill's number is its supplier's
  if (invoice.direction === 'vendor') return { ref: number ?? invoice.source.id };
  if (entity.numbering === 'odoo') return { ref: number ?? invoice.source.id };
  if (!number) throw incomplete('The source numbers invoices of this entity, but this one has no number.');
  // the numbers change those that the journal would give next
  if (!invoice.posting?.journal) throw incomplete('A source that numbers needs a journal of its own.');
  return { name: number, ref: invoice.source.id };
}

/** A credit note is linked to the move of the invoice that it corrects. */
async function findPreceding(
  client: OdooClient,
  invoice: Invoice,
  { entity, precedingKey, comparesOnly }: PrepareOptions,
  { prefix }: PartyPlace,
): Promise<number | undefined> {
  if (invoice.kind !== 'credit_note' || !invoice.precedingInvoice) return undefined;
  const { system, account } = invoice.source;
  const source = { system, account, id: invoice.precedingInvoice.sourceId };
  const key = precedingKey ?? externalKey({ entity: entity.key, kind: 'invoice', source });
  const id = await findByExternalId(client, 'account.move', externalIdOf(key, prefix));
  if (id !== undefined || comparesOnly) return id;
  throw new FinanceError('ODOO_MISSING', {
    message: `The invoice ${source.id} that this credit note corrects is not in Odoo yet.`,
    hint: 'Post the invoice first; then retry.',
    details: { reference: key },
  });
}
