import { denyRecord, isVisible } from '../core/access';
import type { Environment } from '../core/environment';
import { missingError } from '../core/fault';
import { insert, patch, remove } from '../core/records';
import {
  Decimal,
  decimalOf,
  idOf,
  idsOf,
  isSet,
  type OdooRecord,
  round,
  sum,
  textOf,
  type Values,
  ZERO,
} from '../core/value';
import { commercialPartner } from './base';
import { digitsOf, toCompany } from './currency';
import { companyOf, directionOf, isInvoice, isPurchase, isRefund, isSale, linesOf } from './move-kind';

const HUNDRED = new Decimal('100');

/** Date whose rate turns an invoice's amounts into the company's currency. */
const rateDate = (env: Environment, move: OdooRecord): string =>
  textOf(move, 'invoice_date') || textOf(move, 'date') || env.today;

/** Debit, credit and balance of an amount in the company's currency. */
export function balanceFields(balance: Decimal): Values {
  const text = balance.toString();
  return balance.lt('0')
    ? { balance: text, debit: '0', credit: balance.times('-1').toString() }
    : { balance: text, debit: text, credit: '0' };
}

/** A line's tax by its rate; the base is what remains of the price where the tax is included in it. */
interface TaxShare {
  tax: OdooRecord;
  amount: Decimal;
}

function priceOf(line: OdooRecord): Decimal {
  const price = decimalOf(line, 'price_unit').times(decimalOf(line, 'quantity'));
  const discount = decimalOf(line, 'discount');
  return discount.eq('0') ? price : price.times(HUNDRED.minus(discount)).div(HUNDRED);
}

function sharesOf(env: Environment, line: OdooRecord, digits: number): { base: Decimal; shares: TaxShare[] } {
  const price = priceOf(line);
  const taxes = idsOf(line, 'tax_ids').map((id) => taxAt(env, id));
  const included = taxes.filter((tax) => tax.price_include === true && tax.amount_type !== 'fixed');
  const rate = sum(included.map((tax) => decimalOf(tax, 'amount')));
  const base = round(rate.eq('0') ? price : price.times(HUNDRED).div(HUNDRED.plus(rate)), digits);
  const shares = taxes.map((tax) => ({ tax, amount: shareOf(line, tax, base) }));
  return { base, shares };
}

function shareOf(line: OdooRecord, tax: OdooRecord, base: Decimal): Decimal {
  const amount = decimalOf(tax, 'amount');
  return tax.amount_type === 'fixed'
    ? amount.times(decimalOf(line, 'quantity'))
    : base.times(amount).div(HUNDRED);
}

function taxAt(env: Environment, id: number): OdooRecord {
  const tax = env.find('account.tax', id);
  if (!tax) throw missingError('account.tax', id, env.uid);
  if (!isVisible(env, 'account.tax', tax)) denyRecord(env, 'account.tax');
  return tax;
}

/**
 * Computes an invoice anew: product lines, and with `taxes` the tax lines, then the receivable or payable and the
 * totals. Without `taxes` the tax lines stand as they are (a person or a source set them).
 */
export function computeInvoice(env: Environment, id: number, options: { taxes: boolean }): void {
  const move = env.record('account.move', id);
  if (!isInvoice(move)) {
    computeEntry(env, move);
    return;
  }
  const products = linesOf(env, id).filter((line) => line.display_type === 'product');
  for (const line of products) computeProduct(env, move, line);
  if (options.taxes)
    computeTaxes(
      env,
      move,
      products.map((line) => env.record('account.move.line', line.id)),
    );
  computeTerms(env, move);
  computeTotals(env, env.record('account.move', id));
}

function lineAmounts(env: Environment, move: OdooRecord, amount: Decimal): Values {
  const currency = idOf(move, 'currency_id');
  const balance = toCompany(env, amount, currency, companyOf(env, move), rateDate(env, move));
  return { currency_id: currency, amount_currency: amount.toString(), ...balanceFields(balance) };
}

function computeProduct(env: Environment, move: OdooRecord, line: OdooRecord): void {
  const digits = digitsOf(env, idOf(move, 'currency_id'));
  const { base, shares } = sharesOf(env, line, digits);
  const total = base.plus(sum(shares.map(({ amount }) => round(amount, digits))));
  change(env, line, {
    price_subtotal: base.toString(),
    price_total: total.toString(),
    ...lineAmounts(env, move, base.times(directionOf(move))),
  });
}

interface TaxGroup {
  tax: OdooRecord;
  account: number;
  amount: Decimal;
  base: Decimal;
}

function computeTaxes(env: Environment, move: OdooRecord, products: OdooRecord[]): void {
  const digits = digitsOf(env, idOf(move, 'currency_id'));
  const perLine = companyOf(env, move).tax_calculation_rounding_method !== 'round_globally';
  const groups = new Map<string, TaxGroup>();
  for (const line of products) {
    const { base, shares } = sharesOf(env, line, digits);
    for (const { tax, amount } of shares) {
      const account = taxAccount(move, tax) || idOf(line, 'account_id');
      const key = `${tax.id}|${account}`;
      const group = groups.get(key) ?? { tax, account, amount: ZERO, base: ZERO };
      group.amount = group.amount.plus(perLine ? round(amount, digits) : amount);
      group.base = group.base.plus(base);
      groups.set(key, group);
    }
  }
  const standing = new Map(
    linesOf(env, move.id)
      .filter((line) => line.display_type === 'tax')
      .map((line) => [`${idOf(line, 'tax_line_id')}|${idOf(line, 'account_id')}`, line]),
  );
  for (const [key, group] of groups) {
    const amount = round(group.amount, digits);
    if (amount.eq('0')) continue;
    const values = taxLine(env, move, group, amount);
    const line = standing.get(key);
    if (line) change(env, line, values);
    else insertLine(env, move, values);
    standing.delete(key);
  }
  for (const line of standing.values()) remove(env, 'account.move.line', line.id);
}

function taxAccount(move: OdooRecord, tax: OdooRecord): number {
  return (isRefund(move) && idOf(tax, 'refund_account_id')) || idOf(tax, 'account_id');
}

function taxLine(
  env: Environment,
  move: OdooRecord,
  { tax, account, base }: TaxGroup,
  amount: Decimal,
): Values {
  const inCompany = toCompany(
    env,
    base,
    idOf(move, 'currency_id'),
    companyOf(env, move),
    rateDate(env, move),
  );
  return {
    display_type: 'tax',
    name: textOf(tax, 'name'),
    account_id: account,
    tax_line_id: tax.id,
    tax_base_amount: inCompany.toString(),
    ...lineAmounts(env, move, amount.times(directionOf(move))),
  };
}

/** The receivable or payable takes what balances the others, in both currencies. */
function computeTerms(env: Environment, move: OdooRecord): void {
  const lines = linesOf(env, move.id).filter(
    (line) => !['line_section', 'line_note'].includes(textOf(line, 'display_type')),
  );
  const [term, ...surplus] = lines.filter((line) => line.display_type === 'payment_term');
  const others = lines.filter((line) => line.display_type !== 'payment_term');
  for (const line of surplus) remove(env, 'account.move.line', line.id);
  if (others.length === 0) {
    if (term) remove(env, 'account.move.line', term.id);
    return;
  }
  const values: Values = {
    display_type: 'payment_term',
    currency_id: idOf(move, 'currency_id'),
    amount_currency: sum(others.map((line) => decimalOf(line, 'amount_currency')))
      .times('-1')
      .toString(),
    ...balanceFields(sum(others.map((line) => decimalOf(line, 'balance'))).times('-1')),
    date_maturity: dueDateOf(env, move),
    partner_id: idOf(move, 'partner_id') ? commercialPartner(env, idOf(move, 'partner_id')) : false,
  };
  if (term) change(env, term, values);
  else
    insertLine(env, move, {
      ...values,
      name: isSet(move.payment_reference) ? move.payment_reference! : '',
      account_id: partnerAccount(env, move),
    });
}

/** When an invoice is due: as given, by its payment term's days, or at once. */
export function dueDateOf(env: Environment, move: OdooRecord): string | false {
  const from = textOf(move, 'invoice_date');
  const days = env.find('account.payment.term', idOf(move, 'invoice_payment_term_id'))?.days;
  if (from && typeof days === 'number') return addDays(from, days);
  return textOf(move, 'invoice_date_due') || from || false;
}

export function addDays(date: string, days: number): string {
  const at = new Date(`${date}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

/** The partner's receivable (sales) or payable, else the company's first. */
export function partnerAccount(env: Environment, move: OdooRecord): number | false {
  const side = isPurchase(move) && !isSale(move) ? 'payable' : 'receivable';
  return counterpartAccount(env, idOf(move, 'partner_id'), idOf(move, 'company_id'), side);
}

export function counterpartAccount(
  env: Environment,
  partner: number,
  company: number,
  side: 'payable' | 'receivable',
): number | false {
  const record = env.find('res.partner', partner ? commercialPartner(env, partner) : 0);
  const own = record ? env.find('account.account', idOf(record, `property_account_${side}_id`)) : undefined;
  if (own && idOf(own, 'company_id') === company) return own.id;
  const type = side === 'payable' ? 'liability_payable' : 'asset_receivable';
  return (
    env.db
      .lookup('account.account', 'company_id', String(company))
      .find((id) => env.record('account.account', id).account_type === type) ?? false
  );
}

/** Amounts of a journal entry's lines: whatever is given of debit, credit, balance and currency amount, made whole. */
function computeEntry(env: Environment, move: OdooRecord): void {
  for (const line of linesOf(env, move.id)) refreshResidual(env, line.id);
  const debits = sum(linesOf(env, move.id).map((line) => decimalOf(line, 'debit')));
  patch(env, 'account.move', move.id, {
    amount_total: debits.toString(),
    amount_total_signed: debits.toString(),
  });
}

function computeTotals(env: Environment, move: OdooRecord): void {
  const lines = linesOf(env, move.id);
  for (const line of lines) refreshResidual(env, line.id);
  const sign = directionOf(move);
  const total = (type: string, field: string) =>
    sum(lines.filter((line) => line.display_type === type).map((line) => decimalOf(line, field)));
  const untaxed = total('product', 'amount_currency').plus(total('rounding', 'amount_currency')).times(sign);
  const tax = total('tax', 'amount_currency').times(sign);
  const untaxedSigned = total('product', 'balance').plus(total('rounding', 'balance')).times('-1');
  const taxSigned = total('tax', 'balance').times('-1');
  const whole = untaxed.plus(tax);
  patch(env, 'account.move', move.id, {
    amount_untaxed: untaxed.toString(),
    amount_tax: tax.toString(),
    amount_total: whole.toString(),
    amount_untaxed_signed: untaxedSigned.toString(),
    amount_tax_signed: taxSigned.toString(),
    amount_total_signed: untaxedSigned.plus(taxSigned).toString(),
    amount_total_in_currency_signed: whole.times(sign).times('-1').toString(),
    invoice_date_due: dueDateOf(env, move) || env.today,
  });
}

/** What is open of a line: its amount less what is matched with it. Lines of other accounts have none. */
export function refreshResidual(env: Environment, id: number): void {
  const line = env.record('account.move.line', id);
  const account = env.find('account.account', idOf(line, 'account_id'));
  const opens =
    account?.reconcile === true ||
    ['asset_cash', 'liability_credit_card'].includes(textOf(account ?? {}, 'account_type'));
  if (!opens) {
    change(env, line, { amount_residual: '0', amount_residual_currency: '0', reconciled: false });
    return;
  }
  const partials = (field: string) =>
    env
      .inverse('account.partial.reconcile', field, id)
      .map((partial) => env.record('account.partial.reconcile', partial));
  const [asDebit, asCredit] = [partials('debit_move_id'), partials('credit_move_id')];
  const of = (list: OdooRecord[], field: string) => sum(list.map((partial) => decimalOf(partial, field)));
  const residual = decimalOf(line, 'balance').minus(of(asDebit, 'amount')).plus(of(asCredit, 'amount'));
  const inCurrency = decimalOf(line, 'amount_currency')
    .minus(of(asDebit, 'debit_amount_currency'))
    .plus(of(asCredit, 'credit_amount_currency'));
  const isPosted = env.find('account.move', idOf(line, 'move_id'))?.state === 'posted';
  change(env, line, {
    amount_residual: residual.toString(),
    amount_residual_currency: inCurrency.toString(),
    reconciled: isPosted && residual.eq('0') && inCurrency.eq('0') && asDebit.length + asCredit.length > 0,
  });
}

/** Writes only what differs, so that an untouched line is not stored again. */
export function change(env: Environment, record: OdooRecord, values: Values): void {
  const differs = Object.entries(values).some(([name, value]) => record[name] !== value);
  if (differs) env.db.update('account.move.line', record.id, values);
}

export function insertLine(env: Environment, move: OdooRecord, values: Values): number {
  return insert(env, 'account.move.line', {
    currency_id: idOf(move, 'currency_id'),
    partner_id: idOf(move, 'partner_id') ? commercialPartner(env, idOf(move, 'partner_id')) : false,
    company_id: idOf(move, 'company_id'),
    ...values,
    move_id: move.id,
  });
}
