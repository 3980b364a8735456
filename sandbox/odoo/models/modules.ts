import { boolean, type Field, selection, type Version } from '../core/model';

/** Modules that a database may have beside the ones that every sandbox has. */
export type OdooModule =
  | 'account_inter_company_rules'
  | 'account_accountant'
  | 'account_peppol'
  | 'l10n_it_edi'
  | 'l10n_pl_edi';

const method = (label: string): Field =>
  selection(
    label,
    [
      ['on_validation', 'On bill validation'],
      ['manual', 'Manually & Grouped'],
    ],
    { default: 'on_validation' },
  );

/** Settings of a company that a module brings. */
const COMPANY_FIELDS: Record<OdooModule, (version: Version) => Record<string, Field>> = {
  account_inter_company_rules: (version): Record<string, Field> =>
    version === 19
      ? { intercompany_generate_bills_refund: boolean('Generate Bills and Refunds', { default: false }) }
      : {
          rule_type: selection(
            'Rule',
            [
              ['not_synchronize', 'Do not synchronize'],
              ['invoice_and_refund', 'Synchronize invoices/bills'],
            ],
            { default: 'not_synchronize' },
          ),
        },
  // deferrals are there from 17 on
  account_accountant: (version): Record<string, Field> =>
    version === 16
      ? {}
      : {
          generate_deferred_revenue_entries_method: method('Generate Deferred Revenue Entries'),
          generate_deferred_expense_entries_method: method('Generate Deferred Expense Entries'),
        },
  account_peppol: (version): Record<string, Field> =>
    version === 16
      ? {}
      : {
          account_peppol_proxy_state: selection(
            'PEPPOL status',
            version === 19
              ? [
                  ['not_registered', 'Not registered'],
                  ['sender', 'Can send but not receive'],
                  ['smp_registration', 'Can send, pending registration to receive'],
                  ['receiver', 'Can send and receive'],
                  ['rejected', 'Rejected'],
                ]
              : [
                  ['not_registered', 'Not registered'],
                  ['not_verified', 'Not verified'],
                  ['sent_verification', 'Verification code sent'],
                  ['pending', 'Pending'],
                  ['active', 'Active'],
                  ['rejected', 'Rejected'],
                  ['canceled', 'Canceled'],
                ],
            { default: 'not_registered' },
          ),
        },
  l10n_it_edi: (): Record<string, Field> => ({
    l10n_it_edi_register: boolean('Register Italian electronic invoicing', { default: false }),
  }),
  l10n_pl_edi: (): Record<string, Field> => ({
    l10n_pl_edi_register: boolean('KSeF Integration Enabled', { default: false }),
  }),
};

/** What the installed modules add to `res.company`. */
export function companyFields(version: Version, modules: readonly OdooModule[]): Record<string, Field> {
  return Object.assign({}, ...modules.map((name) => COMPANY_FIELDS[name](version)));
}
