import { FinanceError, isFinanceError } from '../../../errors';
import type { OdooClient } from '../client';
import { type LoadRequest, load } from '../load';
import { NOUNS, type RecordState } from '../moves/differences';
import { searchRead } from '../records';
import type { PostedModel } from './kinds';
import { READERS, stateOf } from './states';

/** How records are made, posted and read: one by one, or by a batcher together with others'. */
export interface Writer {
  /** @returns the id of the request's one record */
  load(request: LoadRequest): Promise<number>;
  /** Posts a draft. One that is posted by now, by an earlier call or a person, is done. */
  post(model: PostedModel, id: number, company: number): Promise<void>;
  /** @returns `undefined` when it is gone */
  read(model: PostedModel, id: number, company: number): Promise<RecordState | undefined>;
}

/** A writer that makes a call of its own for each record. */
export const singly = (client: OdooClient): Writer => ({
  load: async (request) => (await load(client, request))[0] as number,
  post: (model, id, company) => postAll(client, model, [id], company),
  read: async (model, id, company) => (await READERS[model](client, [id], company)).get(id),
});

/**
 * Posts drafts in one call, all or none; those that are posted by now are left alone.
 * @throws FinanceError ODOO_MOVE_CHANGED when one is cancelled or gone, and any of a call
 */
export async function postAll(
  client: OdooClient,
  model: PostedModel,
  ids: readonly number[],
  company: number,
): Promise<void> {
  const drafts = await draftsOf(client, model, ids, company);
  if (drafts.length === 0) return;
  const context = { allowed_company_ids: [company] };
  try {
    await client.call(model, 'action_post', { ids: drafts, context });
  } catch (error) {
    if (!isFinanceError(error) || error.kind !== 'rejected') throw error;
    // "must be in draft" (17, 19), "is already posted" (16): the look tells, not the words
    const still = await draftsOf(client, model, ids, company);
    if (still.length === drafts.length || ids.length === 1) {
      if (still.length > 0) throw error;
      return;
    }
    await postAll(client, model, still, company);
  }
}

/** Which of these are drafts; the others are posted. @throws FinanceError ODOO_MOVE_CHANGED */
async function draftsOf(
  client: OdooClient,
  model: PostedModel,
  ids: readonly number[],
  company: number,
): Promise<number[]> {
  const rows = await searchRead(client, model, [['id', 'in', ids]], ['state'], { company });
  const states = new Map(rows.map(({ id, state }) => [Number(id), stateOf(state)]));
  for (const id of ids) {
    const state = states.get(id);
    if (state !== 'draft' && state !== 'posted') throw lost(model, id, state);
  }
  return ids.filter((id) => states.get(id) === 'draft');
}

/** A record that a person cancelled or deleted: it is never made a second time in silence. */
export function lost(model: PostedModel, id: number, state?: string): FinanceError {
  const noun = NOUNS[model] ?? 'record';
  return new FinanceError('ODOO_MOVE_CHANGED', {
    message: `The ${noun} ${id} ${state ? 'was cancelled' : 'is gone: it was deleted'} in Odoo.`,
    details: { [noun.replaceAll(' ', '_')]: id },
  });
}
