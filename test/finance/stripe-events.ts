/** Stripe events in the shape that Stripe sends, with only what a test changes as parameters. */

export interface StripeLine {
  id: string;
  amount: number;
  taxRate?: string | string[];
  tax?: number;
  inclusive?: boolean;
  discount?: number;
  quantity?: number | null;
  unitAmount?: number | null;
  product?: string;
  description?: string | null;
}

export interface StripeInvoice {
  currency?: string;
  lines: StripeLine[];
  amountDue?: number;
  metadata?: Record<string, string>;
  finalizedAt?: number;
  dueDate?: number | null;
  hasMore?: boolean;
  address?: Record<string, string | null>;
  taxIds?: { type: string; value: string }[];
  name?: string | null;
}

/** 2026-11-20T23:30:00Z: already the 21st in Berlin, still the 20th in New York. */
export const FINALIZED = 1795217400;

function line(given: StripeLine): Record<string, unknown> {
  const codes = given.taxRate === undefined ? [] : [given.taxRate].flat();
  return {
    id: given.id,
    object: 'line_item',
    amount: given.amount,
    currency: 'eur',
    description: given.description === undefined ? `1 × ${given.id}` : given.description,
    discount_amounts: given.discount ? [{ amount: given.discount, discount: 'di_1' }] : [],
    discountable: true,
    livemode: false,
    period: { start: 1793491200, end: 1796083200 },
    price: {
      id: 'price_1',
      object: 'price',
      product: given.product ?? 'prod_1',
      unit_amount: given.unitAmount === undefined ? given.amount : given.unitAmount,
      nickname: null,
    },
    proration: false,
    quantity: given.quantity === undefined ? 1 : given.quantity,
    tax_amounts: codes.map((code, index) => ({
      amount: index === 0 ? (given.tax ?? 0) : 0,
      inclusive: given.inclusive ?? false,
      tax_rate: code,
      taxability_reason: 'standard_rated',
      taxable_amount: given.amount - (given.discount ?? 0),
    })),
    type: 'subscription',
  };
}

const totals = (lines: StripeLine[]): { net: number; total: number } => {
  const of = (pick: (line: StripeLine) => number): number => lines.reduce((sum, each) => sum + pick(each), 0);
  const net = of((each) => each.amount - (each.discount ?? 0) - (each.inclusive ? (each.tax ?? 0) : 0));
  return { net, total: net + of((each) => each.tax ?? 0) };
};

const ADDRESS = {
  line1: 'Hafenstraße 12',
  line2: null,
  city: 'Hamburg',
  postal_code: '20457',
  state: null,
  country: 'DE',
};

function envelope(type: string, object: Record<string, unknown>): Record<string, unknown> {
  return {
    id: 'evt_1',
    object: 'event',
    account: 'acct_1',
    api_version: '2024-06-20',
    created: FINALIZED + 5,
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
  };
}

export function invoiceFinalized(given: StripeInvoice): Record<string, unknown> {
  const { net, total } = totals(given.lines);
  return envelope('invoice.finalized', {
    id: 'in_1',
    object: 'invoice',
    amount_due: given.amountDue ?? Math.max(total, 0),
    amount_paid: 0,
    collection_method: 'send_invoice',
    created: FINALIZED - 3600,
    currency: given.currency ?? 'eur',
    customer: 'cus_1',
    customer_address: given.address ?? ADDRESS,
    customer_email: 'rechnung@nordwind.example',
    customer_name: given.name === undefined ? 'Nordwind Logistik GmbH' : given.name,
    customer_tax_ids: given.taxIds ?? [{ type: 'eu_vat', value: 'DE136695976' }],
    description: null,
    due_date: given.dueDate === undefined ? FINALIZED + 14 * 86400 : given.dueDate,
    effective_at: null,
    lines: {
      object: 'list',
      data: given.lines.map(line),
      has_more: given.hasMore ?? false,
      total_count: given.lines.length,
    },
    metadata: given.metadata ?? { peppol_endpoint: '9930:DE136695976', buyer_reference: '04011000-12345-03' },
    number: 'RE-2026-0001',
    status: 'open',
    status_transitions: { finalized_at: given.finalizedAt ?? FINALIZED, paid_at: null, voided_at: null },
    subtotal: given.lines.reduce((sum, each) => sum + each.amount, 0),
    total,
    total_excluding_tax: net,
  });
}

export function creditNoteCreated(
  lines: StripeLine[],
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  const { net, total } = totals(lines);
  return envelope('credit_note.created', {
    id: 'cn_1',
    object: 'credit_note',
    created: FINALIZED,
    currency: 'eur',
    customer: 'cus_1',
    customer_name: 'Nordwind Logistik GmbH',
    customer_address: ADDRESS,
    customer_email: null,
    customer_tax_ids: [{ type: 'eu_vat', value: 'DE136695976' }],
    invoice: 'in_1',
    lines: { object: 'list', data: lines.map(line), has_more: false },
    memo: 'Kulanz',
    metadata: { invoice_number: 'RE-2026-0001', peppol_endpoint: '9930:DE136695976' },
    number: 'GS-2026-0001',
    status: 'issued',
    total,
    total_excluding_tax: net,
    ...more,
  });
}
