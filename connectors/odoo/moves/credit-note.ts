import { isFinanceError } from '../../../errors';
import type { OdooClient } from '../client';
import { idOf, searchRead } from '../records';
import type { MoveRequest } from './request';

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
