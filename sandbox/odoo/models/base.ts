import type { Environment } from '../core/environment';
import { checkObjectReference } from '../core/external-ids';
import {
  boolean,
  char,
  date,
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
import { idOf, type OdooRecord, textOf, type Value } from '../core/value';
import { writeCompany } from './company';
import { companyFields, type OdooModule } from './modules';
import { partnerBank } from './partner-bank';

const partnerName = (env: Environment, record: OdooRecord): string => {
  const parent = idOf(record, 'parent_id');
  const name = textOf(record, 'name');
  return parent ? `${env.displayName('res.partner', parent)}, ${name}` : name;
};

function partner(version: Version): Model {
  const [changers, deleters] = [
    ['base.group_partner_manager', 'sales_team.group_sale_manager'],
    ['base.group_partner_manager'],
  ];
  return {
    name: 'res.partner',
    description: 'Contact',
    companyField: 'company_id',
    access: { create: changers, write: changers, unlink: deleters },
    order: version === 16 ? 'display_name' : 'complete_name, id desc',
    displayName: partnerName,
    fields: {
      name: char('Name'),
      complete_name: char('Complete Name', { get: (env, record) => partnerName(env, record) }),
      active: boolean('Active', { default: true }),
      company_type: selection('Company Type', [
        ['person', 'Individual'],
        ['company', 'Company'],
      ]),
      is_company: boolean('Is a Company', { default: false }),
      parent_id: many2one('Related Company', 'res.partner'),
      type: selection(
        'Address Type',
        [
          ['contact', 'Contact'],
          ['invoice', 'Invoice Address'],
          ['delivery', 'Delivery Address'],
          ['other', 'Other Address'],
        ],
        { default: 'contact' },
      ),
      company_id: many2one('Company', 'res.company'),
      email: char('Email'),
      phone: char('Phone'),
      website: char('Website'),
      vat: char('Tax ID'),
      ref: char('Reference'),
      lang: char('Language', { default: 'en_US' }),
      street: char('Street'),
      street2: char('Street2'),
      zip: char('Zip'),
      city: char('City'),
      state_id: many2one('State', 'res.country.state'),
      country_id: many2one('Country', 'res.country'),
      country_code: char('Country Code', {
        get: (env, record) =>
          textOf(env.find('res.country', idOf(record, 'country_id')) ?? {}, 'code') || false,
      }),
      customer_rank: integer('Customer Rank', { default: 0 }),
      supplier_rank: integer('Supplier Rank', { default: 0 }),
      comment: text('Notes'),
      category_id: many2many('Tags', 'res.partner.category'),
      property_account_receivable_id: many2one('Account Receivable', 'account.account'),
      property_account_payable_id: many2one('Account Payable', 'account.account'),
      commercial_partner_id: many2one('Commercial Entity', 'res.partner', {
        get: (env, record) => commercialPartner(env, record.id),
      }),
    },
  };
}

/** The company at the top of a contact, itself where it has none. */
export function commercialPartner(env: Environment, id: number): number {
  const record = env.find('res.partner', id);
  const parent = record && record.is_company !== true ? idOf(record, 'parent_id') : 0;
  return parent ? commercialPartner(env, parent) : id;
}

const users = (version: Version): Model => ({
  name: 'res.users',
  description: 'User',
  access: {
    create: ['base.group_erp_manager'],
    write: ['base.group_erp_manager'],
    unlink: ['base.group_erp_manager'],
  },
  fields: {
    name: char('Name'),
    login: char('Login'),
    active: boolean('Active', { default: true }),
    partner_id: many2one('Related Partner', 'res.partner'),
    company_id: many2one('Company', 'res.company'),
    company_ids: many2many('Companies', 'res.company'),
    lang: char('Language', { default: 'en_US' }),
    tz: char('Timezone'),
  },
  methods: {
    context_get: {
      on: 'model',
      params: [],
      run: (env): Value => ({
        lang: textOf(env.user, 'lang') || 'en_US',
        tz: env.user.tz ?? false,
        uid: env.uid,
      }),
    },
    has_group: {
      // asked of a user from 18 on, of whoever calls before
      on: version === 19 ? 'record' : 'model',
      params: ['group_ext_id'],
      run: (env, [id = env.uid], args) => holdsGroup(env, id, textOf(args, 'group_ext_id')),
    },
  },
});

function holdsGroup(env: Environment, user: number, group: string): boolean {
  const { groups } = env.record('res.users', user);
  return Array.isArray(groups) && groups.includes(group);
}

function company(version: Version, modules: readonly OdooModule[]): Model {
  const locks = {
    fiscalyear_lock_date: date(version === 19 ? 'Global Lock Date' : 'All Users Lock Date'),
    tax_lock_date: date('Tax Return Lock Date'),
  };
  const more: Record<string, Field> =
    version === 19
      ? {
          sale_lock_date: date('Sales Lock date'),
          purchase_lock_date: date('Purchase Lock date'),
          hard_lock_date: date('Hard Lock Date'),
        }
      : { period_lock_date: date('Journals Entries Lock Date') };
  return {
    name: 'res.company',
    description: 'Companies',
    companyField: 'id',
    access: {
      create: ['base.group_erp_manager'],
      write: ['base.group_erp_manager'],
      unlink: ['base.group_erp_manager'],
    },
    fields: {
      name: char('Company Name'),
      active: boolean('Active', { default: true }),
      partner_id: many2one('Partner', 'res.partner'),
      currency_id: many2one('Currency', 'res.currency'),
      country_id: many2one('Country', 'res.country'),
      country_code: char('Country Code', {
        get: (env, record) =>
          textOf(env.find('res.country', idOf(record, 'country_id')) ?? {}, 'code') || false,
      }),
      vat: char('Tax ID'),
      tax_calculation_rounding_method: selection(
        'Tax Calculation Rounding Method',
        [
          ['round_per_line', 'Round per Line'],
          ['round_globally', 'Round Globally'],
        ],
        { default: 'round_per_line' },
      ),
      currency_exchange_journal_id: many2one('Exchange Gain or Loss Journal', 'account.journal'),
      income_currency_exchange_account_id: many2one('Gain Exchange Rate Account', 'account.account'),
      expense_currency_exchange_account_id: many2one('Loss Exchange Rate Account', 'account.account'),
      account_journal_suspense_account_id: many2one('Journal Suspense Account', 'account.account'),
      account_journal_payment_debit_account_id: many2one('Outstanding Receipts Account', 'account.account'),
      account_journal_payment_credit_account_id: many2one('Outstanding Payments Account', 'account.account'),
      ...locks,
      ...more,
      ...companyFields(version, modules),
    },
    write: writeCompany,
  };
}

const currency: Model = {
  name: 'res.currency',
  description: 'Currency',
  order: 'active desc, name',
  access: { create: ['base.group_system'], write: ['base.group_system'], unlink: ['base.group_system'] },
  fields: {
    name: char('Currency'),
    full_name: char('Name'),
    symbol: char('Symbol'),
    active: boolean('Active', { default: true }),
    rounding: float('Rounding Factor', { default: '0.01' }),
    decimal_places: integer('Decimal Places', { default: 2 }),
    position: selection(
      'Symbol Position',
      [
        ['after', 'After Amount'],
        ['before', 'Before Amount'],
      ],
      { default: 'after' },
    ),
  },
};

const rate: Model = {
  name: 'res.currency.rate',
  description: 'Currency Rate',
  companyField: 'company_id',
  order: 'name desc, id',
  access: { create: ['base.group_system'], write: ['base.group_system'], unlink: ['base.group_system'] },
  fields: {
    name: date('Date'),
    rate: float('Technical Rate'),
    currency_id: many2one('Currency', 'res.currency'),
    company_id: many2one('Company', 'res.company'),
  },
};

const country: Model = {
  name: 'res.country',
  description: 'Country',
  order: 'name',
  access: {
    create: ['base.group_partner_manager'],
    write: ['base.group_partner_manager'],
    unlink: ['base.group_partner_manager'],
  },
  fields: {
    name: char('Country Name'),
    code: char('Country Code'),
    currency_id: many2one('Currency', 'res.currency'),
  },
};

const countryState: Model = {
  name: 'res.country.state',
  description: 'Country state',
  order: 'code',
  fields: {
    name: char('State Name'),
    code: char('State Code'),
    country_id: many2one('Country', 'res.country'),
  },
};

const partnerCategory: Model = {
  name: 'res.partner.category',
  description: 'Partner Tags',
  order: 'name',
  fields: { name: char('Tag Name') },
};

function modelData(): Model {
  const groups = ['base.group_erp_manager'];
  return {
    name: 'ir.model.data',
    description: 'Model Data',
    access: { read: groups, create: groups, write: groups, unlink: groups },
    fields: {
      module: char('Module'),
      name: char('External Identifier'),
      model: char('Model Name'),
      res_id: integer('Record ID'),
      noupdate: boolean('Non Updatable'),
    },
    methods: {
      check_object_reference: {
        on: 'model',
        params: ['module', 'xml_id', 'raise_on_access_error?'],
        run: (env, _ids, args) => checkObjectReference(env, textOf(args, 'module'), textOf(args, 'xml_id')),
      },
    },
  };
}

const parameters: Model = {
  name: 'ir.config_parameter',
  description: 'System Parameter',
  access: {
    read: ['base.group_system'],
    create: ['base.group_system'],
    write: ['base.group_system'],
    unlink: ['base.group_system'],
  },
  fields: { key: char('Key'), value: text('Value') },
};

/** Users, partners, companies, currencies and what lies below them. */
export function baseModels(version: Version, modules: readonly OdooModule[]): Model[] {
  return [
    partner(version),
    partnerBank,
    users(version),
    company(version, modules),
    currency,
    rate,
    country,
    countryState,
    partnerCategory,
    modelData(),
    parameters,
  ];
}
