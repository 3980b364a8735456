import type { Environment } from '../core/environment';
import { type Decimal, decimalOf, idOf, type OdooRecord, sum, textOf, ZERO } from '../core/value';
import { directionOf, isInvoice, isRefund, linesOf } from './move-kind';

interface Residual {
  /** Positive in the invoice's currency. */
  inCurrency: Decimal;
  /** Signed, in the company's currency. */
  inCompany: Decimal;
}

/** What is still to be paid of an invoice. */
export function residualOf(env: Environment, move: OdooRecord): Residual {
  if (!isInvoice(move)) return { inCurrency: ZERO, inCompany: ZERO };
  const terms = linesOf(env, move.id).filter((line) => line.display_type === 'payment_term');
  const sign = directionOf(move);
  return {
    inCurrency: sum(terms.map((line) => decimalOf(line, 'amount_residual_currency'))).times(
      sign === '1' ? '-1' : '1',
    ),
    inCompany: sum(terms.map((line) => decimalOf(line, 'amount_residual'))),
  };
}

/** `not_paid`, `partial`, `paid` or `reversed` (paid by credit notes alone). */
export function paymentState(env: Environment, move: OdooRecord): string {
  if (!isInvoice(move) || move.state !== 'posted') return 'not_paid';
  const terms = linesOf(env, move.id).filter((line) => line.display_type === 'payment_term');
  const partials = terms.flatMap((line) => [
    ...env.inverse('account.partial.reconcile', 'debit_move_id', line.id),
    ...env.inverse('account.partial.reconcile', 'credit_move_id', line.id),
  ]);
  const isOpen = terms.some((line) => !decimalOf(line, 'amount_residual_currency').eq('0'));
  if (isOpen) return partials.length > 0 ? 'partial' : 'not_paid';
  if (partials.length === 0) return decimalOf(move, 'amount_total').eq('0') ? 'paid' : 'not_paid';
  const own = new Set(terms.map(({ id }) => id));
  const others = partials.map((id) => {
    const partial = env.record('account.partial.reconcile', id);
    const debit = idOf(partial, 'debit_move_id');
    const line = env.record('account.move.line', own.has(debit) ? idOf(partial, 'credit_move_id') : debit);
    return env.record('account.move', idOf(line, 'move_id'));
  });
  const isReversal =
    others.every((other) => isRefund(other) !== isRefund(move) && isInvoice(other)) ||
    others.every(
      (other) => textOf(other, 'move_type') === 'entry' && idOf(other, 'reversed_entry_id') === move.id,
    );
  return isReversal && !isRefund(move) ? 'reversed' : 'paid';
}
