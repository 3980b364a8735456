import type { Currency, Day, Decimal } from '../../../finance/documents';
import type { LoadRequest } from '../load';
import type { Company } from '../lookups';

export type MoveType = 'out_invoice' | 'out_refund' | 'in_invoice' | 'in_refund';

/** An accounting date that is not the document's, since the period of that is locked. */
export interface LatePosting {
  /** Of the document. */
  documentDate: Day;
  /** Field of the lock date, and the last day that it locks. */
  lock: string;
  lockedUntil: Day;
}

/** What a line is to be in Odoo. */
export interface ExpectedLine {
  name: string;
  accountId: number;
  /** For people; Odoo gets the id. */
  account: string;
  quantity: Decimal;
  unitPrice: Decimal;
  subtotal: Decimal;
  taxIds: number[];
  /** Names, beside their ids. */
  taxes: string[];
  /** Id of the analytic account → percentage. */
  analytic: Record<string, Decimal>;
}

/** Lines that share taxes, and the tax that the source says for them together. */
export interface ExpectedTax {
  taxIds: number[];
  /** Absent where the source does not say it for just these lines. */
  amount?: Decimal;
}

/** What the move must be, in Odoo's ids. */
export interface ExpectedMove {
  moveType: MoveType;
  partnerId: number;
  journalId?: number;
  currency: { id: number; code: Currency };
  invoiceDate: Day;
  /** Accounting date; the invoice's own, unless the policy took the next open period. */
  date: Day;
  late?: LatePosting;
  dueDate?: Day;
  name?: string;
  ref: string;
  /** Of the counterparty: receivable or payable. */
  receivableAccountId?: number;
  /** The move that a credit note corrects. */
  reversedMoveId?: number;
  lines: ExpectedLine[];
  taxes: ExpectedTax[];
  amountUntaxed: Decimal;
  amountTax: Decimal;
  amountTotal: Decimal;
}

/** A posting as JSON, made once and recorded: every later phase works from it alone. */
export interface MoveRequest {
  poster: 'invoice';
  /** External id `<prefix>.<key>`. */
  externalKey: string;
  company: Company;
  load: LoadRequest;
  expected: ExpectedMove;
  /** Most that the source's tax may differ from Odoo's own, in the document's currency. */
  taxTolerance: Decimal;
}

/** A draft that an earlier step recorded: it must still be that one. */
export interface ExpectedDraft {
  moveId: number;
}

/** Sold, bought, or neither: which of Odoo's lock dates and taxes apply. */
export type Side = 'sale' | 'purchase';

export const sideOf = (moveType: MoveType): Side => (moveType.startsWith('out') ? 'sale' : 'purchase');

/** Whether the counterparty is in debit: a customer's invoice, a supplier's credit note. */
export const isDebitSide = (moveType: MoveType): boolean =>
  moveType === 'out_invoice' || moveType === 'in_refund';
