import { FinanceError } from '../../errors';
import type { OdooClient } from './client';
import { type Company, lookupsOf } from './lookups';
import { type OdooRecord, searchRead } from './records';

/** Work that Odoo may do by itself, and we too. */
export type Job = 'intercompany' | 'deferral' | 'einvoice';

interface Setting {
  job: Job;
  /** Field of `res.company`. */
  field: string;
  /** Where a person finds it. */
  label: string;
  isOn(value: unknown): boolean;
}

const isSet = (value: unknown): boolean => value === true;
const isOneOf =
  (...values: string[]) =>
  (value: unknown): boolean =>
    typeof value === 'string' && values.includes(value);

/** Fields that a version or an edition does not have are left out. */
const SETTINGS: readonly Setting[] = [
  {
    job: 'intercompany',
    field: 'rule_type',
    label: 'Inter-Company Transactions (16, 17)',
    isOn: isOneOf('invoice_and_refund', 'so_and_po', 'sale', 'purchase', 'sale_purchase', 'all'),
  },
  {
    job: 'intercompany',
    field: 'intercompany_generate_bills_refund',
    label: 'Inter-Company Transactions: Generate Bills and Refunds',
    isOn: isSet,
  },
  {
    job: 'deferral',
    field: 'generate_deferred_revenue_entries_method',
    label: 'Deferred Revenue: Generate Entries',
    isOn: isOneOf('on_validation'),
  },
  {
    job: 'deferral',
    field: 'generate_deferred_expense_entries_method',
    label: 'Deferred Expense: Generate Entries',
    isOn: isOneOf('on_validation'),
  },
  {
    job: 'einvoice',
    field: 'account_peppol_proxy_state',
    label: 'Peppol Electronic Invoicing',
    isOn: isOneOf('active', 'sender', 'smp_registration', 'receiver'),
  },
  {
    job: 'einvoice',
    field: 'l10n_it_edi_register',
    label: 'Italian Electronic Invoicing',
    isOn: isSet,
  },
  {
    job: 'einvoice',
    field: 'l10n_pl_edi_register',
    label: 'Polish e-Invoicing (KSeF)',
    isOn: isSet,
  },
];

/** A setting of Odoo that would do a job of ours a second time. */
export interface Automation {
  job: Job;
  company: number;
  field: string;
  label: string;
  value: unknown;
}

/** Which of these jobs Odoo does by itself in a company. @throws FinanceError ODOO_* */
export async function automations(
  client: OdooClient,
  company: Company,
  jobs: readonly Job[],
): Promise<Automation[]> {
  const known = await lookupsOf(client).fields('res.company');
  const asked = SETTINGS.filter(({ job, field }) => jobs.includes(job) && known.has(field));
  if (asked.length === 0) return [];
  const fields = asked.map(({ field }) => field);
  const [row]: OdooRecord[] = await searchRead(client, 'res.company', [['id', '=', company.id]], fields, {
    company: company.id,
  });
  return asked
    .filter(({ field, isOn }) => isOn(row?.[field]))
    .map(({ job, field, label }) => ({ job, company: company.id, field, label, value: row?.[field] }));
}

/**
 * Refuses to do what Odoo does by itself. That it does not is believed as long as a look-up; that it does is asked
 * again each time, so that a person who switches it off need not wait.
 * @throws FinanceError ODOO_AUTOMATION naming the setting
 */
export function assertNoAutomation(
  client: OdooClient,
  company: Company,
  jobs: readonly Job[],
): Promise<void> {
  const key = `automation ${company.id} ${[...jobs].sort().join()}`;
  return lookupsOf(client).believed(key, async () =>
    refuse(company, await automations(client, company, jobs)),
  );
}

function refuse(company: Company, [first, ...others]: readonly Automation[]): void {
  if (!first) return;
  throw new FinanceError('ODOO_AUTOMATION', {
    message: `${company.name} has "${first.label}" switched on in Odoo (${first.field}): the job would be done twice.`,
    details: { settings: [first, ...others].map(({ job, field, value }) => ({ job, field, value })) },
  });
}
