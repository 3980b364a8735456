import { FinanceError, isFinanceError } from '../../errors';
import type { Currency, Day, Decimal } from '../../finance/documents';
import { plain } from '../../finance/money';
import { Cache } from './cache';
import type { OdooClient } from './client';
import { type Domain, decimalOf, idOf, type OdooRecord, searchRead, textOf } from './records';

export interface Company {
  id: number;
  name: string;
  currency: { id: number; code: Currency };
  /** The company and, from 17 on, those it is a branch of: they share accounts, taxes, journals and rates. */
  family: number[];
}

export interface CurrencyRecord {
  id: number;
  active: boolean;
}

/** What is meant, for the message of a look-up that fails. */
interface Sought {
  model: string;
  what: string;
  code: string;
  company?: number;
}

/** Look-ups that fail one after the other empty the cache once in this time, in milliseconds. */
const FORGET_MS = 5_000;

/**
 * Ids of Odoo by the codes of documents, cached per company. A failing look-up is asked again at the next call, so
 * that a record which a person just created is found; and since somebody may be at work there, what was believed of
 * other records is asked again as well.
 */
export class Lookups {
  readonly #client: OdooClient;
  readonly #cache: Cache;
  readonly #now: () => number;
  #forgotten = 0;

  /** @param ttlMs how long an id is believed; default five minutes */
  constructor(client: OdooClient, ttlMs = 300_000, now: () => number = Date.now) {
    this.#client = client;
    this.#cache = new Cache(ttlMs, now);
    this.#now = now;
  }

  /**
   * Forgets what begins so, by default everything: Odoo said that a record of ours is not there.
   * @param prefix of a key of {@link Lookups.briefly}
   */
  forget(prefix?: string): void {
    this.#cache.clear(prefix);
  }

  /** Does work with ids that were looked up; where Odoo knows one of them no more, all are forgotten. */
  async checked<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isFinanceError(error) && error.kind === 'rejected') this.forget();
      throw error;
    }
  }

  #mistrust(): void {
    if (this.#now() < this.#forgotten + FORGET_MS) return;
    this.#forgotten = this.#now();
    this.forget();
  }

  /** What others look up, believed as long as all look-ups; a failure is not. */
  believed<T>(key: string, fetch: () => Promise<T>): Promise<T> {
    return this.#cache.get(key, fetch);
  }

  /** What others look up, believed for a time of their own. */
  briefly<T>(key: string, ttlMs: number, fetch: () => Promise<T>): Promise<T> {
    return this.#cache.get(key, fetch, ttlMs);
  }

  /** Names of the fields of a model, as this version and its modules have them. */
  fields(model: string): Promise<ReadonlySet<string>> {
    return this.#cache.get(`fields ${model}`, async () => {
      const named = { allfields: [], attributes: ['type'] };
      const fields = await this.#client.call(model, 'fields_get', { named });
      return new Set(Object.keys((fields ?? {}) as object));
    });
  }

  /** @throws FinanceError ODOO_LOOKUP */
  company(id: number): Promise<Company> {
    return this.#cache.get(`company ${id}`, async () => {
      const branches = (await this.fields('res.company')).has('parent_id');
      const fields = ['name', 'currency_id', ...(branches ? ['parent_id'] : [])];
      const rows = await searchRead(this.#client, 'res.company', [['id', '=', id]], fields);
      const row = one(rows, { model: 'res.company', what: 'company', code: String(id) });
      const [currencyId, code] = row.currency_id as [number, string];
      const name = textOf(row.name) ?? '';
      return { id, name, currency: { id: currencyId, code }, family: await this.#family(id, row) };
    });
  }

  async #family(id: number, row: OdooRecord): Promise<number[]> {
    const parent = idOf(row.parent_id);
    if (!parent || (await this.#client.version()).major < 17) return [id];
    const rows = await searchRead(this.#client, 'res.company', [['id', '=', parent]], ['parent_id']);
    return [id, ...(rows[0] ? await this.#family(parent, rows[0]) : [])];
  }

  /** @throws FinanceError ODOO_LOOKUP, ODOO_AMBIGUOUS */
  async account(company: Company, code: string): Promise<number> {
    return (await this.#account(company, code)).id;
  }

  /** Whether an account is of income or expense. @throws FinanceError ODOO_LOOKUP, ODOO_AMBIGUOUS */
  async isProfitAndLoss(company: Company, code: string): Promise<boolean> {
    return /^(income|expense)/.test((await this.#account(company, code)).type);
  }

  #account(company: Company, code: string): Promise<{ id: number; type: string }> {
    const sought = { model: 'account.account', what: 'account', code, company: company.id };
    return this.#cache.get(`account ${company.id} ${code}`, async () => {
      const shared = (await this.fields('account.account')).has('company_ids');
      const domain: Domain = [
        ['code', '=', code],
        [shared ? 'company_ids' : 'company_id', 'in', company.family],
      ];
      const row = await this.#one(sought, domain, ['display_name', 'account_type']);
      return { id: Number(row.id), type: textOf(row.account_type) ?? '' };
    });
  }

  /** A tax on sales or purchases by its name. @throws FinanceError ODOO_LOOKUP, ODOO_AMBIGUOUS */
  tax(company: Company, use: 'sale' | 'purchase', name: string): Promise<number> {
    const sought = { model: 'account.tax', what: `${use} tax`, code: name, company: company.id };
    return this.#cache.get(`tax ${company.id} ${use} ${name}`, () =>
      this.#id(sought, [
        ['name', '=', name],
        ['type_tax_use', '=', use],
        ['company_id', 'in', company.family],
      ]),
    );
  }

  /** @throws FinanceError ODOO_LOOKUP, ODOO_AMBIGUOUS */
  async journal(company: Company, code: string): Promise<number> {
    return (await this.#journal(company, code)).id;
  }

  /** The currency of a journal: its own, else the company's. @throws FinanceError ODOO_LOOKUP, ODOO_AMBIGUOUS */
  async journalCurrency(company: Company, code: string): Promise<Currency> {
    return (await this.#journal(company, code)).currency;
  }

  #journal(company: Company, code: string): Promise<{ id: number; currency: Currency }> {
    const sought = { model: 'account.journal', what: 'journal', code, company: company.id };
    return this.#cache.get(`journal ${company.id} ${code}`, async () => {
      const domain: Domain = [
        ['code', '=', code],
        ['company_id', 'in', company.family],
      ];
      const row = await this.#one(sought, domain, ['display_name', 'currency_id']);
      const own = Array.isArray(row.currency_id) ? String(row.currency_id[1]) : undefined;
      return { id: Number(row.id), currency: own ?? company.currency.code };
    });
  }

  /** A payment term by its name. @throws FinanceError ODOO_LOOKUP, ODOO_AMBIGUOUS */
  paymentTerm(company: Company, name: string): Promise<number> {
    const sought = { model: 'account.payment.term', what: 'payment term', code: name, company: company.id };
    return this.#named(company, 'name', sought);
  }

  /** A product by its internal reference. @throws FinanceError ODOO_LOOKUP, ODOO_AMBIGUOUS */
  product(company: Company, code: string): Promise<number> {
    const sought = { model: 'product.product', what: 'product', code, company: company.id };
    return this.#named(company, 'default_code', sought);
  }

  /** Records that may be of no company, so of all. */
  #named(company: Company, field: string, sought: Sought): Promise<number> {
    const { model, code } = sought;
    return this.#cache.get(`${model} ${company.id} ${code}`, () =>
      this.#id(sought, [
        [field, '=', code],
        ['company_id', 'in', [false, ...company.family]],
      ]),
    );
  }

  /** An analytic account and its plan. @throws FinanceError ODOO_LOOKUP, ODOO_AMBIGUOUS */
  analytic(company: Company, code: string): Promise<{ id: number; plan?: string }> {
    const sought = { model: 'account.analytic.account', what: 'analytic account', code, company: company.id };
    return this.#cache.get(`analytic ${company.id} ${code}`, async () => {
      const fields = await this.fields(sought.model);
      const plan = ['root_plan_id', 'plan_id'].find((name) => fields.has(name));
      const domain: Domain = [
        ['code', '=', code],
        ['company_id', 'in', [false, ...company.family]],
      ];
      const row = await this.#one(sought, domain, ['display_name', ...(plan ? [plan] : [])]);
      const link = plan ? row[plan] : undefined;
      return { id: Number(row.id), plan: Array.isArray(link) ? String(link[1]) : undefined };
    });
  }

  /** A currency, active or not. @throws FinanceError ODOO_LOOKUP */
  currency(code: Currency): Promise<CurrencyRecord> {
    const sought = { model: 'res.currency', what: 'currency', code };
    return this.#cache.get(`currency ${code}`, async () => {
      const domain: Domain = [['name', '=', code]];
      const options = { archived: true, limit: 5 };
      const row = one(
        await searchRead(this.#client, 'res.currency', domain, ['name', 'active'], options),
        sought,
      );
      return { id: Number(row.id), active: row.active === true };
    });
  }

  /**
   * Holds a currency to what a posting needs: Odoo converts 1:1 in silence where no rate is there.
   * @throws FinanceError ODOO_CURRENCY when it is inactive, or has no rate on or before the day
   */
  async usableCurrency(company: Company, code: Currency, day: Day): Promise<number> {
    const { id, active } = await this.currency(code);
    if (id === company.currency.id) return id;
    if (!active) {
      this.#cache.delete(`currency ${code}`);
      throw new FinanceError('ODOO_CURRENCY', { message: `The currency ${code} is not active in Odoo.` });
    }
    await this.rate(company, code, day);
    return id;
  }

  /**
   * Odoo's rate on a day: units of the currency for one of the company's.
   * @throws FinanceError ODOO_CURRENCY where it has none on or before the day
   */
  async rate(company: Company, code: Currency, day: Day): Promise<Decimal> {
    const { id } = await this.currency(code);
    if (id === company.currency.id) return '1';
    return this.#cache.get(`rate ${company.id} ${code} ${day}`, () => this.#rate(company, code, id, day));
  }

  async #rate(company: Company, code: Currency, currency: number, day: Day): Promise<Decimal> {
    const options = { limit: 1, order: 'name desc, id desc', company: company.id };
    // Odoo takes a rate of the company before one of all companies, even where that one is newer
    for (const companies of [company.family, [false]]) {
      const domain: Domain = [
        ['currency_id', '=', currency],
        ['name', '<=', day],
        ['company_id', 'in', companies],
      ];
      const rates = await searchRead(this.#client, 'res.currency.rate', domain, ['rate'], options);
      if (rates[0]) return plain(decimalOf(rates[0].rate, 10));
    }
    throw new FinanceError('ODOO_CURRENCY', {
      message: `The currency ${code} has no rate in Odoo on or before ${day}; Odoo would book it 1:1.`,
    });
  }

  /** A country by its ISO 3166-1 code. @throws FinanceError ODOO_LOOKUP */
  country(code: string): Promise<number> {
    return this.#cache.get(`country ${code}`, () =>
      this.#id({ model: 'res.country', what: 'country', code }, [['code', '=', code]]),
    );
  }

  /** A state by ISO 3166-2 code, its last part or its name; `undefined` where Odoo does not know it. */
  state(country: number, subdivision: string): Promise<number | undefined> {
    return this.#cache.get(`state ${country} ${subdivision}`, async () => {
      const code = subdivision.replace(/^[A-Z]{2}-/, '');
      for (const [field, value] of [
        ['code', code],
        ['name', subdivision],
      ] as const) {
        const domain: Domain = [
          ['country_id', '=', country],
          [field, '=', value],
        ];
        const rows = await searchRead(this.#client, 'res.country.state', domain, ['name'], { limit: 2 });
        if (rows.length === 1) return Number(rows[0]?.id);
      }
      return undefined;
    });
  }

  async #id(sought: Sought, domain: Domain): Promise<number> {
    return Number((await this.#one(sought, domain, ['display_name'])).id);
  }

  async #one(sought: Sought, domain: Domain, fields: readonly string[]): Promise<OdooRecord> {
    const options = { limit: 5, company: sought.company };
    const rows = await searchRead(this.#client, sought.model, domain, fields, options);
    if (rows.length === 0) this.#mistrust();
    return one(rows, sought);
  }
}

function one(rows: readonly OdooRecord[], { model, what, code, company }: Sought): OdooRecord {
  const where = company === undefined ? '' : ` in company ${company}`;
  const [row] = rows;
  if (!row)
    throw new FinanceError('ODOO_LOOKUP', {
      message: `Odoo has no ${what} "${code}"${where}.`,
      details: { model, code, company },
    });
  if (rows.length === 1) return row;
  const candidates = rows.map(({ id, display_name }) => ({ id, name: textOf(display_name) }));
  throw new FinanceError('ODOO_AMBIGUOUS', {
    message: `Odoo has several ${what} records "${code}"${where}.`,
    details: { model, code, company, candidates },
  });
}

const LOOKUPS = new WeakMap<OdooClient, Lookups>();

/** The look-ups of a connection, one cache for all that use it. */
export function lookupsOf(client: OdooClient): Lookups {
  let lookups = LOOKUPS.get(client);
  if (!lookups) {
    lookups = new Lookups(client);
    LOOKUPS.set(client, lookups);
  }
  return lookups;
}
