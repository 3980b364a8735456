import type { Currency, Day, Decimal } from '../../../finance/documents';
import type { OdooClient } from '../client';
import type { MoveState } from './read';
import type { LatePosting, MoveRequest } from './request';

/** A posted move; amounts in the document's currency. */
export interface PostedMove {
  moveId: number;
  /** The number: Odoo's, or the source's. */
  name: string;
  state: 'posted';
  /** Accounting date. */
  date: Day;
  invoiceDate: Day;
  /** Only where the accounting date is not the document's. */
  late?: LatePosting;
  company: number;
  partnerId: number;
  currency: Currency;
  amountUntaxed: Decimal;
  amountTax: Decimal;
  amountTotal: Decimal;
  /** Where a person sees the move. */
  url: string;
}

/** What a posted move is to the rest of the pipeline. */
export async function resultOf(
  client: OdooClient,
  request: MoveRequest,
  move: MoveState,
): Promise<PostedMove> {
  const { invoiceDate, late } = request.expected;
  return {
    moveId: move.id,
    name: move.name ?? '/',
    state: 'posted',
    date: move.date ?? invoiceDate,
    invoiceDate: move.invoiceDate ?? invoiceDate,
    ...(late && { late }),
    company: request.company.id,
    partnerId: request.expected.partnerId,
    currency: move.currency.code,
    amountUntaxed: move.amountUntaxed,
    amountTax: move.amountTax,
    amountTotal: move.amountTotal,
    url: await recordUrl(client, 'account.move', move.id),
  };
}

/** The form of a record in Odoo's own pages; their addresses changed with 18. */
export async function recordUrl(client: OdooClient, model: string, id: number): Promise<string> {
  const { major } = await client.version();
  const path = major >= 18 ? `/odoo/${model}/${id}` : `/web#id=${id}&model=${model}&view_type=form`;
  return client.url + path;
}
