import type { Decimal } from '../../../finance/documents';
import { divide, exponentOf, isZero, multiply } from '../../../finance/money';
import type { SettlementPlan } from '../../../finance/settlement';
import type { OdooClient } from '../client';
import type { Company } from '../lookups';
import { entryRequest } from '../posting/entry-request';
import type { EntryRequest, ExpectedEntryLine } from '../posting/kinds';
import type { ReconcileRequest } from '../reconcile';
import { searchRead, textOf } from '../records';
import type { OpenItem } from './open-items';

/** Home amount of a part of an open item, in proportion. */
function homeOf(amount: Decimal, item: OpenItem, { currency }: Company): Decimal {
  if (item.currency === currency.code || isZero(item.residual)) return amount;
  return divide(multiply(amount, item.residualHome), item.residual, exponentOf(currency.code));
}

/** Whether a plan needs an entry of its own. */
export const needsEntry = ({ splits, writeOffs, over }: SettlementPlan): boolean =>
  splits.length + writeOffs.length > 0 || over !== undefined;

/**
 * The entry that a plan needs: it splits the payment, writes off and moves what was paid too much, and sums to nothing
 * on each currency. Its lines are known by their labels.
 */
export function settlementEntry(
  request: ReconcileRequest,
  plan: SettlementPlan,
  { payment, items }: { payment: OpenItem; items: ReadonlyMap<number, OpenItem> },
  { key, journalId }: { key: string; journalId: number },
): EntryRequest {
  const { company, date, late, writeOffAccountId = 0, overpaymentAccountId = 0 } = request;
  const lines: ExpectedEntryLine[] = [];
  /** Two lines of one amount, the first on the side of `isDebit`. */
  const pair = (
    amount: Decimal,
    item: OpenItem,
    isDebit: boolean,
    [one, other]: [[label: string, account: number], [label: string, account: number]],
  ): void => {
    const home = homeOf(amount, item, company);
    for (const [[label, accountId], debits] of [
      [one, isDebit],
      [other, !isDebit],
    ] as const)
      lines.push({
        label,
        accountId,
        debit: debits ? home : '0',
        credit: debits ? '0' : home,
        ...(item.currency !== company.currency.code && { amountCurrency: debits ? amount : `-${amount}` }),
        currency: { id: item.currencyId, code: item.currency },
        partnerId: item.partnerId,
        analytic: {},
      });
  };
  for (const { id, amount } of plan.splits)
    pair(amount, payment, !payment.isDebit, [
      [`split ${id} in`, payment.accountId],
      [`split ${id} out`, payment.accountId],
    ]);
  for (const { id, amount } of plan.writeOffs) {
    const item = items.get(id) as OpenItem;
    pair(amount, item, !item.isDebit, [
      [`write-off ${id}`, item.accountId],
      ['write-off', writeOffAccountId],
    ]);
  }
  if (plan.over) {
    const account = plan.over.as === 'write-off' ? writeOffAccountId : overpaymentAccountId;
    pair(plan.over.amount, payment, !payment.isDebit, [
      ['over', payment.accountId],
      [plan.over.as, account],
    ]);
  }
  const documentDate = late?.documentDate ?? date;
  const ref = key.split('.')[1] ?? key;
  const expected = { date, ...(late && { late }), documentDate, journalId, ref, lines };
  return entryRequest(key, company, expected);
}

/** The lines of a settlement entry by their labels. */
export async function linesByLabel(
  client: OdooClient,
  { id: company }: Company,
  move: number,
): Promise<Map<string, number[]>> {
  const rows = await searchRead(client, 'account.move.line', [['move_id', '=', move]], ['name'], {
    company,
    order: 'id',
  });
  const byLabel = Map.groupBy(rows, ({ name }) => textOf(name) ?? '');
  return new Map([...byLabel].map(([label, lines]) => [label, lines.map(({ id }) => Number(id))]));
}
