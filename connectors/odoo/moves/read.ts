import { FinanceError } from '../../../errors';
import type { Currency, Day, Decimal } from '../../../finance/documents';
import { exponentOf, plain } from '../../../finance/money';
import type { OdooClient } from '../client';
import { findByExternalId } from '../load';
import { amountOf, decimalOf, idOf, idsOf, type OdooRecord, searchRead, textOf } from '../records';
import type { RecordState } from './differences';

export interface MoveLine {
  id: number;
  moveId?: number;
  /** `product`, `tax`, `payment_term` (the receivable), `rounding` … */
  type: string;
  name: string;
  accountId?: number;
  quantity: Decimal;
  unitPrice: Decimal;
  subtotal: Decimal;
  taxIds: number[];
  /** Of a tax line: the tax that made it. */
  taxId?: number;
  /** In the line's own currency; negative in credit. */
  amountCurrency: Decimal;
  currency: Currency;
  /** In the company's currency. */
  debit: Decimal;
  credit: Decimal;
  partnerId?: number;
  /** Ids of the analytic accounts → percentage. */
  analytic: Record<string, Decimal>;
  reconciled: boolean;
}

/** A move as Odoo holds it, amounts as decimal strings. */
export interface MoveState extends RecordState {
  moveType: string;
  companyId?: number;
  journalId?: number;
  partnerId?: number;
  currency: { id: number; code: Currency };
  invoiceDate?: Day;
  dueDate?: Day;
  ref?: string;
  reversedMoveId?: number;
  amountUntaxed: Decimal;
  amountTax: Decimal;
  amountTotal: Decimal;
  lines: MoveLine[];
}

const MOVE_FIELDS = [
  'name',
  'state',
  'move_type',
  'company_id',
  'journal_id',
  'partner_id',
  'currency_id',
  'company_currency_id',
  'date',
  'invoice_date',
  'invoice_date_due',
  'ref',
  'reversed_entry_id',
  'amount_untaxed',
  'amount_tax',
  'amount_total',
];

const LINE_FIELDS = [
  'move_id',
  'display_type',
  'name',
  'account_id',
  'quantity',
  'price_unit',
  'price_subtotal',
  'tax_ids',
  'tax_line_id',
  'amount_currency',
  'currency_id',
  'debit',
  'credit',
  'partner_id',
  'analytic_distribution',
  'reconciled',
];

/** Odoo's decimal accuracies "Product Price", "Unit of Measure" and percentages hold no more. */
const FACTOR_DECIMALS = 6;

/**
 * Reads moves with their lines, in two calls for all.
 * @returns by id; those that are gone are left out
 * @throws FinanceError ODOO_*
 */
export async function readMoves(
  client: OdooClient,
  ids: readonly number[],
  company: number,
): Promise<Map<number, MoveState>> {
  const [rows, lines] = await Promise.all([
    searchRead(client, 'account.move', [['id', 'in', ids]], MOVE_FIELDS, { company }),
    searchRead(client, 'account.move.line', [['move_id', 'in', ids]], LINE_FIELDS, { company, order: 'id' }),
  ]);
  const linesOf = Map.groupBy(lines, ({ move_id }) => idOf(move_id));
  return new Map(rows.map((row) => [Number(row.id), toMove(row, linesOf.get(Number(row.id)) ?? [])]));
}

/**
 * Reads a move with its lines.
 * @returns `undefined` when it is gone
 * @throws FinanceError ODOO_*
 */
export const readMove = async (
  client: OdooClient,
  id: number,
  company: number,
): Promise<MoveState | undefined> => (await readMoves(client, [id], company)).get(id);

/**
 * Asks for a move by its external id: what a step in doubt needs to know.
 * @returns `undefined` when the key stands for nothing, so nothing was committed (or a person deleted the draft)
 * @throws FinanceError ODOO_ACCESS, DOCUMENT_CONFLICT when the key stands for another kind of record
 */
export async function lookupMove(
  client: OdooClient,
  key: string,
  company: number,
): Promise<MoveState | undefined> {
  const id = await findByExternalId(client, 'account.move', key);
  return id === undefined ? undefined : readMove(client, id, company);
}

function toMove(row: OdooRecord, lines: readonly OdooRecord[]): MoveState {
  const [currencyId, code] = row.currency_id as [number, string];
  const [, home = code] = (Array.isArray(row.company_currency_id) ? row.company_currency_id : []) as [
    number?,
    string?,
  ];
  const { state } = row;
  if (state !== 'draft' && state !== 'posted' && state !== 'cancel')
    throw new FinanceError('ODOO_BAD_ANSWER', { message: 'A move has a state that no move has.' });
  return {
    id: Number(row.id),
    name: textOf(row.name),
    state,
    moveType: textOf(row.move_type) ?? '',
    companyId: idOf(row.company_id),
    journalId: idOf(row.journal_id),
    partnerId: idOf(row.partner_id),
    currency: { id: currencyId, code },
    date: textOf(row.date),
    invoiceDate: textOf(row.invoice_date),
    dueDate: textOf(row.invoice_date_due),
    ref: textOf(row.ref),
    reversedMoveId: idOf(row.reversed_entry_id),
    amountUntaxed: amountOf(row.amount_untaxed, code),
    amountTax: amountOf(row.amount_tax, code),
    amountTotal: amountOf(row.amount_total, code),
    lines: lines.map((line) => toLine(line, code, home)),
  };
}

function toLine(row: OdooRecord, document: Currency, home: Currency): MoveLine {
  const own = Array.isArray(row.currency_id) ? String(row.currency_id[1]) : document;
  return {
    id: Number(row.id),
    moveId: idOf(row.move_id),
    type: textOf(row.display_type) ?? '',
    name: textOf(row.name) ?? '',
    accountId: idOf(row.account_id),
    quantity: factorOf(row.quantity),
    unitPrice: factorOf(row.price_unit),
    subtotal: decimalOf(numberOf(row.price_subtotal), exponentOf(document)),
    taxIds: idsOf(row.tax_ids),
    taxId: idOf(row.tax_line_id),
    amountCurrency: amountOf(numberOf(row.amount_currency), own),
    currency: own,
    debit: amountOf(numberOf(row.debit), home),
    credit: amountOf(numberOf(row.credit), home),
    partnerId: idOf(row.partner_id),
    analytic: analyticOf(row.analytic_distribution),
    reconciled: row.reconciled === true,
  };
}

/** Lines without an amount of a kind say `false`. */
const numberOf = (value: unknown): unknown => (value === false || value === undefined ? 0 : value);
const factorOf = (value: unknown): Decimal => plain(decimalOf(numberOf(value), FACTOR_DECIMALS));

function analyticOf(value: unknown): Record<string, Decimal> {
  if (typeof value !== 'object' || value === null) return {};
  const shares = Object.entries(value).map(([id, percent]) => [id, factorOf(percent)] as const);
  return Object.fromEntries(shares.sort(([a], [b]) => (a < b ? -1 : 1)));
}
