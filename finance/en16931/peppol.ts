import type { Invoice, Party } from '../documents';
import { equals, exponentOf, multiply, round } from '../money';
import { type RuleViolation, unless } from './violation';

/**
 * Rules of Peppol BIS Billing 3 that come on top of EN 16931: buyer reference or order (R003), both endpoints
 * (R010, R020), and net amount = quantity × price, rounded half up (R120).
 */
export function checkPeppol(invoice: Invoice, seller?: Party): RuleViolation[] {
  const { buyer, buyerReference, currency, lines, orderReference } = invoice;
  const decimals = Math.min(2, exponentOf(currency));
  const from = invoice.seller ?? seller;
  return [
    ...unless(
      Boolean(buyerReference || orderReference),
      'PEPPOL-EN16931-R003',
      'BT-10',
      'Neither a buyer reference nor an order reference is given.',
    ),
    ...unless(
      Boolean(buyer.endpoint),
      'PEPPOL-EN16931-R010',
      'BT-49',
      'The electronic address of the buyer is missing.',
    ),
    ...unless(
      Boolean(from?.endpoint),
      'PEPPOL-EN16931-R020',
      'BT-34',
      'The electronic address of the seller is missing.',
    ),
    ...lines.flatMap((line) => {
      const computed = round(multiply(line.quantity, line.unitPrice), decimals);
      return unless(
        equals(line.netAmount, computed),
        'PEPPOL-EN16931-R120',
        'BT-131',
        `The net amount of line ${line.id} is ${line.netAmount}, quantity × price is ${computed}.`,
      );
    }),
  ];
}
