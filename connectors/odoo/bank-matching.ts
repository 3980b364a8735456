import { FinanceError } from '../../errors';
import { absolute, compare, sum } from '../../finance/money';
import type { OdooClient } from './client';
import type { Company } from './lookups';
import { amountOf, idOf, type OdooRecord, searchRead } from './records';

/** A bank transaction and the open items that it pays. */
export interface BankMatch {
  company: Company;
  /** Id of the `account.bank.statement.line`. */
  lineId: number;
  /** Posted moves with open items on one receivable or payable account; all of them are paid whole but the last. */
  moves: readonly number[];
}

const BANK_LINE = 'account.bank.statement.line';
const LINE_FIELDS =
  'account_id amount_residual reconciled display_type move_id parent_state statement_line_id balance'.split(
    ' ',
  );

/**
 * Matches a bank transaction: its suspense line moves to the account of what it pays and is reconciled with it. Both
 * steps find what an earlier attempt did. Needs the group Accountant.
 *
 * @throws FinanceError ODOO_MISSING when the transaction or an open item is not there, ODOO_VALIDATION when the items
 * are on several accounts, ODOO_AMOUNT_DIFFERS when they are less than the transaction
 */
export async function matchBankLine(client: OdooClient, match: BankMatch): Promise<void> {
  const { company, lineId, moves } = match;
  const context = { allowed_company_ids: [company.id] };
  const own = await ownLines(client, match);
  const items = await openItems(client, company, moves);
  const account = await accountOf(client, company, moves);
  const matched = own.find((line) => idOf(line.account_id) === account);
  if (matched?.reconciled === true) return;
  const other = matched ?? own.find((line) => line.suspense === true);
  if (!other)
    throw new FinanceError('ODOO_MOVE_CHANGED', {
      message: `The bank line ${lineId} is matched with something else.`,
      details: { bank_line: lineId },
    });
  const owed = absolute(
    sum(items.map(({ amount_residual }) => amountOf(amount_residual, company.currency.code))),
  );
  const paid = absolute(amountOf(other.balance, company.currency.code));
  if (compare(owed, paid) < 0)
    throw new FinanceError('ODOO_AMOUNT_DIFFERS', {
      message: `The bank line ${lineId} is ${paid}, the open items are ${owed}.`,
      details: { bank_line: lineId, paid, owed },
    });
  if (!matched)
    await client.call('account.move.line', 'write', {
      ids: [Number(other.id)],
      named: { vals: { account_id: account } },
      context,
    });
  const ids = [Number(other.id), ...items.map(({ id }) => Number(id))];
  await client.call('account.move.line', 'reconcile', { ids, context });
}

/** Whether a bank transaction is matched with what it pays already; nothing is written. */
export async function isBankLineMatched(client: OdooClient, match: BankMatch): Promise<boolean> {
  const account = await accountOf(client, match.company, match.moves);
  const own = await ownLines(client, match);
  return own.some((line) => idOf(line.account_id) === account && line.reconciled === true);
}

/** Takes the matching of a bank transaction back; its counterpart is in suspense again. */
export async function unmatchBankLine(client: OdooClient, company: Company, lineId: number): Promise<void> {
  const context = { allowed_company_ids: [company.id] };
  await client.call(BANK_LINE, 'action_undo_reconciliation', { ids: [lineId], context });
}

/** The transaction's lines but the bank's own; `suspense` marks the one that waits for a match. */
async function ownLines(client: OdooClient, { company, lineId }: BankMatch): Promise<OdooRecord[]> {
  const options = { company: company.id };
  const [line] = await searchRead(
    client,
    BANK_LINE,
    [['id', '=', lineId]],
    ['move_id', 'journal_id'],
    options,
  );
  const move = idOf(line?.move_id);
  const journal = idOf(line?.journal_id);
  if (move === undefined || journal === undefined)
    throw new FinanceError('ODOO_MISSING', { message: `There is no bank line ${lineId}.` });
  const accounts = ['default_account_id', 'suspense_account_id'];
  const [row] = await searchRead(client, 'account.journal', [['id', '=', journal]], accounts, options);
  const lines = await searchRead(client, 'account.move.line', [['move_id', '=', move]], LINE_FIELDS, options);
  return lines
    .filter(({ account_id }) => idOf(account_id) !== idOf(row?.default_account_id))
    .map((each) => ({ ...each, suspense: idOf(each.account_id) === idOf(row?.suspense_account_id) }));
}

const openItems = (client: OdooClient, { id }: Company, moves: readonly number[]): Promise<OdooRecord[]> =>
  searchRead(
    client,
    'account.move.line',
    [
      ['move_id', 'in', moves],
      ['display_type', '=', 'payment_term'],
      ['parent_state', '=', 'posted'],
      ['reconciled', '=', false],
    ],
    LINE_FIELDS,
    { company: id, order: 'id' },
  );

async function accountOf(client: OdooClient, { id }: Company, moves: readonly number[]): Promise<number> {
  const rows = await searchRead(
    client,
    'account.move.line',
    [
      ['move_id', 'in', moves],
      ['display_type', '=', 'payment_term'],
      ['parent_state', '=', 'posted'],
    ],
    ['account_id'],
    { company: id },
  );
  const accounts = new Set(rows.map(({ account_id }) => idOf(account_id)));
  const [account] = accounts;
  if (account === undefined)
    throw new FinanceError('ODOO_MISSING', {
      message: 'What the bank line is to pay is not posted, or gone.',
      details: { moves },
    });
  if (accounts.size === 1) return account;
  throw new FinanceError('ODOO_VALIDATION', {
    message: 'What the bank line is to pay is on several accounts.',
    details: { accounts: [...accounts] },
  });
}
