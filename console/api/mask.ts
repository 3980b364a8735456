import type { Json } from '../../engine';

const HIDDEN = '•••';

/** Members that tell of a person or their money, whatever system names them. */
const PERSONAL =
  /(^|_|\b)(name|display_?name|company_?name|customer|buyer|payer|email|e_?mail|phone|mobile|iban|bic|acc_?number|account_?holder|street2?|line[12]|city|zip|postal_?code|birth_?date|tax_?id|vat|vat_?id)$/i;
/** What is named so and tells of no person. */
const PLAIN = /^(event_?name|node_?name|step_?name|currency_?name|table_?name|file_?name|product_?name)$/i;

const IBAN = /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b/g;
// Every part is bounded, so that no text of a stranger makes the search slow.
const EMAIL = /[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{1,63}/g;

/** A text without IBANs and e-mail addresses. */
export function maskText(text: string): string {
  const plain = text.includes('@') ? text.replaceAll(EMAIL, HIDDEN) : text;
  return plain.replaceAll(IBAN, HIDDEN);
}

/** A JSON value for those who may not see whom it is about: names, addresses, IBANs and e-mails are hidden. */
export function mask(value: Json): Json {
  if (typeof value === 'string') return maskText(value);
  if (Array.isArray(value))
    return isCondition(value) ? [value[0]!, value[1]!, hide(value[2]!)] : value.map(mask);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, isPersonal(key) ? hide(member) : mask(member)]),
  );
}

const camel = (key: string) => key.replaceAll(/([a-z])([A-Z])/g, '$1_$2');
const isPersonal = (key: string) => PERSONAL.test(camel(key)) && !PLAIN.test(camel(key));

/** A condition of a search: field, operator, value. */
function isCondition(value: Json[]): boolean {
  return value.length === 3 && typeof value[0] === 'string' && isPersonal(value[0]);
}

/** All texts and numbers in it. */
function hide(value: Json): Json {
  if (Array.isArray(value)) return value.map(hide);
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, hide(member)]));
  return typeof value === 'string' || typeof value === 'number' ? HIDDEN : value;
}

/** The text of a body: JSON is masked member by member, anything else is left out. */
export function maskBody(text: string | null): string | null {
  if (text === null) return null;
  try {
    return JSON.stringify(mask(JSON.parse(text) as Json));
  } catch {
    return HIDDEN;
  }
}
