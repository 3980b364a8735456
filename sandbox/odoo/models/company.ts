import type { Environment } from '../core/environment';
import { OdooFault } from '../core/fault';
import { patch } from '../core/records';
import { idOf, isSet, pythonRepr, textOf, type Value, type Values } from '../core/value';

/** Ids of views in a plain installation; a client only passes them on. */
const VIEWS = { search: 677, list: 666, form: 675 };

/** Writes a company; a fiscal lock is refused while drafts lie in the period. */
export function writeCompany(env: Environment, ids: number[], values: Values): void {
  for (const id of ids) {
    const lock = textOf(values, 'fiscalyear_lock_date');
    if (isSet(values.fiscalyear_lock_date)) refuseWithDrafts(env, id, lock);
    patch(env, 'res.company', id, values);
  }
}

function refuseWithDrafts(env: Environment, company: number, lock: string): void {
  const drafts = env.db
    .all('account.move')
    .filter(
      (move) =>
        idOf(move, 'company_id') === company && move.state === 'draft' && textOf(move, 'date') <= lock,
    )
    .sort((a, b) => textOf(b, 'date').localeCompare(textOf(a, 'date')) || b.id - a.id)
    .map(({ id }) => id);
  if (drafts.length === 0) return;
  const mode = env.version === 19 ? 'list' : 'tree';
  const action: Values = {
    view_mode: mode,
    name: 'Unposted Entries',
    res_model: 'account.move',
    type: 'ir.actions.act_window',
    domain: [['id', 'in', drafts]],
    search_view_id: [VIEWS.search, 'search'],
    views: [
      [VIEWS.list, 'list'],
      [VIEWS.form, 'form'],
    ],
  };
  throw redirectWarning(
    'There are still unposted entries in the period you want to lock. You should either post or delete them.',
    action,
    'Show unposted entries',
  );
}

/** A refusal with an action that the user may open instead. */
export function redirectWarning(message: string, action: Values, button: string): OdooFault {
  // A domain's leaf is a tuple in Python and a list in JSON.
  const shown = pythonRepr(action).replace(/\['(\w+)', '(\w+)', (\[[\d, ]*\])\]/, "('$1', '$2', $3)");
  const args: Value[] = [message, action, button, null];
  return new OdooFault('odoo.exceptions.RedirectWarning', `${message}\n${shown}\n${button}\nNone`, {
    args,
    shown: `('${message}', ${shown}, '${button}', None)`,
  });
}
