export { assertClean, checkInvoice } from './check';
export { checkPeppol } from './peppol';
export { CUSTOMIZATION, PROFILE, toUbl } from './ubl';
export type { RuleViolation } from './violation';
