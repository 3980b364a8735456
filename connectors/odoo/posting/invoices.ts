import { compareMove, moveDifferences } from '../moves/compare';
import { reconcileCreditNote } from '../moves/credit-note';
import { periodOf } from '../moves/lock-dates';
import { prepareInvoice } from '../moves/prepare';
import { resultOf } from '../moves/result';
import { setSourceTax, taxCorrections } from '../moves/source-tax';
import { assertFirst } from '../moves/twins';
import type { Poster } from './kinds';

/** Customer invoices, vendor bills, and their credit notes. */
export const invoices: Poster<'invoice'> = {
  model: 'account.move',
  prepare: prepareInvoice,
  compare: compareMove,
  differences: moveDifferences,
  period: ({ expected }) => periodOf(expected),
  assertFirst,
  corrections: taxCorrections,
  amend: async (client, request, draft) => (await setSourceTax(client, request, draft)).length > 0,
  settlement({ expected: { reversedMoveId } }, major) {
    // from 17 on Odoo reconciles it as it is posted
    return reversedMoveId === undefined || major >= 17 ? undefined : { reversedMoveId };
  },
  settle: async (client, request, { id }) => ({ reconciled: await reconcileCreditNote(client, request, id) }),
  result: resultOf,
};
