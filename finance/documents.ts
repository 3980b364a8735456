/** A decimal number as a string without exponent, e.g. `"-18.99"`. Never a JSON number. */
export type Decimal = string;
/** A calendar day, `YYYY-MM-DD`, in the time zone of the legal entity. */
export type Day = string;
/** ISO 4217 code, upper case. */
export type Currency = string;

export const DOCUMENT_KINDS = [
  'invoice',
  'credit_note',
  'payment',
  'refund',
  'payout',
  'journal_entry',
  'bank_transaction',
  'party',
  'tax_decision',
  'einvoice_submission',
  'evidence',
  'control_result',
] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** Where a document came from; `system`, `id` and `revision` are part of its business key. */
export interface SourceReference {
  /** e.g. `stripe`. */
  system: string;
  /** Account or tenant at the source. */
  account?: string;
  /** The business object's id at the source, e.g. `in_1`. */
  id: string;
  /** The number the source gave, if it numbers. */
  number?: string;
  /** Revision of the business object where the source has them. */
  revision?: string;
  /** The event that brought it; metadata, left out of the content hash. */
  eventId?: string;
  eventType?: string;
  /** RFC 3339; metadata, left out of the content hash. */
  occurredAt?: string;
}

/** Postal address, BG-5 / BG-8. */
export interface Address {
  line1?: string;
  line2?: string;
  city?: string;
  postalCode?: string;
  subdivision?: string;
  /** ISO 3166-1 alpha-2, BT-40 / BT-55. */
  country: string;
}

/** Seller or buyer, BG-4 / BG-7. */
export interface Party {
  /** Id at the source, e.g. `cus_1`. */
  id?: string;
  /** BT-27 / BT-44 */
  name: string;
  /** BT-31 / BT-48, with country prefix. */
  vatId?: string;
  /** BT-30 / BT-47 */
  registrationId?: string;
  email?: string;
  address: Address;
  /** BT-34 / BT-49: Peppol endpoint, EAS scheme code and value. */
  endpoint?: { scheme: string; id: string };
}

/** EN 16931 VAT category (UNCL5305 subset): standard, zero, exempt, reverse charge, intra-community, export, outside scope. */
export type TaxCategory = 'S' | 'Z' | 'E' | 'AE' | 'K' | 'G' | 'O';

/** Where a line is booked; set by the mapping, codes (never ids) of the target's chart. */
export interface LinePosting {
  /** Account code in Odoo. */
  account: string;
  /** Names or codes of Odoo taxes. */
  taxes: string[];
  /** Analytic account code → percentage (decimal string). */
  analytic?: Record<string, Decimal>;
}

/** BG-25. Amounts are in the document's currency, net of tax. */
export interface InvoiceLine {
  /** BT-126 */
  id: string;
  /** BT-153 */
  name: string;
  /** BT-154 */
  description?: string;
  /** BT-155: the product at the source, e.g. `prod_1`; the mapping finds the account by it. */
  itemId?: string;
  /** BT-129; negative on lines that take away, since BT-146 must not be negative (BR-27). */
  quantity: Decimal;
  /** BT-130, UN/ECE Rec 20, e.g. `C62`. */
  unit: string;
  /** BT-146 */
  unitPrice: Decimal;
  /** BT-131 */
  netAmount: Decimal;
  tax: {
    category: TaxCategory;
    /** BT-152, percent, e.g. `"19"`. */
    rate: Decimal;
    /** The tax code of the source, e.g. `txr_1`. */
    sourceCode?: string;
    /** The source's own tax on this line, if it says. */
    amount?: Decimal;
  };
  /** BG-26 */
  period?: { start: Day; end: Day };
  posting?: LinePosting;
}

/** BG-23 */
export interface TaxSubtotal {
  category: TaxCategory;
  rate: Decimal;
  /** BT-116 */
  base: Decimal;
  /** BT-117 */
  amount: Decimal;
  /** BT-120 / BT-121 */
  exemptionReason?: string;
  exemptionCode?: string;
}

/** BG-22 */
export interface InvoiceTotals {
  /** BT-106, sum of BT-131 */
  lines: Decimal;
  /** BT-109 */
  net: Decimal;
  /** BT-110 */
  tax: Decimal;
  /** BT-112 */
  gross: Decimal;
  /** BT-113 */
  paid?: Decimal;
  /** BT-115 */
  due: Decimal;
}

/** Invoice or credit note, in the terms of EN 16931. Credit notes carry positive amounts, as BT-3 = 381 wants. */
export interface Invoice {
  schema: 'invoice/1';
  kind: 'invoice' | 'credit_note';
  /** Key of the legal entity. */
  entity: string;
  source: SourceReference;
  /** `customer`: the entity sells. `vendor`: the entity buys. */
  direction: 'customer' | 'vendor';
  /** BT-1 where the source numbers; absent until Odoo has numbered it otherwise. */
  number?: string;
  /** BT-2 */
  issueDate: Day;
  /** BT-9 */
  dueDate?: Day;
  /** BT-7 */
  taxPointDate?: Day;
  /** BT-5 */
  currency: Currency;
  /** BT-10 */
  buyerReference?: string;
  /** BT-13 */
  orderReference?: string;
  /** BT-22 */
  note?: string;
  /** BG-3: the invoice that a credit note corrects; `sourceId` names it at the source. */
  precedingInvoice?: { sourceId: string; number?: string; issueDate?: Day };
  /** BG-7 */
  buyer: Party;
  /** BG-13: BT-72 and BT-80; an intra-community supply (K) must say both. */
  delivery?: { date?: Day; country?: string };
  /** BG-4; taken from the legal entity where the source does not say. */
  seller?: Party;
  /** BG-25, at least one (BR-16). */
  lines: InvoiceLine[];
  /** BG-23 */
  taxes: TaxSubtotal[];
  /** BG-22 */
  totals: InvoiceTotals;
  /** BT-20 */
  paymentTerms?: string;
  /** Set by the mapping: codes of the target. */
  posting?: { journal?: string; receivableAccount?: string };
}

/** Money received; posting follows with its own issue, the shape is fixed here. */
export interface Payment {
  schema: 'payment/1';
  kind: 'payment';
  entity: string;
  source: SourceReference;
  direction: 'inbound' | 'outbound';
  date: Day;
  currency: Currency;
  amount: Decimal;
  fee?: Decimal;
  /** Business objects at the source that it pays. */
  allocations: { sourceId: string; amount: Decimal }[];
  payer?: Party;
  reference?: string;
}

export type TaxEngineMode = 'round_per_line' | 'round_globally';

/** What a tax engine decided, kept whole for the audit. */
export interface TaxDecision {
  schema: 'tax_decision/1';
  kind: 'tax_decision';
  entity: string;
  source: SourceReference;
  phase: 'quote' | 'commit' | 'adjust' | 'void';
  engine: string;
  engineVersion: string;
  /** The engine's own id of the record; absent for a quote. */
  code?: string;
  requestHash: string;
  /** RFC 3339 */
  decidedAt: string;
  currency: Currency;
  roundingMode: TaxEngineMode;
  rateDate: Day;
  lines: {
    lineId: string;
    jurisdiction: string;
    name: string;
    category: TaxCategory;
    rate: Decimal;
    base: Decimal;
    amount: Decimal;
    exemptionCertificate?: string;
  }[];
  flags: { reverseCharge: boolean; oss: boolean; ioss: boolean };
  withholding?: { name: string; rate: Decimal; amount: Decimal }[];
  totalTax: Decimal;
  /** The source's own tax, kept and compared. */
  sourceTax?: Decimal;
  difference?: Decimal;
  /** The engine was down and the provisional policy applied. */
  fallback: boolean;
}

/** Where an e-invoice stands at its network. Transport and the buyer's response are separate axes. */
export interface EInvoiceSubmission {
  schema: 'einvoice_submission/1';
  kind: 'einvoice_submission';
  entity: string;
  source: SourceReference;
  channel: string;
  /** seller VAT id + type + number: what the network knows the document by. */
  naturalKey: string;
  /** BT-1 */
  number: string;
  /** SHA-256 of the sealed bytes, hex. */
  sha256: string;
  networkId?: string;
  transport: 'submitted' | 'accepted' | 'accepted_warn' | 'rejected' | 'unknown';
  buyerResponse?: 'acknowledged' | 'accepted' | 'rejected' | 'paid';
  messages: { code: string; text: string }[];
}

export type CanonicalDocument = Invoice | Payment | Party | TaxDecision | EInvoiceSubmission;
