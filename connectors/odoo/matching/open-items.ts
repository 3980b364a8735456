import { FinanceError } from '../../../errors';
import type { Currency, Decimal } from '../../../finance/documents';
import { absolute, plain, sum } from '../../../finance/money';
import type { OdooClient } from '../client';
import type { Company } from '../lookups';
import { amountOf, decimalOf, idOf, type OdooRecord, searchRead } from '../records';

/** The lines of one move that stand against others', together. */
export interface OpenItem {
  moveId: number;
  accountId: number;
  partnerId?: number;
  isDebit: boolean;
  currency: Currency;
  currencyId: number;
  /** What is open, above zero, in `currency` and in the company's. */
  residual: Decimal;
  residualHome: Decimal;
  /** All lines, matched or not. */
  lines: number[];
  openLines: number[];
}

const FIELDS =
  'move_id account_id partner_id balance amount_currency currency_id amount_residual amount_residual_currency reconciled display_type parent_state'.split(
    ' ',
  );

const readLines = (client: OdooClient, { id }: Company, moves: readonly number[]): Promise<OdooRecord[]> =>
  searchRead(client, 'account.move.line', [['move_id', 'in', moves]], FIELDS, { company: id, order: 'id' });

/**
 * A payment's entry and the moves that it is to settle, by the accounts of the latter.
 * @throws FinanceError ODOO_MISSING when a move is gone or not posted; ODOO_VALIDATION when the payment has no line on
 * the account of a move
 */
export async function readItems(
  client: OdooClient,
  company: Company,
  paymentMove: number,
  moves: readonly number[],
): Promise<{ payment: OpenItem; items: Map<number, OpenItem> }> {
  const rows = await readLines(client, company, [paymentMove, ...moves]);
  const items = itemsOf(rows, moves, company);
  const accounts = new Set([...items.values()].map(({ accountId }) => accountId));
  const own = rows.filter(
    (row) => idOf(row.move_id) === paymentMove && accounts.has(idOf(row.account_id) as number),
  );
  if (own.length === 0 || accounts.size > 1)
    throw new FinanceError('ODOO_VALIDATION', {
      message: `The entry ${paymentMove} of the payment has no line on the account of what it settles.`,
      hint: 'Name the counterpart account in the mapping of the payment.',
      details: { move: paymentMove, accounts: [...accounts] },
    });
  const payment = itemOf(paymentMove, own, company);
  assertOpposite(payment, items);
  return { payment, items };
}

/** The open items of moves. @throws FinanceError ODOO_MISSING when one is gone or not posted */
export const readOpenItems = async (
  client: OdooClient,
  company: Company,
  moves: readonly number[],
): Promise<Map<number, OpenItem>> => itemsOf(await readLines(client, company, moves), moves, company);

function itemsOf(
  rows: readonly OdooRecord[],
  moves: readonly number[],
  company: Company,
): Map<number, OpenItem> {
  const linesOf = (move: number) =>
    rows.filter((row) => idOf(row.move_id) === move && row.display_type === 'payment_term');
  return new Map(moves.map((move) => [move, itemOf(move, linesOf(move), company)]));
}

/**
 * Holds a payment to standing against what it settles: Odoo matches lines of one side with nothing.
 * @throws FinanceError ODOO_VALIDATION
 */
export function assertOpposite(
  { moveId, isDebit }: Pick<OpenItem, 'moveId' | 'isDebit'>,
  items: ReadonlyMap<number, OpenItem>,
): void {
  const same = [...items.values()].find((item) => item.isDebit === isDebit);
  if (!same) return;
  throw new FinanceError('ODOO_VALIDATION', {
    message: `The move ${same.moveId} is on the side of the payment: it is not settled by it.`,
    hint: 'See whether money came in or went out, and what it is to settle.',
    details: { move: moveId, item: same.moveId },
  });
}

function itemOf(moveId: number, lines: readonly OdooRecord[], company: Company): OpenItem {
  const [first] = lines;
  if (!first || lines.some((line) => line.parent_state !== 'posted'))
    throw new FinanceError('ODOO_MISSING', {
      message: `The move ${moveId} has no open item: it is not posted, or gone.`,
      hint: 'Post it first; then retry.',
      details: { move: moveId },
    });
  const currency = Array.isArray(first.currency_id) ? String(first.currency_id[1]) : company.currency.code;
  const residuals = (field: string, code: Currency): Decimal =>
    absolute(sum(lines.map((line) => amountOf(line[field] || 0, code))));
  return {
    moveId,
    accountId: idOf(first.account_id) as number,
    partnerId: idOf(first.partner_id),
    isDebit: Number(first.amount_currency || first.balance) > 0,
    currency,
    currencyId: idOf(first.currency_id) ?? company.currency.id,
    residual: residuals('amount_residual_currency', currency),
    residualHome: residuals('amount_residual', company.currency.code),
    lines: lines.map(({ id }) => Number(id)),
    openLines: lines.filter(({ reconciled }) => reconciled !== true).map(({ id }) => Number(id)),
  };
}

/** Two lines that are matched, and with how much, each in its own currency. */
export interface Match {
  debit: number;
  credit: number;
  debitAmount: Decimal;
  creditAmount: Decimal;
}

/** The matches of these lines with any others. */
export async function readMatches(
  client: OdooClient,
  company: Company,
  lines: readonly number[],
): Promise<Match[]> {
  const fields = ['debit_move_id', 'credit_move_id', 'debit_amount_currency', 'credit_amount_currency'];
  const read = (field: string) =>
    searchRead(client, 'account.partial.reconcile', [[field, 'in', lines]], fields, { company: company.id });
  const rows = [...(await read('debit_move_id')), ...(await read('credit_move_id'))];
  const byId = new Map(rows.map((row) => [Number(row.id), row]));
  return [...byId.values()].map((row) => ({
    debit: idOf(row.debit_move_id) as number,
    credit: idOf(row.credit_move_id) as number,
    debitAmount: plain(decimalOf(row.debit_amount_currency, MOST_DECIMALS)),
    creditAmount: plain(decimalOf(row.credit_amount_currency, MOST_DECIMALS)),
  }));
}

/** No currency has more. */
const MOST_DECIMALS = 4;

/** How much of `one`'s lines is matched with `other`'s, in the currency of `one`. */
export const matchedBetween = (
  matches: readonly Match[],
  one: readonly number[],
  other: readonly number[],
): Decimal =>
  sum(
    matches.flatMap(({ debit, credit, debitAmount, creditAmount }) => {
      if (one.includes(debit) && other.includes(credit)) return [debitAmount];
      if (one.includes(credit) && other.includes(debit)) return [creditAmount];
      return [];
    }),
  );
