import type { Environment } from '../core/environment';
import {
  boolean,
  char,
  type Field,
  float,
  integer,
  type Model,
  many2many,
  many2one,
  selection,
  text,
  type Version,
} from '../core/model';
import { type OdooRecord, textOf } from '../core/value';

const managers = ['account.group_account_manager'];
const readOnly = { create: managers, write: managers, unlink: managers };

export const ACCOUNT_TYPES = [
  ['asset_receivable', 'Receivable'],
  ['asset_cash', 'Bank and Cash'],
  ['asset_current', 'Current Assets'],
  ['asset_non_current', 'Non-current Assets'],
  ['asset_prepayments', 'Prepayments'],
  ['asset_fixed', 'Fixed Assets'],
  ['liability_payable', 'Payable'],
  ['liability_credit_card', 'Credit Card'],
  ['liability_current', 'Current Liabilities'],
  ['liability_non_current', 'Non-current Liabilities'],
  ['equity', 'Equity'],
  ['equity_unaffected', 'Current Year Earnings'],
  ['income', 'Income'],
  ['income_other', 'Other Income'],
  ['expense', 'Expenses'],
  ['expense_depreciation', 'Depreciation'],
  ['expense_direct_cost', 'Cost of Revenue'],
  ['off_balance', 'Off-Balance Sheet'],
] as const;

const coded = (_env: Environment, record: OdooRecord): string =>
  [textOf(record, 'code'), textOf(record, 'name')].filter(Boolean).join(' ');

function account(version: Version): Model {
  const company: Record<string, Field> =
    version === 19
      ? {
          company_ids: many2many('Companies', 'res.company', {
            get: (_env, record) => [record.company_id ?? false],
          }),
        }
      : { deprecated: boolean('Deprecated', { default: false }) };
  return {
    name: 'account.account',
    description: 'Account',
    companyField: 'company_id',
    access: readOnly,
    order: 'code, id',
    displayName: coded,
    fields: {
      code: char('Code'),
      name: char('Account Name'),
      account_type: selection('Type', ACCOUNT_TYPES),
      reconcile: boolean('Allow Reconciliation', { default: false }),
      currency_id: many2one('Account Currency', 'res.currency'),
      company_id: many2one('Company', 'res.company', { internal: version === 19 }),
      tax_ids: many2many('Default Taxes', 'account.tax'),
      ...company,
    },
  };
}

const tax: Model = {
  name: 'account.tax',
  description: 'Tax',
  companyField: 'company_id',
  access: readOnly,
  order: 'sequence, id',
  fields: {
    name: char('Tax Name'),
    description: char('Label on Invoices'),
    type_tax_use: selection('Tax Type', [
      ['sale', 'Sales'],
      ['purchase', 'Purchases'],
      ['none', 'None'],
    ]),
    amount_type: selection(
      'Tax Computation',
      [
        ['fixed', 'Fixed'],
        ['percent', 'Percentage of Price'],
      ],
      { default: 'percent' },
    ),
    amount: float('Amount'),
    price_include: boolean('Included in Price', { default: false }),
    active: boolean('Active', { default: true }),
    sequence: integer('Sequence', { default: 1 }),
    company_id: many2one('Company', 'res.company'),
    country_id: many2one('Country', 'res.country'),
    account_id: many2one('Tax Account', 'account.account', { internal: true }),
    refund_account_id: many2one('Tax Account on Credit Notes', 'account.account', { internal: true }),
  },
};

const journal: Model = {
  name: 'account.journal',
  description: 'Journal',
  companyField: 'company_id',
  access: readOnly,
  order: 'sequence, type, code',
  fields: {
    name: char('Journal Name'),
    code: char('Short Code'),
    type: selection('Type', [
      ['sale', 'Sales'],
      ['purchase', 'Purchase'],
      ['cash', 'Cash'],
      ['bank', 'Bank'],
      ['credit', 'Credit Card'],
      ['general', 'Miscellaneous'],
    ]),
    active: boolean('Active', { default: true }),
    sequence: integer('Sequence', { default: 10 }),
    company_id: many2one('Company', 'res.company'),
    currency_id: many2one('Currency', 'res.currency'),
    default_account_id: many2one('Default Account', 'account.account'),
    suspense_account_id: many2one('Suspense Account', 'account.account'),
    refund_sequence: boolean('Dedicated Credit Note Sequence', { default: false }),
    payment_sequence: boolean('Dedicated Payment Sequence', { default: false }),
  },
};

const analyticPlan: Model = {
  name: 'account.analytic.plan',
  description: 'Analytic Plans',
  access: readOnly,
  fields: { name: char('Name') },
};

const analytic: Model = {
  name: 'account.analytic.account',
  description: 'Analytic Account',
  companyField: 'company_id',
  order: 'plan_id, name',
  fields: {
    name: char('Analytic Account'),
    code: char('Reference'),
    plan_id: many2one('Plan', 'account.analytic.plan'),
    company_id: many2one('Company', 'res.company'),
    active: boolean('Active', { default: true }),
  },
};

const paymentTerm: Model = {
  name: 'account.payment.term',
  description: 'Payment Terms',
  companyField: 'company_id',
  access: readOnly,
  fields: {
    name: char('Payment Terms'),
    days: integer('Days', { default: 0 }),
    note: text('Description'),
    company_id: many2one('Company', 'res.company'),
  },
};

const product: Model = {
  name: 'product.product',
  description: 'Product Variant',
  companyField: 'company_id',
  fields: {
    name: char('Name'),
    default_code: char('Internal Reference'),
    active: boolean('Active', { default: true }),
    company_id: many2one('Company', 'res.company'),
  },
};

/** The chart of accounts and what hangs on it. */
export function chartModels(version: Version): Model[] {
  return [account(version), tax, journal, analyticPlan, analytic, paymentTerm, product];
}
