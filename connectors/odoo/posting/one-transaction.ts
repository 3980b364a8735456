import { FinanceError, isFinanceError } from '../../../errors';
import { round } from '../../../finance/money';
import type { OdooClient } from '../client';
import { badAnswer, loadError } from '../faults';
import { findByExternalId } from '../load';
import type { MoveRequest } from '../moves/request';
import { type Domain, searchRead } from '../records';
import type { EntryRequest } from './kinds';

/** A server action that an administrator installed: `load` and `action_post` in one transaction. */
export interface OneTransaction {
  /** Id of the `ir.actions.server`. */
  actionId: number;
}

const ACTIONS = 'ir.actions.server';
const MODEL = 'account.move';
const ACTION_KEY = 'ledgerway.load_and_post';
const ACTION_NAME = 'Ledgerway: load and post';
const OTHER_TOTAL = 'LEDGERWAY_OTHER_TOTAL';

/**
 * What the action runs in Odoo. A move that does not come to the total of its document rolls all back; it is made in
 * two steps then, with the source's own tax in between.
 */
export const ACTION_CODE = `result = model.load(env.context.get('nr_fields'), env.context.get('nr_rows'))
if result['ids']:
    moves = model.browse(result['ids'])
    drafts = moves.filtered(lambda move: move.state == 'draft')
    totals = env.context.get('nr_totals') or []
    for move, total in zip(moves, totals):
        if move in drafts and '%.4f' % move.amount_total != total:
            raise UserError('${OTHER_TOTAL} %s' % move.id)
    drafts.action_post()
    result['state'] = [[move.id, move.state, move.name] for move in moves]
action = {'type': 'ir.actions.act_window_close', 'infos': result}
`;

/**
 * Installs the action, or brings one that is there to the present code. The action and its key are two calls: one that
 * stayed without its key is taken up by the next installation.
 * @param admin an administrator's connection, used with their consent
 * @returns the id of the action
 * @throws FinanceError ODOO_ACCESS without administrator's rights
 */
export async function installAction(admin: OdooClient): Promise<number> {
  const keyed = await findByExternalId(admin, ACTIONS, ACTION_KEY);
  const found = keyed ?? (await withoutKey(admin));
  if (found !== undefined)
    await admin.call(ACTIONS, 'write', { ids: [found], named: { vals: { code: ACTION_CODE } } });
  const id = found ?? (await makeAction(admin));
  if (keyed === undefined) await giveKey(admin, id);
  return id;
}

/** What an installation made that was cut off before it gave the key. */
async function withoutKey(admin: OdooClient): Promise<number | undefined> {
  const domain: Domain = [
    ['name', '=', ACTION_NAME],
    ['state', '=', 'code'],
    ['model_id.model', '=', MODEL],
  ];
  const [found] = await searchRead(admin, ACTIONS, domain, ['name'], { limit: 1, order: 'id' });
  return found && Number(found.id);
}

async function makeAction(admin: OdooClient): Promise<number> {
  const [model] = await searchRead(admin, 'ir.model', [['model', '=', MODEL]], ['model']);
  if (!model) throw badAnswer('there is no model of moves');
  const values = { name: ACTION_NAME, model_id: Number(model.id), state: 'code', code: ACTION_CODE };
  const made = await admin.call(ACTIONS, 'create', { named: { vals_list: [values] } });
  return Number(Array.isArray(made) ? made[0] : made);
}

async function giveKey(admin: OdooClient, id: number): Promise<void> {
  const [module, name] = ACTION_KEY.split('.');
  const key = { module, name, model: ACTIONS, res_id: id, noupdate: true };
  await admin.call('ir.model.data', 'create', { named: { vals_list: [key] } });
}

/**
 * Takes the action away again, also one that was cut off from its key.
 * @param admin an administrator's connection, used with their consent
 * @returns the id that it had; `undefined` where it was not installed
 * @throws FinanceError ODOO_ACCESS without administrator's rights
 */
export async function removeAction(admin: OdooClient): Promise<number | undefined> {
  const found = (await findByExternalId(admin, ACTIONS, ACTION_KEY)) ?? (await withoutKey(admin));
  if (found !== undefined) await admin.call(ACTIONS, 'unlink', { ids: [found] });
  return found;
}

/**
 * The action of a configuration: its id, or its external id.
 * @throws FinanceError ODOO_MISSING where it is not installed, ODOO_ACCESS where the user may not read actions: then
 * configure the id
 */
export async function actionOf(client: OdooClient, configured: string): Promise<OneTransaction> {
  if (/^\d+$/.test(configured)) return { actionId: Number(configured) };
  const found = await findByExternalId(client, ACTIONS, configured);
  if (found !== undefined) return { actionId: found };
  throw new FinanceError('ODOO_MISSING', {
    message: `Odoo has no server action ${configured}.`,
    hint: 'Have an administrator install it, or configure its id.',
  });
}

/**
 * Creates and posts a move in one transaction, so that nobody can edit it in between; a failure leaves nothing.
 * @returns the move; `undefined` where it has to go in two steps: it is there already, or Odoo computes another tax
 * @throws FinanceError as `load` and `action_post`
 */
export async function loadAndPost(
  client: OdooClient,
  { actionId }: OneTransaction,
  request: MoveRequest | EntryRequest,
): Promise<number | undefined> {
  const { load, externalKey, company } = request;
  // a draft that is there may have been edited: it is compared first
  if ((await findByExternalId(client, load.model, externalKey)) !== undefined) return undefined;
  const totals = request.poster === 'invoice' ? [round(request.expected.amountTotal, 4)] : [];
  const context = {
    mode: 'update',
    noupdate: true,
    active_model: load.model,
    allowed_company_ids: [company.id],
    nr_fields: load.fields,
    nr_rows: load.data,
    nr_totals: totals,
  };
  try {
    const answer = await client.call(ACTIONS, 'run', { ids: [actionId], context });
    return idIn(answer);
  } catch (error) {
    if (isFinanceError(error) && error.message.includes(OTHER_TOTAL)) return undefined;
    throw error;
  }
}

function idIn(answer: unknown): number {
  const { infos } = (answer ?? {}) as { infos?: { ids?: unknown; messages?: unknown } };
  const messages = Array.isArray(infos?.messages) ? (infos.messages as { message?: unknown }[]) : [];
  if (infos?.ids === false)
    throw loadError(messages.map(({ message }) => ({ message: String(message ?? '') })));
  const id: unknown = Array.isArray(infos?.ids) ? infos.ids[0] : undefined;
  if (Number.isInteger(id)) return Number(id);
  throw new FinanceError('ODOO_BAD_ANSWER', {
    kind: 'in_doubt',
    message: 'The action that loads and posts gave no id: is it the one that was installed?',
  });
}
