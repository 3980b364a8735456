import type { Environment } from '../core/environment';
import { Decimal, decimalOf, idOf, type OdooRecord, round, textOf } from '../core/value';

const ONE = new Decimal('1');

export function digitsOf(env: Environment, currency: number): number {
  const places = env.find('res.currency', currency)?.decimal_places;
  return typeof places === 'number' ? places : 2;
}

/** Units of the currency for one of the company's on a date; 1 where no rate is known, without a word. */
export function rateOf(env: Environment, currency: number, company: OdooRecord, date: string): Decimal {
  if (currency === idOf(company, 'currency_id')) return ONE;
  const rates = env.db
    .lookup('res.currency.rate', 'currency_id', String(currency))
    .map((id) => env.record('res.currency.rate', id))
    .filter((rate) => idOf(rate, 'company_id') === company.id || !idOf(rate, 'company_id'))
    .sort((a, b) => textOf(a, 'name').localeCompare(textOf(b, 'name')));
  // those of the company go before those of all, even where these are newer
  const before = rates.filter((rate) => textOf(rate, 'name') <= date);
  const known = before.findLast((rate) => idOf(rate, 'company_id')) ?? before.at(-1) ?? rates[0];
  return known ? decimalOf(known, 'rate') : ONE;
}

/** An amount of a currency in the company's, rounded. */
export function toCompany(
  env: Environment,
  amount: Decimal,
  currency: number,
  company: OdooRecord,
  date: string,
): Decimal {
  const rate = rateOf(env, currency, company, date);
  return round(amount.div(rate.eq('0') ? ONE : rate), digitsOf(env, idOf(company, 'currency_id')));
}

/** An amount of the company's currency in another, rounded. */
export function fromCompany(
  env: Environment,
  amount: Decimal,
  currency: number,
  company: OdooRecord,
  date: string,
): Decimal {
  return round(amount.times(rateOf(env, currency, company, date)), digitsOf(env, currency));
}

/** An amount as Odoo writes it into messages, with a no-break space. */
export function formatAmount(env: Environment, amount: Decimal, currency: number): string {
  const record = env.record('res.currency', currency);
  const [whole = '0', cents] = amount.toFixed(digitsOf(env, currency)).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  const number = cents === undefined ? grouped : `${grouped}.${cents}`;
  const symbol = textOf(record, 'symbol');
  return record.position === 'before' ? `${symbol}\u00a0${number}` : `${number}\u00a0${symbol}`;
}
