import type { Currency, Day, Decimal } from '../../../finance/documents';
import type { OdooClient } from '../client';
import type { MoveState } from './read';
import type { MoveRequest } from './request';

/** A posted move; amounts in the document's currency. */
export interface PostedMove {
  moveId: number;
  /** The number: Odoo's, or the source's. */
  name: string;
  state: 'posted';
  /** Accounting date. */
  date: Day;
  invoiceDate: Day;
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
  const { invoiceDate } = request.expected;
  return {
    moveId: move.id,
    name: move.name ?? '/',
    state: 'posted',
    date: move.date ?? invoiceDate,
    invoiceDate: move.invoiceDate ?? invoiceDate,
    company: request.company.id,
    partnerId: request.expected.partnerId,
    currency: move.currency.code,
    amountUntaxed: move.amountUntaxed,
    amountTax: move.amountTax,
    amountTotal: move.amountTotal,
    url: await moveUrl(client, move.id),
  };
}

/** The form of a move in Odoo's own pages; their addresses changed with 18. */
export async function moveUrl(client: OdooClient, id: number): Promise<string> {
  const { major } = await client.version();
  const path = major >= 18 ? `/odoo/account.move/${id}` : `/web#id=${id}&model=account.move&view_type=form`;
  return client.url + path;
}
