import type { Environment } from '../core/environment';
import { idOf, type OdooRecord, textOf } from '../core/value';

const SALE = ['out_invoice', 'out_refund', 'out_receipt'];
const PURCHASE = ['in_invoice', 'in_refund', 'in_receipt'];

export const isSale = (move: OdooRecord): boolean => SALE.includes(textOf(move, 'move_type'));
export const isPurchase = (move: OdooRecord): boolean => PURCHASE.includes(textOf(move, 'move_type'));
export const isInvoice = (move: OdooRecord): boolean => isSale(move) || isPurchase(move);
export const isRefund = (move: OdooRecord): boolean => textOf(move, 'move_type').endsWith('_refund');

/** +1 where products are debited (bills, credit notes to customers, entries), −1 where they are credited. */
export function directionOf(move: OdooRecord): '1' | '-1' {
  return ['out_invoice', 'out_receipt', 'in_refund'].includes(textOf(move, 'move_type')) ? '-1' : '1';
}

export function linesOf(env: Environment, move: number): OdooRecord[] {
  return env.inverse('account.move.line', 'move_id', move).map((id) => env.record('account.move.line', id));
}

export const hasName = (move: OdooRecord): boolean => textOf(move, 'name') !== '' && move.name !== '/';

export function companyOf(env: Environment, move: OdooRecord): OdooRecord {
  return env.record('res.company', idOf(move, 'company_id'));
}

export function journalOf(env: Environment, move: OdooRecord): OdooRecord {
  return env.record('account.journal', idOf(move, 'journal_id'));
}

const DRAFT_NAMES: Record<string, string> = {
  out_invoice: 'Draft Invoice',
  out_refund: 'Draft Credit Note',
  in_invoice: 'Draft Bill',
  in_refund: 'Draft Vendor Credit Note',
  out_receipt: 'Draft Sales Receipt',
  in_receipt: 'Draft Purchase Receipt',
  entry: 'Draft Entry',
};

/** A move as messages and many-to-ones name it. */
export function moveDisplayName(env: Environment, move: OdooRecord): string {
  const isDraft = move.state === 'draft';
  const ref = textOf(move, 'ref') ? ` (${textOf(move, 'ref')})` : '';
  const kind = isDraft ? `${DRAFT_NAMES[textOf(move, 'move_type')] ?? ''} ` : '';
  if (hasName(move)) return `${kind}${textOf(move, 'name')}${ref}`;
  return env.version === 19 ? `${kind.trim()}${ref}` : `${kind}(* ${move.id})${ref}`;
}
