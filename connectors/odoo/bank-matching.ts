import { FinanceError } from '../../errors';
import { absolute } from '../../finance/money';
import { planSettlement } from '../../finance/settlement';
import type { OdooClient } from './client';
import type { Company } from './lookups';
import { assertOpposite, readOpenItems } from './matching/open-items';
import {
  findReconciled,
  type PostEntry,
  type Reconciled,
  type ReconcileRequest,
  reconcilePayment,
  settlementRules,
} from './reconcile';
import { amountOf, idOf, type OdooRecord, searchRead } from './records';

/** A bank transaction and what it settles; `moveId` is its own entry. */
export interface BankMatch extends ReconcileRequest {
  /** Id of the `account.bank.statement.line`. */
  lineId: number;
}

const BANK_LINE = 'account.bank.statement.line';
const LINE_FIELDS = ['account_id', 'balance', 'amount_currency', 'currency_id'];

/**
 * Matches a bank transaction with the open items of its allocations, each with the very amount given: its suspense line
 * moves to their account, and is then matched as a payment's. What does not fit is refused before anything is written,
 * and both steps find what an earlier attempt did. Needs the group Accountant.
 *
 * @throws FinanceError ODOO_MOVE_CHANGED when the transaction is booked as something else; ODOO_VALIDATION when the items
 * are on several accounts, or on the side of the transaction; and those of {@link reconcilePayment}
 */
export async function matchBankLine(
  client: OdooClient,
  match: BankMatch,
  postEntry: PostEntry,
): Promise<Reconciled> {
  const suspense = await suspenseLine(client, match);
  if (suspense) {
    const account = await accountFor(client, match, suspense);
    const context = { allowed_company_ids: [match.company.id] };
    const named = { vals: { account_id: account } };
    await client.call('account.move.line', 'write', { ids: [Number(suspense.id)], named, context });
  }
  return await reconcilePayment(client, match, postEntry);
}

/** Whether a bank transaction is matched as given already; nothing is written. */
export async function findBankMatch(client: OdooClient, match: BankMatch): Promise<Reconciled | undefined> {
  return (await suspenseLine(client, match)) ? undefined : await findReconciled(client, match);
}

/** Takes the matching of a bank transaction back; its counterpart is in suspense again. */
export async function unmatchBankLine(client: OdooClient, company: Company, lineId: number): Promise<void> {
  const context = { allowed_company_ids: [company.id] };
  await client.call(BANK_LINE, 'action_undo_reconciliation', { ids: [lineId], context });
}

/** The account of what a transaction in suspense is to settle, once all of it fits. */
async function accountFor(client: OdooClient, match: BankMatch, line: OdooRecord): Promise<number> {
  const { company, moveId, allocations } = match;
  const moves = allocations.map((each) => each.moveId);
  const items = await readOpenItems(client, company, moves);
  const accounts = [...new Set([...items.values()].map(({ accountId }) => accountId))];
  const [account, ...others] = accounts;
  if (account === undefined || others.length > 0)
    throw new FinanceError('ODOO_VALIDATION', {
      message: 'What the bank line is to pay is on several accounts.',
      details: { accounts },
    });
  const currency = Array.isArray(line.currency_id) ? String(line.currency_id[1]) : company.currency.code;
  const signed = amountOf(line.amount_currency || line.balance || 0, currency);
  assertOpposite({ moveId, isDebit: !signed.startsWith('-') }, items);
  const invoices = [...items.values()].map((item) => ({ ...item, id: item.moveId }));
  const shares = allocations.map(({ moveId: id, amount }) => ({ id, amount }));
  planSettlement({ residual: absolute(signed), currency }, invoices, shares, settlementRules(match));
  return account;
}

/** The line that waits for a match; undefined where the transaction is on another account by now. */
async function suspenseLine(
  client: OdooClient,
  { company, lineId, moveId }: BankMatch,
): Promise<OdooRecord | undefined> {
  const options = { company: company.id };
  const fields = ['move_id', 'journal_id'];
  const [line] = await searchRead(client, BANK_LINE, [['id', '=', lineId]], fields, options);
  const journal = idOf(line?.journal_id);
  if (journal === undefined || idOf(line?.move_id) !== moveId)
    throw new FinanceError('ODOO_MISSING', { message: `There is no bank line ${lineId}.` });
  const accounts = ['suspense_account_id'];
  const [row] = await searchRead(client, 'account.journal', [['id', '=', journal]], accounts, options);
  const suspense = idOf(row?.suspense_account_id);
  const lines = await searchRead(
    client,
    'account.move.line',
    [['move_id', '=', moveId]],
    LINE_FIELDS,
    options,
  );
  return lines.find(({ account_id }) => idOf(account_id) === suspense);
}
