import type { Environment } from '../core/environment';
import { addExternalId } from '../core/external-ids';
import { missingError, validationError, valueError } from '../core/fault';
import { patch, remove } from '../core/records';
import {
  decimalOf,
  idOf,
  idsOf,
  isStruct,
  type OdooRecord,
  textOf,
  toDecimal,
  type Value,
  type Values,
} from '../core/value';
import { checkValue } from '../core/values';
import { fromCompany, toCompany } from './currency';
import { balanceFields, insertLine } from './invoice-amounts';
import { companyOf, isInvoice, journalOf, linesOf } from './move-kind';

/**
 * Applies one-to-many commands to a move's lines: (0, _, values) creates, (1, id, values) changes, (2, id) deletes,
 * (5) deletes all, (6, _, ids) keeps these.
 *
 * @returns whether product lines changed, so that taxes are to be computed again.
 */
export function applyLines(env: Environment, move: OdooRecord, commands: Value[]): boolean {
  let products = false;
  for (const command of commands) {
    if (!Array.isArray(command)) throw valueError('Wrong value for account.move.invoice_line_ids');
    const [kind, id, values] = command;
    if (kind === 0 && isStruct(values)) {
      const line = createLine(env, move, values);
      products ||= env.record('account.move.line', line).display_type === 'product';
    }
    if (kind === 1 && typeof id === 'number' && isStruct(values))
      products = changeLine(env, move, id, values) || products;
    if (kind === 2 && typeof id === 'number') products = removeLine(env, id) || products;
    if (kind === 5) for (const line of linesOf(env, move.id)) products = removeLine(env, line.id) || products;
    if (kind === 6 && Array.isArray(values))
      for (const line of linesOf(env, move.id))
        if (!values.includes(line.id)) products = removeLine(env, line.id) || products;
  }
  return products;
}

function removeLine(env: Environment, id: number): boolean {
  const line = env.find('account.move.line', id);
  if (!line) return false;
  remove(env, 'account.move.line', id);
  return line.display_type === 'product';
}

/** A new line with what Odoo fills in itself; journal entries take their amounts, invoices their price. */
export function createLine(env: Environment, move: OdooRecord, given: Values): number {
  const { $externalId: externalId, ...values } = given;
  checkLineFields(env, values);
  checkLinks(env, values);
  const display = textOf(values, 'display_type') || 'product';
  const account =
    values.account_id || (display === 'product' && journalOf(env, move).default_account_id) || false;
  if (!account && display === 'product')
    throw validationError('The operation cannot be completed: Missing required account on accountable line.');
  const amounts = isInvoice(move) ? {} : entryAmounts(env, move, values);
  const id = insertLine(env, move, { ...values, display_type: display, account_id: account, ...amounts });
  if (typeof externalId === 'string') addExternalId(env.sudo(), externalId, 'account.move.line', id, false);
  return id;
}

function checkLineFields(env: Environment, values: Values): void {
  const unknown = Object.keys(values).find((name) => !env.model('account.move.line').fields[name]);
  if (unknown)
    throw valueError(
      `Invalid field '${unknown}' ${env.version === 19 ? 'in' : 'on model'} 'account.move.line'`,
      env.version === 19 ? {} : { before: `KeyError: '${unknown}'` },
    );
}

/** Foreign keys: an account that is not there fails in the database, a partner or tax when it is read. */
function checkLinks(env: Environment, values: Values): void {
  const account = idOf(values, 'account_id');
  if (account && !env.find('account.account', account)) throw missingAccount(env, account);
  for (const [field, model] of [
    ['partner_id', 'res.partner'],
    ['currency_id', 'res.currency'],
    ['product_id', 'product.product'],
  ] as const) {
    const id = idOf(values, field);
    if (id && !env.find(model, id)) throw missingError(model, id, env.uid);
  }
  const taxes = Array.isArray(values.tax_ids)
    ? idsOf({ ids: checkValue(env, 'account.move.line', 'tax_ids', values.tax_ids) }, 'ids')
    : [];
  for (const id of taxes) if (!env.find('account.tax', id)) throw missingError('account.tax', id, env.uid);
}

function missingAccount(env: Environment, account: number) {
  const message =
    env.version === 19
      ? "The operation cannot be completed: Another model is using the record you are trying to delete.\n\nThe troublemaker is: 'Journal Item' (account.move.line)\nThanks to the following constraint: 'Account' (account_id)\nHow about archiving the record instead?"
      : 'The operation cannot be completed: another model requires the record being deleted. If possible, archive it instead.\n\nModel: Journal Item (account.move.line)\nConstraint: account_move_line_account_id_fkey\n';
  return validationError(message, {
    before: `psycopg2.errors.ForeignKeyViolation: insert or update on table "account_move_line" violates foreign key constraint "account_move_line_account_id_fkey"\nDETAIL:  Key (account_id)=(${account}) is not present in table "account_account".\n`,
    link: 'cause',
  });
}

/** Debit, credit, balance and currency amount of an entry's line, each from those that are given. */
function entryAmounts(env: Environment, move: OdooRecord, values: Values): Values {
  const company = companyOf(env, move);
  const home = idOf(company, 'currency_id');
  const currency = idOf(values, 'currency_id') || idOf(move, 'currency_id') || home;
  const date = textOf(move, 'date');
  const given = ['debit', 'credit', 'balance'].some((name) => name in values && values[name] !== false);
  const amount = toDecimal(values.amount_currency || '0');
  const balance = given
    ? 'balance' in values && values.balance !== false
      ? toDecimal(values.balance)
      : toDecimal(values.debit || '0').minus(toDecimal(values.credit || '0'))
    : toCompany(env, amount, currency, company, date);
  const hasAmount = values.amount_currency !== undefined && values.amount_currency !== false;
  const inCurrency =
    currency === home ? balance : hasAmount ? amount : fromCompany(env, balance, currency, company, date);
  return { currency_id: currency, amount_currency: inCurrency.toString(), ...balanceFields(balance) };
}

const PRICED = ['quantity', 'price_unit', 'discount', 'tax_ids', 'account_id'];

/** @returns whether taxes are to be computed again. */
function changeLine(env: Environment, move: OdooRecord, id: number, values: Values): boolean {
  const line = env.find('account.move.line', id);
  if (!line) throw missingError('account.move.line', id, env.uid);
  checkLineFields(env, values);
  checkLinks(env, values);
  patch(env, 'account.move.line', id, { ...values, ...changedAmounts(env, move, line, values) });
  return line.display_type === 'product' && isInvoice(move) && PRICED.some((name) => name in values);
}

function changedAmounts(env: Environment, move: OdooRecord, line: OdooRecord, values: Values): Values {
  const hasBalance = ['debit', 'credit', 'balance'].some((name) => name in values);
  if (hasBalance)
    return entryAmounts(
      env,
      move,
      values.currency_id ? values : { ...values, currency_id: idOf(line, 'currency_id') },
    );
  if (!('amount_currency' in values) && !('currency_id' in values)) return {};
  const currency = idOf(values, 'currency_id') || idOf(line, 'currency_id');
  const amount =
    'amount_currency' in values ? toDecimal(values.amount_currency) : decimalOf(line, 'amount_currency');
  const date = (isInvoice(move) && textOf(move, 'invoice_date')) || textOf(move, 'date');
  const balance = toCompany(env, amount, currency, companyOf(env, move), date);
  return { amount_currency: amount.toString(), ...balanceFields(balance) };
}
