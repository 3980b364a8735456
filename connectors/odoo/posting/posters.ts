import { FinanceError } from '../../../errors';
import type { DocumentKind } from '../../../finance/documents';
import { bankLines } from './bank-lines';
import { entries } from './entries';
import { invoices } from './invoices';
import type { Poster, PosterName } from './kinds';
import { payments } from './payments';

/** One shape for every kind. */
const POSTERS: { readonly [K in PosterName]: Poster<K> } = {
  invoice: invoices,
  entry: entries,
  payment: payments,
  bank_line: bankLines,
};

const POSTER_OF: Partial<Record<DocumentKind, PosterName>> = {
  invoice: 'invoice',
  credit_note: 'invoice',
  payment: 'payment',
  refund: 'payment',
  payout: 'entry',
  journal_entry: 'entry',
  bank_transaction: 'bank_line',
};

/** The poster by its name, as a recorded request says it. */
export const poster = <K extends PosterName>(name: K): Poster<K> => POSTERS[name];

/** @throws FinanceError ODOO_VALIDATION for a kind that is not posted */
export function posterNameOf({ kind }: { kind: DocumentKind }): PosterName {
  const name = POSTER_OF[kind];
  if (name) return name;
  throw new FinanceError('ODOO_VALIDATION', { message: `Documents of the kind ${kind} are not posted.` });
}
