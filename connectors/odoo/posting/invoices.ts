import { compareMove, moveDifferences } from '../moves/compare';
import { periodOf, reconcileCreditNote } from '../moves/post';
import { prepareInvoice } from '../moves/prepare';
import { resultOf } from '../moves/result';
import { setSourceTax } from '../moves/source-tax';
import type { Poster } from './kinds';

/** Customer invoices, vendor bills, and their credit notes. */
export const invoices: Poster<'invoice'> = {
  model: 'account.move',
  prepare: prepareInvoice,
  compare: compareMove,
  differences: moveDifferences,
  period: ({ expected }) => periodOf(expected),
  amend: async (client, request, draft) => (await setSourceTax(client, request, draft)).length > 0,
  async settle(client, request, { id }) {
    await reconcileCreditNote(client, request, id);
  },
  result: resultOf,
};
