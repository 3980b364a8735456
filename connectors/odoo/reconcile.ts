import { FinanceError, isFinanceError } from '../../errors';
import type { Day, Decimal } from '../../finance/documents';
import { equals, formatMoney, sub, sum } from '../../finance/money';
import { planSettlement, type SettlementRules } from '../../finance/settlement';
import type { OdooClient } from './client';
import { findByExternalId } from './load';
import { type Company, lookupsOf } from './lookups';
import { matchedBetween, type OpenItem, readItems, readMatches } from './matching/open-items';
import { linesByLabel, needsEntry, settlementEntry } from './matching/settlement-entry';
import type { LatePosting } from './moves/request';
import type { EntryRequest, PlannedAllocation, SettlementTerms } from './posting/kinds';
import { type Domain, searchRead } from './records';

export interface ReconcileRequest extends SettlementTerms {
  /** External id of the payment; that of the settlement entry is this with `__settle`. */
  externalKey: string;
  company: Company;
  /** The payment's entry. */
  moveId: number;
  /** Day of what is split or written off: the payment's, or the first open one. */
  date: Day;
  late?: LatePosting;
  /** In the payment's currency. */
  allocations: readonly PlannedAllocation[];
}

/** What is matched between the payment and one open item, in the payment's currency. */
export interface MatchedAllocation extends PlannedAllocation {
  matched: Decimal;
}

export interface Reconciled {
  matched: MatchedAllocation[];
  /** Move of the entry that splits and writes off, where one was needed. */
  settlement?: number;
}

/** Posts an entry exactly once; gives its move. */
export type PostEntry = (request: EntryRequest) => Promise<{ id: number }>;

/**
 * Matches a payment with the open items of its allocations, each with the very amount given. Odoo matches as much as
 * two lines hold; where that is too much, or a difference is written off, one balanced entry splits and books it,
 * posted before anything is matched. What is matched already is left alone, so a repeat goes on where the last one
 * stopped.
 *
 * @throws FinanceError ODOO_AMOUNT_DIFFERS when an item holds less than its share, or the outcome is not what was
 * given; ODOO_VALIDATION across currencies, or when accounts differ; ODOO_MISSING when an item is not posted
 */
export async function reconcilePayment(
  client: OdooClient,
  request: ReconcileRequest,
  postEntry: PostEntry,
): Promise<Reconciled> {
  const { company } = request;
  const moves = request.allocations.map(({ moveId }) => moveId);
  const { payment, items } = await readItems(client, company, request.moveId, moves);
  const settlement = await settle(client, request, payment, items, postEntry);
  const { direct, lines } = settlement;
  const line = (label: string): number[] => lines.get(label) ?? [];
  const item = (move: number): number[] => items.get(move)?.lines ?? [];
  for (const move of moves) await match(client, company, payment.lines, line(`split ${move} in`));
  for (const move of direct) await match(client, company, payment.lines, item(move));
  for (const move of moves) {
    await match(client, company, item(move), line(`split ${move} out`));
    await match(client, company, item(move), line(`write-off ${move}`));
  }
  await match(client, company, payment.lines, line('over'));
  return verified(client, request, { payment, items }, settlement);
}

interface SettlementLines {
  moveId?: number;
  /** Lines of the settlement entry by what they are for. */
  lines: ReadonlyMap<string, number[]>;
  /** Items that are matched with the payment itself, in this order. */
  direct: number[];
}

/** The entry that an earlier attempt posted, or a new one where the plan needs it. */
async function settle(
  client: OdooClient,
  request: ReconcileRequest,
  payment: OpenItem,
  items: ReadonlyMap<number, OpenItem>,
  postEntry: PostEntry,
): Promise<SettlementLines> {
  const { company, allocations } = request;
  const key = settlementKey(request);
  const known = await findByExternalId(client, 'account.move', key);
  // a draft was cut off before it was posted, so nothing is matched yet and the plan comes out the same
  if (known !== undefined && (await isPosted(client, company, known))) {
    const lines = await linesByLabel(client, company, known);
    const isDirect = ({ moveId }: PlannedAllocation) => !lines.has(`split ${moveId} in`);
    return { moveId: known, lines, direct: allocations.filter(isDirect).map(({ moveId }) => moveId) };
  }
  const matches = await readMatches(client, company, payment.lines);
  const open = allocations.map(({ moveId, amount }) => {
    const matched = matchedBetween(matches, payment.lines, items.get(moveId)?.lines ?? []);
    return { id: moveId, amount: sub(amount, matched) };
  });
  const invoices = [...items.values()].map(({ moveId, residual, currency }) => ({
    id: moveId,
    residual,
    currency,
  }));
  const plan = planSettlement(payment, invoices, open, settlementRules(request));
  if (!needsEntry(plan)) return { lines: new Map(), direct: plan.direct };
  const journalId = await lookupsOf(client).journal(company, request.journal);
  const { id } = await postEntry(settlementEntry(request, plan, { payment, items }, { key, journalId }));
  return { moveId: id, lines: await linesByLabel(client, company, id), direct: plan.direct };
}

/** What may become of differences, as a plan asks for it. */
export const settlementRules = (terms: SettlementTerms): SettlementRules => ({
  tolerance: terms.tolerance,
  canWriteOff: terms.writeOffAccountId !== undefined,
  movesOverpayment: terms.overpaymentAccountId !== undefined,
});

/** External id of the entry that splits and writes off. */
const settlementKey = ({ externalKey }: Pick<ReconcileRequest, 'externalKey'>): string =>
  `${externalKey}__settle`;

async function isPosted(client: OdooClient, { id: company }: Company, move: number): Promise<boolean> {
  const rows = await searchRead(client, 'account.move', [['id', '=', move]], ['state'], { company });
  return rows[0]?.state === 'posted';
}

/** Matches two sides with as much as they hold; done where they are matched, or one of them is closed. */
async function match(
  client: OdooClient,
  company: Company,
  one: readonly number[],
  other: readonly number[],
): Promise<void> {
  const open = await openOnBothSides(client, company, one, other);
  if (open.length === 0) return;
  try {
    await client.call('account.move.line', 'reconcile', {
      ids: open,
      context: { allowed_company_ids: [company.id] },
    });
  } catch (error) {
    if (!isFinanceError(error) || error.kind !== 'rejected') throw error;
    // another call may have been faster
    if ((await openOnBothSides(client, company, one, other)).length > 0) throw error;
  }
}

async function openOnBothSides(
  client: OdooClient,
  { id: company }: Company,
  one: readonly number[],
  other: readonly number[],
): Promise<number[]> {
  if (one.length === 0 || other.length === 0) return [];
  const rows = await searchRead(
    client,
    'account.move.line',
    [
      ['id', 'in', [...one, ...other]],
      ['reconciled', '=', false],
    ],
    ['reconciled'],
    { company, order: 'id' },
  );
  const open = rows.map(({ id }) => Number(id));
  const isOpen = (side: readonly number[]) => open.some((id) => side.includes(id));
  return isOpen(one) && isOpen(other) ? open : [];
}

interface Sides {
  payment: OpenItem;
  items: ReadonlyMap<number, OpenItem>;
}

/** What of each allocation is matched now, directly and by way of the settlement entry. */
async function matchedNow(
  client: OdooClient,
  { company, allocations }: Pick<ReconcileRequest, 'company' | 'allocations'>,
  { payment, items }: Sides,
  lines: SettlementLines['lines'],
): Promise<MatchedAllocation[]> {
  const matches = await readMatches(client, company, [
    ...payment.lines,
    ...[...lines.values()].flat(),
    ...[...items.values()].flatMap((item) => item.lines),
  ]);
  return allocations.map((allocation) => {
    const own = items.get(allocation.moveId)?.lines ?? [];
    const direct = matchedBetween(matches, payment.lines, own);
    const split = matchedBetween(matches, lines.get(`split ${allocation.moveId} out`) ?? [], own);
    return { ...allocation, matched: formatMoney(sum([direct, split]), payment.currency) };
  });
}

const isWrong = ({ amount, matched }: MatchedAllocation): boolean => !equals(amount, matched);

async function verified(
  client: OdooClient,
  request: ReconcileRequest,
  sides: Sides,
  { moveId, lines }: SettlementLines,
): Promise<Reconciled> {
  const matched = await matchedNow(client, request, sides, lines);
  const wrong = matched.find(isWrong);
  if (!wrong) return { matched, ...(moveId !== undefined && { settlement: moveId }) };
  throw new FinanceError('ODOO_AMOUNT_DIFFERS', {
    message: `The payment is matched with ${wrong.matched} of move ${wrong.moveId} instead of ${wrong.amount}.`,
    details: { move: wrong.moveId, expected: wrong.amount, found: wrong.matched },
  });
}

/**
 * Whether the payment is matched as given already; nothing is written.
 * @returns undefined where it is not, or not wholly: a settlement entry may be posted, and its lines not yet matched
 */
export async function findReconciled(
  client: OdooClient,
  request: Pick<ReconcileRequest, 'externalKey' | 'company' | 'moveId' | 'allocations'>,
): Promise<Reconciled | undefined> {
  const { company, allocations } = request;
  const moves = allocations.map(({ moveId }) => moveId);
  const sides = await readItems(client, company, request.moveId, moves);
  const settlement = await findByExternalId(client, 'account.move', settlementKey(request));
  const lines = settlement === undefined ? new Map() : await linesByLabel(client, company, settlement);
  const matched = await matchedNow(client, request, sides, lines);
  if (matched.some(isWrong) || (await hasOpenLines(client, company, settlement))) return undefined;
  return { matched, ...(settlement !== undefined && { settlement }) };
}

/** Whether a settlement entry has lines that could be matched and are not. */
async function hasOpenLines(
  client: OdooClient,
  { id: company }: Company,
  settlement: number | undefined,
): Promise<boolean> {
  if (settlement === undefined) return false;
  const domain: Domain = [
    ['move_id', '=', settlement],
    ['reconciled', '=', false],
    ['amount_residual', '!=', 0],
  ];
  return (await searchRead(client, 'account.move.line', domain, ['name'], { company })).length > 0;
}

/**
 * Takes back every matching of these moves' lines; the moves stay posted.
 * @returns the lines that were matched
 */
export async function unreconcile(
  client: OdooClient,
  company: Company,
  moves: readonly number[],
): Promise<number[]> {
  const rows = await searchRead(
    client,
    'account.move.line',
    [
      ['move_id', 'in', moves],
      ['matching_number', '!=', false],
    ],
    ['matching_number'],
    { company: company.id, order: 'id' },
  );
  const ids = rows.map(({ id }) => Number(id));
  if (ids.length === 0) return [];
  const context = { allowed_company_ids: [company.id] };
  await client.call('account.move.line', 'remove_move_reconcile', { ids, context });
  return ids;
}
