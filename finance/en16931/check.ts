import { FinanceError } from '../../errors';
import type { Invoice, Party } from '../documents';
import { amounts } from './amounts';
import { mandatory } from './mandatory';
import { vat } from './vat';
import type { RuleViolation } from './violation';

/**
 * Checks an invoice or credit note against the rules of EN 16931-1: mandatory terms, sums exact to the cent, VAT per
 * category. An empty list means clean. What the model cannot express (allowances of the document, BT-8, payee …)
 * is not checked.
 * @param seller the legal entity's, where the invoice does not name its own
 * @throws FinanceError DOCUMENT_CURRENCY_UNKNOWN
 */
export function checkInvoice(invoice: Invoice, seller?: Party): RuleViolation[] {
  const from = invoice.seller ?? seller;
  return [mandatory, amounts, vat].flatMap((rule) => rule(invoice, from));
}

/**
 * The violations as one error, for a step that must not go on.
 * @throws FinanceError EINVOICE_INVALID with `details.violations`
 */
export function assertClean(violations: readonly RuleViolation[]): void {
  const [first] = violations;
  if (!first) return;
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  throw new FinanceError('EINVOICE_INVALID', {
    message: `${first.rule} (${first.term}): ${first.message}${more}`,
    details: { violations },
  });
}
