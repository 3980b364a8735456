import type { Environment } from '../core/environment';
import {
  boolean,
  char,
  date,
  datetime,
  type Field,
  float,
  integer,
  json,
  many2many,
  many2one,
  monetary,
  one2many,
  selection,
  text,
  type Version,
} from '../core/model';
import { idOf, type OdooRecord, textOf, type Value } from '../core/value';
import { commercialPartner } from './base';
import { paymentState, residualOf } from './residual';

export const MOVE_TYPES = [
  ['entry', 'Journal Entry'],
  ['out_invoice', 'Customer Invoice'],
  ['out_refund', 'Customer Credit Note'],
  ['in_invoice', 'Vendor Bill'],
  ['in_refund', 'Vendor Credit Note'],
  ['out_receipt', 'Sales Receipt'],
  ['in_receipt', 'Purchase Receipt'],
] as const;

const fromMove =
  (name: string) =>
  (env: Environment, record: OdooRecord): Value =>
    env.find('account.move', idOf(record, 'move_id'))?.[name] ?? false;

/** Fields of `account.move`. */
export function moveFields(version: Version): Record<string, Field> {
  const payments: Record<string, Field> =
    version === 19
      ? {
          origin_payment_id: many2one('Payment', 'account.payment'),
          checked: boolean('Checked', { default: false }),
        }
      : {
          payment_id: many2one('Payment', 'account.payment'),
          to_check: boolean('To Check', { default: false }),
        };
  return {
    name: char('Number'),
    ref: char('Reference'),
    date: date('Date', { required: true }),
    state: selection(
      'Status',
      [
        ['draft', 'Draft'],
        ['posted', 'Posted'],
        ['cancel', 'Cancelled'],
      ],
      { default: 'draft', required: true },
    ),
    move_type: selection('Type', MOVE_TYPES, { default: 'entry', required: true }),
    journal_id: many2one('Journal', 'account.journal', { required: true }),
    company_id: many2one('Company', 'res.company'),
    company_currency_id: many2one('Company Currency', 'res.currency', {
      get: (env, record) => idOf(env.record('res.company', idOf(record, 'company_id')), 'currency_id'),
    }),
    currency_id: many2one('Currency', 'res.currency', { required: true }),
    partner_id: many2one('Partner', 'res.partner'),
    commercial_partner_id: many2one('Commercial Entity', 'res.partner', {
      get: (env, record) =>
        idOf(record, 'partner_id') ? commercialPartner(env, idOf(record, 'partner_id')) : false,
    }),
    partner_shipping_id: many2one('Delivery Address', 'res.partner'),
    partner_bank_id: many2one('Recipient Bank', 'res.partner.bank'),
    invoice_date: date('Invoice/Bill Date'),
    invoice_date_due: date('Due Date'),
    delivery_date: date('Delivery Date'),
    invoice_payment_term_id: many2one('Payment Terms', 'account.payment.term'),
    invoice_origin: char('Origin'),
    invoice_user_id: many2one('Salesperson', 'res.users'),
    narration: text('Terms and Conditions'),
    payment_reference: char('Payment Reference'),
    reversed_entry_id: many2one('Reversal of', 'account.move'),
    auto_post: selection(
      'Auto-post',
      [
        ['no', 'No'],
        ['at_date', 'At Date'],
        ['monthly', 'Monthly'],
        ['quarterly', 'Quarterly'],
        ['yearly', 'Yearly'],
      ],
      { default: 'no' },
    ),
    posted_before: boolean('Posted Before', { default: false }),
    statement_line_id: many2one('Statement Line', 'account.bank.statement.line'),
    line_ids: one2many('Journal Items', 'account.move.line', 'move_id'),
    invoice_line_ids: one2many('Invoice lines', 'account.move.line', 'move_id', {
      only: (line) => ['product', 'line_section', 'line_note'].includes(textOf(line, 'display_type')),
    }),
    amount_untaxed: monetary('Untaxed Amount'),
    amount_tax: monetary('Tax'),
    amount_total: monetary('Total'),
    amount_residual: monetary('Amount Due', {
      get: (env, record) => residualOf(env, record).inCurrency.toString(),
    }),
    amount_untaxed_signed: monetary('Untaxed Amount Signed'),
    amount_tax_signed: monetary('Tax Signed'),
    amount_total_signed: monetary('Total Signed'),
    amount_total_in_currency_signed: monetary('Total in Currency Signed'),
    amount_residual_signed: monetary('Amount Due Signed', {
      get: (env, record) => residualOf(env, record).inCompany.toString(),
    }),
    payment_state: selection(
      'Payment Status',
      [
        ['not_paid', 'Not Paid'],
        ['in_payment', 'In Payment'],
        ['paid', 'Paid'],
        ['partial', 'Partially Paid'],
        ['reversed', 'Reversed'],
      ],
      { get: (env, record) => paymentState(env, record) },
    ),
    create_date: datetime('Created on'),
    ...payments,
  };
}

/** Fields of `account.move.line`. */
export function lineFields(): Record<string, Field> {
  return {
    move_id: many2one('Journal Entry', 'account.move', { required: true }),
    move_name: char('Number', { get: fromMove('name') }),
    parent_state: char('Status', { get: fromMove('state') }),
    move_type: char('Type', { get: fromMove('move_type') }),
    ref: char('Reference', { get: fromMove('ref') }),
    date: date('Date', { get: fromMove('date') }),
    invoice_date: date('Invoice/Bill Date', { get: fromMove('invoice_date') }),
    journal_id: many2one('Journal', 'account.journal', { get: fromMove('journal_id') }),
    company_id: many2one('Company', 'res.company'),
    company_currency_id: many2one('Company Currency', 'res.currency', {
      get: (env, record) => idOf(env.record('res.company', idOf(record, 'company_id')), 'currency_id'),
    }),
    name: char('Label'),
    sequence: integer('Sequence', { default: 10 }),
    display_type: selection(
      'Display Type',
      [
        ['product', 'Product'],
        ['cogs', 'Cost of Goods Sold'],
        ['tax', 'Tax'],
        ['rounding', 'Rounding'],
        ['payment_term', 'Payment Term'],
        ['line_section', 'Section'],
        ['line_note', 'Note'],
      ],
      { default: 'product' },
    ),
    account_id: many2one('Account', 'account.account'),
    partner_id: many2one('Partner', 'res.partner'),
    currency_id: many2one('Currency', 'res.currency'),
    product_id: many2one('Product', 'product.product'),
    quantity: float('Quantity', { default: '1' }),
    price_unit: float('Unit Price'),
    discount: float('Discount (%)'),
    price_subtotal: monetary('Subtotal'),
    price_total: monetary('Total'),
    debit: monetary('Debit'),
    credit: monetary('Credit'),
    balance: monetary('Balance'),
    amount_currency: monetary('Amount in Currency'),
    tax_ids: many2many('Taxes', 'account.tax'),
    tax_line_id: many2one('Originator Tax', 'account.tax'),
    tax_base_amount: monetary('Base Amount'),
    date_maturity: date('Due Date'),
    deferred_start_date: date('Start Date'),
    deferred_end_date: date('End Date'),
    amount_residual: monetary('Residual Amount'),
    amount_residual_currency: monetary('Residual Amount in Currency'),
    reconciled: boolean('Reconciled', { default: false }),
    full_reconcile_id: many2one('Matching', 'account.full.reconcile'),
    matching_number: char('Matching #'),
    matched_debit_ids: one2many('Matched Debits', 'account.partial.reconcile', 'credit_move_id'),
    matched_credit_ids: one2many('Matched Credits', 'account.partial.reconcile', 'debit_move_id'),
    analytic_distribution: json('Analytic Distribution'),
    payment_id: many2one('Originator Payment', 'account.payment'),
    statement_line_id: many2one('Originator Statement Line', 'account.bank.statement.line'),
  };
}
