import { FinanceError, isFinanceError } from '../../../errors';
import type { OdooClient } from '../client';
import { load } from '../load';
import { lookupsOf } from '../lookups';
import { idOf, searchRead } from '../records';
import { assertPeriodOpen, type PeriodQuestion } from './lock-dates';
import { readBack } from './read';
import { type ExpectedDraft, type ExpectedMove, type MoveRequest, sideOf } from './request';

/**
 * Creates the draft, or finds the move that the key already stands for. Repeating it never makes a second one.
 * @param expected a draft that an earlier step recorded: it is used as it is, and never made again
 * @returns the move's id
 * @throws FinanceError ODOO_MOVE_CHANGED when the recorded draft is gone, and any of `load`
 */
export async function createDraft(
  client: OdooClient,
  request: MoveRequest,
  expected?: ExpectedDraft,
): Promise<number> {
  if (expected) return (await readBack(client, expected.moveId, request.company.id)).id;
  try {
    const [id] = await load(client, request.load);
    return id as number;
  } catch (error) {
    // an id that the look-ups still believed in may be gone
    if (isFinanceError(error) && error.kind === 'rejected') lookupsOf(client).forget();
    throw error;
  }
}

/**
 * Posts a draft. One that is posted by now, by an earlier call or a person, is done.
 * @throws FinanceError ODOO_DATE_MOVED before anything is posted where the period is locked, ODOO_MOVE_CHANGED when
 * the move is cancelled or gone, ODOO_VALIDATION, ODOO_CURRENCY, and any of a call
 */
export async function postMove(client: OdooClient, request: MoveRequest, id: number): Promise<void> {
  const { company, expected } = request;
  if ((await draftOrPosted(client, request, id)) === 'posted') return;
  await assertPeriodOpen(client, company, periodOf(expected));
  const context = { allowed_company_ids: [company.id] };
  try {
    await client.call('account.move', 'action_post', { ids: [id], context });
  } catch (error) {
    if (!isFinanceError(error) || error.kind !== 'rejected') throw error;
    // "must be in draft" (17, 19), "is already posted" (16): the look tells, not the words
    if ((await draftOrPosted(client, request, id)) === 'draft') throw error;
  }
}

/** Which lock dates a move is under. */
export const periodOf = ({ date, taxes, moveType }: ExpectedMove): PeriodQuestion => ({
  day: date,
  taxed: taxes.length > 0,
  side: sideOf(moveType),
});

async function draftOrPosted(
  client: OdooClient,
  { company }: MoveRequest,
  id: number,
): Promise<'draft' | 'posted'> {
  const rows = await searchRead(client, 'account.move', [['id', '=', id]], ['state'], {
    company: company.id,
  });
  const state = rows[0]?.state;
  if (state === 'draft' || state === 'posted') return state;
  throw new FinanceError('ODOO_MOVE_CHANGED', {
    message: `The move ${id} ${rows[0] ? 'was cancelled' : 'is gone: it was deleted'} in Odoo.`,
    details: { move: id },
  });
}

/**
 * Reconciles a posted credit note with the invoice that it corrects. 17 and 19 do so by themselves at posting, 16
 * does not; where nothing is open any more, nothing is done.
 * @returns whether it reconciled something
 */
export async function reconcileCreditNote(
  client: OdooClient,
  request: MoveRequest,
  id: number,
): Promise<boolean> {
  const original = request.expected.reversedMoveId;
  if (original === undefined) return false;
  const open = await openReceivables(client, request, [id, original]);
  if (!open.has(id) || !open.has(original)) return false;
  const context = { allowed_company_ids: [request.company.id] };
  try {
    await client.call('account.move.line', 'reconcile', { ids: [...open.values()].flat(), context });
    return true;
  } catch (error) {
    if (!isFinanceError(error) || error.kind !== 'rejected') throw error;
    const still = await openReceivables(client, request, [id, original]);
    if (still.has(id) && still.has(original)) throw error;
    return false;
  }
}

/** Open receivable lines of posted moves, by move. */
async function openReceivables(
  client: OdooClient,
  { company }: MoveRequest,
  moves: readonly number[],
): Promise<Map<number, number[]>> {
  const lines = await searchRead(
    client,
    'account.move.line',
    [
      ['move_id', 'in', moves],
      ['display_type', '=', 'payment_term'],
      ['reconciled', '=', false],
      ['parent_state', '=', 'posted'],
    ],
    ['move_id'],
    { company: company.id, order: 'id' },
  );
  const open = new Map<number, number[]>();
  for (const { id, move_id } of lines) {
    const move = idOf(move_id) as number;
    open.set(move, [...(open.get(move) ?? []), Number(id)]);
  }
  return open;
}
