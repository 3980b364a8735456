import type { Environment } from './environment';
import { accessError, missingError } from './fault';
import type { Operation } from './model';
import { idOf, type OdooRecord } from './value';

const VERBS: Record<Operation, string> = {
  read: 'access',
  write: 'modify',
  create: 'create',
  unlink: 'delete',
};

/** Groups as messages name them, by version; and groups that Odoo lists though no seed gives them. */
const GROUP_NAMES: Record<string, { old: string; new: string }> = {
  'base.group_partner_manager': { old: 'Extra Rights/Contact Creation', new: 'Contact/Creation' },
  'sales_team.group_sale_manager': { old: 'Sales/Administrator', new: 'Sales/Administrator' },
  'base.group_system': { old: 'Administration/Settings', new: 'Role / Administrator' },
  'base.group_erp_manager': { old: 'Administration/Access Rights', new: 'Access Rights' },
  'account.group_account_invoice': { old: 'Invoicing/Billing', new: 'Invoicing/Billing' },
  'account.group_account_user': {
    old: 'Technical/Show Full Accounting Features',
    new: 'Accounting/Bookkeeper',
  },
  'account.group_account_manager': { old: 'Invoicing/Billing Administrator', new: 'Invoicing/Administrator' },
};

function groupName(group: string, env: Environment): string {
  const names = GROUP_NAMES[group];
  if (!names) return group;
  return env.version === 19 ? names.new : names.old;
}

/** Raises AccessError where none of the user's groups may do it to the model. */
export function checkModelAccess(env: Environment, model: string, operation: Operation): void {
  if (mayAccess(env, model, operation)) return;
  const { description, access } = env.model(model);
  const groups = access?.[operation] ?? [];
  const list = groups.map((group) => `\t- ${groupName(group, env)}`).join('\n');
  const allowed = groups.length
    ? `This operation is allowed for the following groups:\n${list}`
    : 'No group currently allows this operation.';
  throw accessError(
    `You are not allowed to ${VERBS[operation]} '${description}' (${model}) records.\n\n${allowed}\n\nContact your administrator to request access if necessary.`,
  );
}

export function mayAccess(env: Environment, model: string, operation: Operation): boolean {
  const groups = env.model(model).access?.[operation];
  if (env.isSuperuser || groups === undefined) return true;
  // An administrator of the demonstration and test databases holds the accounting groups too.
  return env.isAdmin || groups.some((group) => env.hasGroup(group));
}

/** The record rules: a record of a company, or of a user, that the call may not see does not exist for it. */
export function isVisible(env: Environment, model: string, record: OdooRecord): boolean {
  const { companyField, rule } = env.model(model);
  if (env.isSuperuser) return true;
  if (rule && !rule(env, record)) return false;
  if (!companyField) return true;
  const company = model === 'res.company' ? record.id : idOf(record, companyField);
  return company === 0 || env.companies.includes(company);
}

/** Raises the record rule's AccessError, worded as all versions word it to a user without debug rights. */
export function denyRecord(env: Environment, model: string): never {
  const { description } = env.model(model);
  throw accessError(
    `Uh-oh! Looks like you have stumbled upon some top-secret records.\n\nSorry, ${env.displayName('res.users', env.uid)} (id=${env.uid}) doesn't have 'read' access to:\n- ${description} (${model})\n\nIf you really, really need access, perhaps you can win over your friendly administrator with a batch of freshly baked cookies.`,
  );
}

/** The records, each there and visible; MissingError or AccessError otherwise. */
export function requireRecords(env: Environment, model: string, ids: number[]): OdooRecord[] {
  return ids.map((id) => {
    const record = env.find(model, id);
    if (!record) throw missingError(model, id, env.uid);
    if (!isVisible(env, model, record)) denyRecord(env, model);
    return record;
  });
}
