export type { TaxRecord } from './records';
export { startTax, TAX_API_KEY, type TaxOptions } from './server';
