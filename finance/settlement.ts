import { FinanceError } from '../errors';
import type { Currency, Decimal } from './documents';
import { compare, equals, isNegative, isZero, sub, sum } from './money';

/** Something open: what a payment still has to give, or an invoice still to get. */
export interface Open {
  /** Above zero, in `currency`. */
  residual: Decimal;
  currency: Currency;
}

export interface OpenInvoice extends Open {
  id: number;
}

export interface SettlementPlan {
  /** Matched as they are, in this order: both sides give as much as they hold. */
  direct: number[];
  /** Matched through a line of their own, since the payment holds more than the share and the invoice too. */
  splits: { id: number; amount: Decimal }[];
  /** What is forgiven of an invoice. */
  writeOffs: { id: number; amount: Decimal }[];
  /** What is left of the payment and not kept open. */
  over?: { amount: Decimal; as: 'write-off' | 'overpayment' };
}

export interface SettlementRules {
  /** Most that is written off, in the payment's currency. */
  tolerance: Decimal;
  canWriteOff: boolean;
  /** There is an account for what is paid too much; otherwise it stays open. */
  movesOverpayment: boolean;
}

/**
 * How a payment is matched with its allocations, each with the very amount given. Two open things match with as much
 * as the smaller one holds; so an allocation that is less than both needs a line of its own.
 *
 * @throws FinanceError ODOO_AMOUNT_DIFFERS when an invoice holds less than its share, or the payment less than all
 * shares; ODOO_VALIDATION when a share in another currency is not all that the payment has
 */
export function planSettlement(
  payment: Open,
  invoices: readonly OpenInvoice[],
  allocations: readonly { id: number; amount: Decimal }[],
  rules: SettlementRules,
): SettlementPlan {
  const shares = allocations
    .filter(({ amount }) => compare(amount, '0') > 0)
    .map(({ id, amount }) => ({ id, amount, invoice: invoiceOf(invoices, id) }));
  const given = sum(shares.map(({ amount }) => amount));
  const left = sub(payment.residual, given);
  if (isNegative(left)) throw short('The payment', payment.residual, given, payment.currency);
  const plan: SettlementPlan = { direct: [], splits: [], writeOffs: [] };
  const partial: typeof shares = [];
  for (const share of shares) {
    const { id, amount, invoice } = share;
    if (invoice.currency !== payment.currency) {
      if (shares.length > 1 || !isZero(left)) throw acrossCurrencies(payment, invoice);
      plan.direct.push(id);
      continue;
    }
    const open = sub(invoice.residual, amount);
    if (isNegative(open)) throw short(`The open item ${id}`, invoice.residual, amount, payment.currency);
    if (isZero(open)) plan.direct.push(id);
    else partial.push(share);
    if (isForgiven(open, rules)) plan.writeOffs.push({ id, amount: open });
  }
  const over = isZero(left) || shares.length === 0 ? undefined : overOf(left, rules);
  if (over) plan.over = over;
  // the last may take what the payment has left, as long as nothing else is to come out of it
  const last = isZero(left) ? partial.pop() : undefined;
  for (const { id, amount } of partial) plan.splits.push({ id, amount });
  if (last) plan.direct.push(last.id);
  return plan;
}

const isForgiven = (open: Decimal, { canWriteOff, tolerance }: SettlementRules): boolean =>
  canWriteOff && !isZero(open) && compare(open, tolerance) <= 0;

function overOf(left: Decimal, rules: SettlementRules): SettlementPlan['over'] {
  if (isForgiven(left, rules)) return { amount: left, as: 'write-off' };
  return rules.movesOverpayment ? { amount: left, as: 'overpayment' } : undefined;
}

function invoiceOf(invoices: readonly OpenInvoice[], id: number): OpenInvoice {
  const invoice = invoices.find((each) => each.id === id);
  if (invoice && !equals(invoice.residual, '0')) return invoice;
  throw new FinanceError('ODOO_AMOUNT_DIFFERS', {
    message: `The open item ${id} is settled already, by something else than this payment.`,
    hint: 'See what it was matched with; correct the allocation, or take that matching back.',
    details: { id },
  });
}

const short = (what: string, found: Decimal, expected: Decimal, currency: Currency): FinanceError =>
  new FinanceError('ODOO_AMOUNT_DIFFERS', {
    message: `${what} has ${found} ${currency} left, less than the ${expected} ${currency} to be matched.`,
    details: { found, expected, currency },
  });

const acrossCurrencies = (payment: Open, invoice: OpenInvoice): FinanceError =>
  new FinanceError('ODOO_VALIDATION', {
    message: `The payment is of ${payment.currency}, the open item ${invoice.id} of ${invoice.currency}: only a whole payment can settle another currency.`,
    details: { id: invoice.id, payment: payment.currency, item: invoice.currency },
  });
