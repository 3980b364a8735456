import { FinanceError } from '../../errors';
import type { Database } from './core/database';
import { Environment } from './core/environment';
import type { Registry } from './core/model';
import { insert } from './core/records';
import type { Value, Values } from './core/value';
import { insertApiKey } from './models/api-keys';
import type { OdooModule } from './models/modules';

/** Ids given here are the database's; records without one are numbered in order. */
export interface OdooSeed {
  companies: SeedCompany[];
  currencies: SeedCurrency[];
  countries?: SeedCountry[];
  rates?: SeedRate[];
  accounts: SeedAccount[];
  taxes: SeedTax[];
  journals: SeedJournal[];
  partners?: SeedPartner[];
  users: SeedUser[];
  paymentTerms?: Array<{ id: number; name: string; days: number; company?: number }>;
  analyticAccounts?: Array<{ id: number; name: string; code?: string; company?: number }>;
  /** External ids of seeded records, e.g. `base.main_company`. */
  externalIds?: Array<{ id?: number; externalId: string; model: string; recordId: number }>;
  /** Modules installed beside accounting; none by default. */
  modules?: OdooModule[];
  /** Server actions an administrator installed. */
  serverActions?: Array<{ id: number; name: string; does: 'load_and_post' }>;
}

export interface SeedCompany {
  id: number;
  name: string;
  /** ISO 4217. */
  currency: string;
  /** ISO 3166-1 alpha-2. */
  country: string;
  vat?: string;
  rounding?: 'round_per_line' | 'round_globally';
  /** ISO dates by Odoo's field names, e.g. `fiscalyear_lock_date`, `tax_lock_date`. */
  locks?: Record<string, string>;
  /** Settings of installed modules by Odoo's field names, e.g. `account_peppol_proxy_state`. */
  settings?: Record<string, string | boolean>;
  /** Account codes. */
  suspense?: string;
  outstandingReceipts?: string;
  outstandingPayments?: string;
  exchangeGain?: string;
  exchangeLoss?: string;
  /** Journal code. */
  exchangeJournal?: string;
}

export interface SeedCurrency {
  id: number;
  /** ISO 4217. */
  name: string;
  symbol: string;
  position?: 'before' | 'after';
  /** Decimal places, 2 by default. */
  digits?: number;
  active?: boolean;
}

export interface SeedCountry {
  id: number;
  code: string;
  name: string;
}

/** Units of the currency for one unit of the company's. */
export interface SeedRate {
  currency: string;
  company: number;
  date: string;
  /** Decimal string. */
  rate: string;
}

export interface SeedAccount {
  id?: number;
  code: string;
  name: string;
  /** Odoo's `account_type`, e.g. `asset_receivable`. */
  type: string;
  company: number;
  /** By default true for receivables and payables. */
  reconcile?: boolean;
}

export interface SeedTax {
  id?: number;
  name: string;
  /** Percent as a decimal string. */
  amount: string;
  use: 'sale' | 'purchase';
  company: number;
  /** Account code of the tax line; the base line's account where it is left out. */
  account?: string;
  priceInclude?: boolean;
}

export interface SeedJournal {
  id?: number;
  code: string;
  name: string;
  type: 'sale' | 'purchase' | 'general' | 'bank' | 'cash';
  company: number;
  /** Account code: income of a sales journal, the bank's account of a bank journal. */
  account?: string;
  refundSequence?: boolean;
  /** Account code: outstanding account of its payments; the company's where it is left out. */
  outstanding?: string;
}

export interface SeedPartner {
  id?: number;
  name: string;
  company?: number;
  isCompany?: boolean;
  vat?: string;
  country?: string;
  email?: string;
  ref?: string;
}

export interface SeedApiKey {
  key: string;
  name: string;
  /** `YYYY-MM-DD HH:MM:SS`, UTC; never where it is left out. Odoo 16 and 17 know no expiry. */
  expires?: string;
}

export interface SeedUser {
  id: number;
  name: string;
  login: string;
  password?: string;
  apiKeys?: Array<string | SeedApiKey>;
  /** e.g. `account.group_account_invoice`, `base.group_partner_manager`, `base.group_system` (administrator). */
  groups: string[];
  /** Allowed companies, the main one first. */
  companies: number[];
  tz?: string;
}

/** What a group brings with it. */
const IMPLIED: Record<string, string[]> = {
  'account.group_account_manager': ['account.group_account_user'],
  'account.group_account_user': ['account.group_account_invoice'],
  'account.group_account_invoice': ['account.group_account_readonly'],
  'base.group_system': [
    'base.group_erp_manager',
    'account.group_account_manager',
    'base.group_partner_manager',
  ],
};

function withImplied(groups: string[]): string[] {
  const all = new Set(['base.group_user', ...groups]);
  for (const group of all) for (const implied of IMPLIED[group] ?? []) all.add(implied);
  return [...all];
}

/** Puts a seed into an empty database, in one transaction. */
export function plant(db: Database, registry: Registry, seed: OdooSeed, clock: () => Date): void {
  db.transaction(() => {
    const [root] = seed.users;
    if (!root)
      throw new FinanceError('CONFIG_INVALID', { message: 'A seed of the sandbox Odoo needs a user.' });
    for (const user of seed.users) db.insert('res.users', userRecord(user));
    const env = new Environment(db, registry, root.id, {}, clock, true);
    for (const user of seed.users) plantKeys(env, user);
    plantModels(env);
    for (const currency of seed.currencies) insert(env, 'res.currency', currencyValues(currency));
    for (const country of seed.countries ?? []) insert(env, 'res.country', { ...country });
    for (const company of seed.companies) insert(env, 'res.company', companyValues(env, company));
    for (const rate of seed.rates ?? []) insert(env, 'res.currency.rate', rateValues(env, rate));
    for (const account of seed.accounts) insert(env, 'account.account', accountValues(account));
    for (const tax of seed.taxes) insert(env, 'account.tax', taxValues(env, tax));
    for (const journal of seed.journals) {
      const id = insert(env, 'account.journal', journalValues(env, seed, journal));
      const outstanding = accountOf(env, journal.company, journal.outstanding);
      if (outstanding) db.update('account.journal', id, { $outstanding: outstanding });
    }
    for (const partner of seed.partners ?? []) insert(env, 'res.partner', partnerValues(env, partner));
    for (const term of seed.paymentTerms ?? [])
      insert(env, 'account.payment.term', { ...term, company_id: term.company ?? false });
    for (const account of seed.analyticAccounts ?? [])
      insert(env, 'account.analytic.account', { ...account, company_id: account.company ?? false });
    for (const { id, externalId, model, recordId } of seed.externalIds ?? []) {
      const [module = '', name = ''] = externalId.split('.');
      db.insert('ir.model.data', {
        ...(id ? { id } : {}),
        module,
        name,
        model,
        res_id: recordId,
        noupdate: true,
      });
    }
    for (const action of seed.serverActions ?? []) db.insert('ir.actions.server', { ...action });
    for (const company of seed.companies) db.update('res.company', company.id, companyAccounts(env, company));
  });
}

function plantKeys(env: Environment, { id, apiKeys = [] }: Pick<SeedUser, 'id' | 'apiKeys'>): void {
  for (const given of apiKeys) {
    const { key, name, expires } = typeof given === 'string' ? { key: given, name: 'Integration' } : given;
    insertApiKey(env, { user_id: id, key, name, expiration_date: expires ?? false });
  }
}

function plantModels(env: Environment): void {
  for (const { name, description } of env.registry.all())
    insert(env, 'ir.model', { model: name, name: description });
}

/** A data file of an earlier sandbox: keys stood with their users, and models were no records. */
export function renew(env: Environment): void {
  env.db.transaction(() => {
    if (env.db.all('ir.model').length === 0) plantModels(env);
    for (const { id, api_keys: keys } of env.db.all('res.users')) {
      if (!Array.isArray(keys)) continue;
      plantKeys(env, { id, apiKeys: keys.filter((key) => typeof key === 'string') });
      env.db.update('res.users', id, { api_keys: false });
    }
  });
}

function userRecord(user: SeedUser): Values {
  return {
    id: user.id,
    name: user.name,
    login: user.login,
    active: true,
    password: user.password ?? false,
    groups: withImplied(user.groups),
    company_id: user.companies[0] ?? 1,
    company_ids: user.companies,
    lang: 'en_US',
    tz: user.tz ?? false,
  };
}

function currencyValues({
  id,
  name,
  symbol,
  position = 'after',
  digits = 2,
  active = true,
}: SeedCurrency): Values {
  return { id, name, symbol, position, decimal_places: digits, rounding: `${10 ** -digits}`, active };
}

function byField(
  env: Environment,
  model: string,
  field: string,
  value: string,
  company?: number,
): number | false {
  const found = env.db
    .all(model)
    .find((record) => record[field] === value && (company === undefined || record.company_id === company));
  return found?.id ?? false;
}

const accountOf = (env: Environment, company: number, code: string | undefined): Value =>
  code ? byField(env, 'account.account', 'code', code, company) : false;

function companyValues(env: Environment, company: SeedCompany): Values {
  const settings: Values = { ...company.locks, ...company.settings };
  for (const name of Object.keys(settings)) if (!env.model('res.company').fields[name]) delete settings[name];
  return {
    id: company.id,
    name: company.name,
    vat: company.vat ?? false,
    currency_id: byField(env, 'res.currency', 'name', company.currency),
    country_id: byField(env, 'res.country', 'code', company.country),
    tax_calculation_rounding_method: company.rounding ?? 'round_per_line',
    ...settings,
  };
}

function companyAccounts(env: Environment, company: SeedCompany): Values {
  const { id } = company;
  return {
    account_journal_suspense_account_id: accountOf(env, id, company.suspense),
    account_journal_payment_debit_account_id: accountOf(env, id, company.outstandingReceipts),
    account_journal_payment_credit_account_id: accountOf(env, id, company.outstandingPayments),
    income_currency_exchange_account_id: accountOf(env, id, company.exchangeGain),
    expense_currency_exchange_account_id: accountOf(env, id, company.exchangeLoss),
    currency_exchange_journal_id: company.exchangeJournal
      ? byField(env, 'account.journal', 'code', company.exchangeJournal, id)
      : false,
  };
}

function rateValues(env: Environment, { currency, company, date, rate }: SeedRate): Values {
  return {
    currency_id: byField(env, 'res.currency', 'name', currency),
    company_id: company,
    name: date,
    rate,
  };
}

function accountValues({ id, code, name, type, company, reconcile }: SeedAccount): Values {
  const open = reconcile ?? ['asset_receivable', 'liability_payable'].includes(type);
  return { ...(id ? { id } : {}), code, name, account_type: type, company_id: company, reconcile: open };
}

function taxValues(env: Environment, tax: SeedTax): Values {
  return {
    ...(tax.id ? { id: tax.id } : {}),
    name: tax.name,
    amount: tax.amount,
    type_tax_use: tax.use,
    company_id: tax.company,
    account_id: accountOf(env, tax.company, tax.account),
    price_include: tax.priceInclude ?? false,
  };
}

function journalValues(env: Environment, seed: OdooSeed, journal: SeedJournal): Values {
  const company = seed.companies.find(({ id }) => id === journal.company);
  return {
    ...(journal.id ? { id: journal.id } : {}),
    code: journal.code,
    name: journal.name,
    type: journal.type,
    company_id: journal.company,
    default_account_id: accountOf(env, journal.company, journal.account),
    suspense_account_id:
      journal.type === 'bank' || journal.type === 'cash'
        ? accountOf(env, journal.company, company?.suspense)
        : false,
    refund_sequence: journal.refundSequence ?? (journal.type === 'sale' || journal.type === 'purchase'),
    payment_sequence: journal.type === 'bank' || journal.type === 'cash',
  };
}

function partnerValues(env: Environment, partner: SeedPartner): Values {
  return {
    ...(partner.id ? { id: partner.id } : {}),
    name: partner.name,
    company_id: partner.company ?? false,
    is_company: partner.isCompany ?? true,
    vat: partner.vat ?? false,
    email: partner.email ?? false,
    ref: partner.ref ?? false,
    country_id: partner.country ? byField(env, 'res.country', 'code', partner.country) : false,
  };
}
