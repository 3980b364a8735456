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
  'product',
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
  /** The partner in Odoo, where a person named it: goes before every search. */
  odooId?: number;
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
  /**
   * The line is earned, or used up, over its period: `account` is the balance sheet's, and a schedule of entries moves
   * a share of each month to this account.
   */
  deferral?: { account: string; journal: string };
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
  /** The source's rate: units of the currency for one of the entity's. */
  exchangeRate?: Decimal;
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

/** A share of a payment, and the invoice or credit note that it settles. */
export interface Allocation {
  sourceId: string;
  /** In the payment's currency. */
  amount: Decimal;
}

/** Set by the mapping: codes of the target. */
export interface PaymentPosting {
  /** The bank's or provider's journal. */
  journal: string;
  /** Receivable or payable; the partner's own where it is left out. */
  counterpartAccount?: string;
  /** Where a difference up to `tolerance` goes; without both nothing is written off. */
  writeOffAccount?: string;
  tolerance?: Decimal;
  /** Where what is paid too much goes; without it it stays open on the partner. */
  overpaymentAccount?: string;
  /** Journal of entries that split or write off, and of those of fees; `MISC` by default. */
  settlementJournal?: string;
  /** What the provider keeps is booked here, against `clearingAccount`; without both it is not booked with the payment. */
  feeAccount?: string;
  /** The provider's clearing account: that of the journal's payments. */
  clearingAccount?: string;
}

/** Money received from a customer or paid to a supplier. */
export interface Payment {
  schema: 'payment/1';
  kind: 'payment';
  entity: string;
  source: SourceReference;
  direction: 'inbound' | 'outbound';
  date: Day;
  currency: Currency;
  amount: Decimal;
  /** What a provider keeps; booked by an entry of its own. */
  fee?: Decimal;
  /** Business objects at the source that it pays. */
  allocations: Allocation[];
  /** The other side: who paid, or who was paid. */
  payer?: Party;
  reference?: string;
  posting?: PaymentPosting;
}

/** Money given back: to a customer (outbound), or by a supplier (inbound). */
export interface Refund extends Omit<Payment, 'schema' | 'kind'> {
  schema: 'refund/1';
  kind: 'refund';
  /** The payment at the source that it takes back. */
  paymentId?: string;
}

/** One side of an entry; exactly one of `debit` and `credit` is not zero. */
export interface EntryLine {
  /** Account code. */
  account: string;
  label: string;
  /** In the document's currency. */
  debit: Decimal;
  credit: Decimal;
  /** The same in the company's currency, where the document is of another. */
  homeDebit?: Decimal;
  homeCredit?: Decimal;
  /** Trading partner. */
  partner?: Party;
  /** Analytic account code → percentage. */
  analytic?: Record<string, Decimal>;
}

export interface JournalEntry {
  schema: 'journal_entry/1';
  kind: 'journal_entry';
  entity: string;
  source: SourceReference;
  date: Day;
  currency: Currency;
  reference?: string;
  /** At least two, balanced. */
  lines: EntryLine[];
  posting: { journal: string };
}

/** One line of a bank's or provider's statement. */
export interface BankTransaction {
  schema: 'bank_transaction/1';
  kind: 'bank_transaction';
  entity: string;
  source: SourceReference;
  date: Day;
  /** Of the bank account. */
  currency: Currency;
  /** Positive where money came in. */
  amount: Decimal;
  /** Remittance information. */
  text: string;
  counterparty?: { name?: string; account?: string };
  /** End-to-end or bank reference. */
  reference?: string;
  posting?: { journal: string };
}

/** Money that a provider sends to the bank, and what it is made of. */
export interface Payout {
  schema: 'payout/1';
  kind: 'payout';
  entity: string;
  source: SourceReference;
  /** Day on which it leaves the provider. */
  date: Day;
  currency: Currency;
  /** What arrives at the bank; negative where the provider takes money back. */
  amount: Decimal;
  /** Balance transactions in it; `amount` less `fee` of all together is the payout. */
  items: {
    type: 'charge' | 'refund' | 'dispute' | 'fee' | 'adjustment' | 'reserve' | 'other';
    sourceId: string;
    amount: Decimal;
    fee: Decimal;
  }[];
  /** Codes: provider's clearing account, money in transit to the bank, provider's fees. */
  posting?: { journal: string; clearingAccount: string; transitAccount: string; feeAccount?: string };
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

/** A customer or supplier of an upstream system, whole, as it is there now. `source.id` is its id there. */
export interface PartyDocument {
  schema: 'party/1';
  kind: 'party';
  entity: string;
  source: SourceReference;
  party: Party;
  /** People at a company. */
  contacts?: Party[];
  /** IBANs, or account numbers where there is none. New ones need an approval. */
  bankAccounts?: { account: string }[];
  /** Who entered it at the source; may not approve its bank accounts. */
  changedBy?: string;
}

/** A product of an upstream system, whole, as it is there now. `source.id` is its id there. */
export interface ProductDocument {
  schema: 'product/1';
  kind: 'product';
  entity: string;
  source: SourceReference;
  name: string;
  /** Internal reference (SKU). */
  code?: string;
  listPrice?: Decimal;
  active?: boolean;
}

export type CanonicalDocument =
  | Invoice
  | Payment
  | Refund
  | Payout
  | JournalEntry
  | BankTransaction
  | Party
  | PartyDocument
  | ProductDocument
  | TaxDecision
  | EInvoiceSubmission;
