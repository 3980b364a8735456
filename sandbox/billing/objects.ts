import type { Customer, Profile, TaxRate } from './catalog';
import { type PricedLine, taxesOf, totalsOf } from './pricing';

/**
 * Business objects as Stripe's API shows them in events of version 2024-06-20 (docs.stripe.com/api/invoices/object,
 * …/credit_notes/object); fields without a meaning for the books are left out.
 */
export const API_VERSION = '2024-06-20';

export type StripeObject = Record<string, unknown> & { id: string; object: string };

export interface InvoiceFacts {
  id: string;
  number: string;
  /** Unix seconds. */
  created: number;
  customer: Customer;
  profile: Profile;
  livemode: boolean;
  lines: PricedLine[];
}

const DAY = 86_400;

function taxRate(rate: TaxRate, livemode: boolean): StripeObject {
  const { id, display_name, country, state, jurisdiction, tax_type } = rate;
  const percentage = rate.thousandths / 1000;
  return {
    id,
    object: 'tax_rate',
    active: true,
    country,
    created: 1_704_067_200,
    description: null,
    display_name,
    effective_percentage: null,
    inclusive: false,
    jurisdiction,
    livemode,
    metadata: {},
    percentage,
    state,
    tax_type,
  };
}

const taxAmount = (rate: TaxRate, taxable: number, amount: number) => ({
  amount,
  inclusive: false,
  tax_rate: rate.id,
  taxability_reason: rate.taxability_reason,
  taxable_amount: taxable,
});

const discountOf = (line: PricedLine) => ({
  amount: line.discount,
  discount: `di_${line.discountPercent}percent`,
});

function taxesAndDiscounts(lines: PricedLine[]) {
  return {
    tax: taxesOf(lines).map(({ rate, taxable, tax }) => taxAmount(rate, taxable, tax)),
    discounts: lines.filter((line) => line.discount > 0).map(discountOf),
  };
}

/** What the customer's record says beyond the fields that an invoice copies. */
function metadata({ endpoint, buyerReference }: Customer): Record<string, string> {
  return {
    ...(endpoint && { peppol_endpoint: endpoint }),
    ...(buyerReference && { buyer_reference: buyerReference }),
  };
}

/** The party as an invoice copies it at finalization. */
function customerFields({ address, email, name, vatId }: Customer) {
  return {
    customer_address: { ...address, line2: null },
    customer_email: email,
    customer_name: name,
    customer_tax_ids: vatId ? [{ type: 'eu_vat', value: vatId }] : [],
  };
}

function invoiceLine(line: PricedLine, { id, livemode, profile, created }: InvoiceFacts): StripeObject {
  const { product, quantity, amount, rate } = line;
  const { currency } = profile;
  const price = {
    id: product.id.replace('prod_', 'price_'),
    object: 'price',
    active: true,
    billing_scheme: 'per_unit',
    currency,
    livemode,
    metadata: {},
    product: product.id,
    recurring: null,
    tax_behavior: 'exclusive',
    type: 'one_time',
    unit_amount: product.price,
    unit_amount_decimal: String(product.price),
  };
  return {
    id: line.id,
    object: 'line_item',
    amount,
    amount_excluding_tax: amount,
    currency,
    description: product.name,
    discount_amounts: line.discount > 0 ? [discountOf(line)] : [],
    discountable: true,
    discounts: line.discount > 0 ? [discountOf(line).discount] : [],
    invoice: id,
    invoice_item: line.id.replace('il_', 'ii_'),
    livemode,
    metadata: {},
    period: { start: created, end: created },
    plan: null,
    price,
    proration: false,
    quantity,
    subscription: null,
    tax_amounts: [taxAmount(rate, line.taxable, line.tax)],
    tax_rates: [taxRate(rate, livemode)],
    type: 'invoiceitem',
    unit_amount_excluding_tax: String(product.price),
  };
}

/** A finalized, unpaid invoice. */
export function invoiceObject(facts: InvoiceFacts): StripeObject {
  const { id, number, created, customer, profile, livemode, lines } = facts;
  const { subtotal, net, tax, total } = totalsOf(lines);
  const parts = taxesAndDiscounts(lines);
  return {
    id,
    object: 'invoice',
    account_country: profile.country,
    account_name: profile.seller,
    amount_due: total,
    amount_paid: 0,
    amount_remaining: total,
    amount_shipping: 0,
    auto_advance: true,
    automatic_tax: { enabled: false, liability: null, status: null },
    billing_reason: 'manual',
    charge: null,
    collection_method: 'send_invoice',
    created,
    currency: profile.currency,
    custom_fields: null,
    customer: customer.id,
    ...customerFields(customer),
    customer_phone: null,
    customer_shipping: null,
    customer_tax_exempt: customer.tax === 'standard' ? 'none' : customer.tax,
    default_tax_rates: [],
    description: null,
    discounts: [],
    due_date: created + 14 * DAY,
    effective_at: created,
    ending_balance: 0,
    footer: null,
    from_invoice: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    lines: {
      object: 'list',
      data: lines.map((line) => invoiceLine(line, facts)),
      has_more: false,
      total_count: lines.length,
      url: `/v1/invoices/${id}/lines`,
    },
    livemode,
    metadata: metadata(customer),
    number,
    on_behalf_of: null,
    paid: false,
    paid_out_of_band: false,
    payment_intent: null,
    period_end: created,
    period_start: created,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    quote: null,
    shipping_cost: null,
    starting_balance: 0,
    statement_descriptor: null,
    status: 'open',
    status_transitions: {
      finalized_at: created,
      marked_uncollectible_at: null,
      paid_at: null,
      voided_at: null,
    },
    subscription: null,
    subtotal,
    subtotal_excluding_tax: subtotal,
    tax,
    total,
    total_discount_amounts: parts.discounts,
    total_excluding_tax: net,
    total_tax_amounts: parts.tax,
  };
}

function creditLine(line: PricedLine, livemode: boolean): StripeObject {
  const { product, quantity, amount, rate } = line;
  return {
    id: line.id,
    object: 'credit_note_line_item',
    amount,
    amount_excluding_tax: amount,
    description: product.name,
    discount_amount: line.discount,
    discount_amounts: line.discount > 0 ? [discountOf(line)] : [],
    livemode,
    quantity,
    tax_amounts: [taxAmount(rate, line.taxable, line.tax)],
    tax_rates: [taxRate(rate, livemode)],
    type: 'custom_line_item',
    unit_amount: product.price,
    unit_amount_decimal: String(product.price),
    unit_amount_excluding_tax: String(product.price),
  };
}

/**
 * An issued credit note. The source's own names its invoice and its customer by id only; here the party stands beside,
 * as it does for a receiver who has the invoice's fields copied over.
 */
export function creditNoteObject(
  facts: InvoiceFacts & { invoice: InvoiceFacts; reason: string },
): StripeObject {
  const { id, number, created, customer, profile, livemode, lines, invoice, reason } = facts;
  const { subtotal, discount, net, total } = totalsOf(lines);
  const parts = taxesAndDiscounts(lines);
  return {
    id,
    object: 'credit_note',
    amount: total,
    amount_shipping: 0,
    created,
    currency: profile.currency,
    customer: customer.id,
    ...customerFields(customer),
    customer_balance_transaction: null,
    discount_amount: discount,
    discount_amounts: parts.discounts,
    effective_at: created,
    invoice: invoice.id,
    lines: {
      object: 'list',
      data: lines.map((line) => creditLine(line, livemode)),
      has_more: false,
      total_count: lines.length,
      url: `/v1/credit_notes/${id}/lines`,
    },
    livemode,
    memo: `Gutschrift / credit for ${invoice.number}`,
    metadata: {
      ...metadata(customer),
      invoice_number: invoice.number,
    },
    number,
    out_of_band_amount: null,
    reason,
    refund: null,
    shipping_cost: null,
    status: 'issued',
    subtotal,
    subtotal_excluding_tax: subtotal,
    tax_amounts: parts.tax,
    total,
    total_excluding_tax: net,
    type: 'pre_payment',
    voided_at: null,
  };
}

/** Changes of a customer, a product, a payment method: things that happen at a source and concern no books. */
export function unaskedObject(
  kind: 'customer' | 'product' | 'payment_method',
  customer: Customer,
  livemode: boolean,
): StripeObject {
  const id = customer.id.replace('cus_', { customer: 'cus_', product: 'prod_', payment_method: 'pm_' }[kind]);
  return { id, object: kind, created: 1_704_067_200, livemode, metadata: {}, description: customer.name };
}
