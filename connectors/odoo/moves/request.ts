import type { Currency, Day, Decimal } from '../../../finance/documents';
import type { LoadRequest } from '../load';
import type { Company } from '../lookups';

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
  moveType: 'out_invoice' | 'out_refund';
  partnerId: number;
  journalId?: number;
  currency: { id: number; code: Currency };
  invoiceDate: Day;
  dueDate?: Day;
  name?: string;
  ref: string;
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
