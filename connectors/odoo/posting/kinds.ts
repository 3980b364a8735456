import type {
  BankTransaction,
  Currency,
  Day,
  Decimal,
  Invoice,
  JournalEntry,
  Payment,
  Payout,
  Refund,
} from '../../../finance/documents';
import type { OdooClient } from '../client';
import type { LoadRequest } from '../load';
import type { Company } from '../lookups';
import type { Difference, RecordState, Stage } from '../moves/differences';
import type { PeriodQuestion } from '../moves/lock-dates';
import type { PrepareOptions } from '../moves/prepare';
import type { MoveState } from '../moves/read';
import type { LatePosting, MoveRequest } from '../moves/request';
import type { PostedMove } from '../moves/result';
import type { TaxCorrection } from '../moves/source-tax';
import type { Reconciled } from '../reconcile';

/** Models that documents become records of. */
export type PostedModel = 'account.move' | 'account.payment' | 'account.bank.statement.line';

/** A posting as JSON, made once and recorded: every later phase works from it alone. */
export interface BaseRequest {
  /** External id `<prefix>.<key>`. */
  externalKey: string;
  company: Company;
  load: LoadRequest;
  /** Accounting date, and whether it is another than the document's. */
  expected: { date: Day; late?: LatePosting };
}

/** What a line of an entry is to be in Odoo; amounts of the company's currency unless said. */
export interface ExpectedEntryLine {
  label: string;
  accountId: number;
  debit: Decimal;
  credit: Decimal;
  /** In `currency`, debit positive; only where that is not the company's. */
  amountCurrency?: Decimal;
  currency: { id: number; code: Currency };
  partnerId?: number;
  /** Id of the analytic account → percentage. */
  analytic: Record<string, Decimal>;
}

export interface EntryRequest extends BaseRequest {
  poster: 'entry';
  expected: {
    date: Day;
    late?: LatePosting;
    documentDate: Day;
    journalId: number;
    ref: string;
    lines: ExpectedEntryLine[];
  };
}

/** A share of a payment, and the open item that it settles. */
export interface PlannedAllocation {
  /** The invoice's move. */
  moveId: number;
  amount: Decimal;
}

/** What may become of differences, and where the entries that split or write off are booked. */
export interface SettlementTerms {
  /** Code of a general journal. */
  journal: string;
  /** Most that is written off, in the payment's currency. */
  tolerance: Decimal;
  writeOffAccountId?: number;
  overpaymentAccountId?: number;
}

export interface PaymentRequest extends BaseRequest {
  poster: 'payment';
  expected: {
    date: Day;
    late?: LatePosting;
    documentDate: Day;
    paymentType: 'inbound' | 'outbound';
    partnerType: 'customer' | 'supplier';
    partnerId: number;
    journalId: number;
    currency: { id: number; code: Currency };
    amount: Decimal;
    text: string;
    /** Field of the text: `memo` from 18 on, `ref` before. */
    textField: 'memo' | 'ref';
    counterpartAccountId?: number;
  };
  allocations: PlannedAllocation[];
  settlement: SettlementTerms;
}

export interface BankLineRequest extends BaseRequest {
  poster: 'bank_line';
  expected: {
    date: Day;
    late?: LatePosting;
    journalId: number;
    currency: Currency;
    amount: Decimal;
    text: string;
    reference?: string;
  };
}

/** A payment as Odoo holds it. */
export interface PaymentState extends RecordState {
  paymentType: string;
  partnerType: string;
  partnerId?: number;
  journalId?: number;
  companyId?: number;
  currency: Currency;
  amount: Decimal;
  text?: string;
  counterpartAccountId?: number;
  /** Its entry; 19 has none before posting. */
  moveId?: number;
}

/** A bank transaction as Odoo holds it. */
export interface BankLineState extends RecordState {
  journalId?: number;
  companyId?: number;
  currency: Currency;
  amount: Decimal;
  text?: string;
  reference?: string;
  moveId?: number;
}

/** A posted record other than an invoice; amount in the document's currency. */
export interface PostedRecord {
  model: PostedModel;
  id: number;
  /** Its entry. */
  moveId?: number;
  name: string;
  state: 'posted';
  /** Accounting date. */
  date: Day;
  documentDate: Day;
  /** Only where the accounting date is not the document's. */
  late?: LatePosting;
  company: number;
  partnerId?: number;
  currency: Currency;
  amount: Decimal;
  url: string;
}

/** By poster: the documents it takes, and what it makes of them. */
export interface Kinds {
  invoice: { document: Invoice; request: MoveRequest; state: MoveState; result: PostedMove };
  entry: { document: JournalEntry | Payout; request: EntryRequest; state: MoveState; result: PostedRecord };
  payment: { document: Payment | Refund; request: PaymentRequest; state: PaymentState; result: PostedRecord };
  bank_line: {
    document: BankTransaction;
    request: BankLineRequest;
    state: BankLineState;
    result: PostedRecord;
  };
}

/** The move of a corrected invoice, or the open items that a payment settles. */
export type Settlement = { reversedMoveId: number } | { allocations: PlannedAllocation[] };

/** Whether a credit note was matched by us, or what a payment is matched with. */
export type Settled = { reconciled: boolean } | Reconciled;

export type PosterName = keyof Kinds;
export type PostableDocument = Kinds[PosterName]['document'];
export type PostRequest = Kinds[PosterName]['request'];

/** How a kind of document becomes a posted record. All phases may be repeated. */
export interface Poster<K extends PosterName> {
  readonly model: PostedModel;
  /** Look-ups, partners and the `load` call; nothing is posted. */
  prepare(
    client: OdooClient,
    document: Kinds[K]['document'],
    options: PrepareOptions,
  ): Promise<Kinds[K]['request']>;
  /** @throws FinanceError DOCUMENT_CONFLICT, ODOO_MOVE_CHANGED, ODOO_AMOUNT_DIFFERS, ODOO_DATE_MOVED */
  compare(request: Kinds[K]['request'], state: Kinds[K]['state'], stage: Stage): void;
  /** All that a record is other than asked for, whoever made it; nothing where it is the same. */
  differences(request: Kinds[K]['request'], state: Kinds[K]['state']): Difference[];
  /** Which lock dates it is under. */
  period(request: Kinds[K]['request']): PeriodQuestion;
  /** Whether a draft may be posted beside what others made meanwhile. @throws FinanceError DOCUMENT_CONFLICT */
  assertFirst?(client: OdooClient, request: Kinds[K]['request'], id: number): Promise<void>;
  /** What the draft needs before it is posted. Pure. @throws FinanceError ODOO_AMOUNT_DIFFERS */
  corrections?(request: Kinds[K]['request'], draft: Kinds[K]['state']): TaxCorrection[];
  /** Writes it; says whether anything was written. */
  amend?(client: OdooClient, request: Kinds[K]['request'], draft: Kinds[K]['state']): Promise<boolean>;
  /**
   * What the posted record is matched with, as plain JSON; nothing where Odoo has nothing to match.
   * @param major version of Odoo
   */
  settlement?(request: Kinds[K]['request'], major: number): Settlement | undefined;
  /** Matches it. */
  settle?(
    client: OdooClient,
    request: Kinds[K]['request'],
    state: Kinds[K]['state'],
    postEntry: (request: EntryRequest) => Promise<{ id: number }>,
  ): Promise<Settled>;
  result(
    client: OdooClient,
    request: Kinds[K]['request'],
    state: Kinds[K]['state'],
  ): Promise<Kinds[K]['result']>;
}
