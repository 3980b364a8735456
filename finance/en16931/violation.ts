import type { Invoice, Party } from '../documents';

/** One broken rule: its number in EN 16931-1 (or Peppol BIS Billing 3), the business term, and what is wrong. */
export interface RuleViolation {
  rule: string;
  /** e.g. `BT-1`, `BG-25` */
  term: string;
  message: string;
}

/** A rule looks at an invoice and its seller and says what is broken. */
export type Rule = (invoice: Invoice, seller: Party | undefined) => RuleViolation[];

/** The violation, where the condition does not hold. */
export const unless = (holds: boolean, rule: string, term: string, message: string): RuleViolation[] =>
  holds ? [] : [{ rule, term, message }];
