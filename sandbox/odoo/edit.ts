import { OdooFault } from './core/fault';
import { unlink, write } from './core/records';
import { isStruct, type Values } from './core/value';
import type { Odoo } from './odoo';

/**
 * What a person does in Odoo's own pages, past no rule of the books but past the company's lock check:
 * `{do: 'write', model, id, values}`, `{do: 'delete', model, id}`, `{do: 'lock', company, dates: {field: ISO date}}`.
 *
 * @returns what went wrong, or undefined.
 */
export function applyEdit(odoo: Odoo, edit: Values): string | undefined {
  const admin = odoo.db
    .all('res.users')
    .find((user) => Array.isArray(user.groups) && user.groups.includes('base.group_system'));
  if (!admin) return 'the database has no administrator';
  try {
    odoo.db.transaction(() => run(odoo, admin.id, edit));
    return undefined;
  } catch (error) {
    if (error instanceof OdooFault) return error.message;
    throw error;
  }
}

function run(odoo: Odoo, admin: number, { do: deed, model, id, values, company, dates }: Values): void {
  const env = odoo.environment(admin, {}, true);
  const record =
    typeof model === 'string' && odoo.registry.get(model) && typeof id === 'number'
      ? odoo.db.get(model, id)
      : undefined;
  if (deed === 'write' && record && isStruct(values)) write(env, String(model), [record.id], values);
  else if (deed === 'delete' && record) unlink(env, String(model), [record.id]);
  else if (deed === 'lock' && typeof company === 'number' && isStruct(dates)) lock(odoo, company, dates);
  else
    throw new OdooFault(
      'sandbox',
      'do is write (model, id, values), delete (model, id) or lock (company, dates)',
    );
}

function lock(odoo: Odoo, company: number, dates: Values): void {
  const { fields } = odoo.registry.at('res.company');
  if (!odoo.db.get('res.company', company)) throw new OdooFault('sandbox', `no company ${company}`);
  if (!Object.keys(dates).every((name) => name.endsWith('_lock_date') && fields[name]))
    throw new OdooFault('sandbox', 'no such lock date in this version');
  odoo.db.update('res.company', company, dates);
}
