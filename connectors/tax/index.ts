export type { TaxCall, TaxEngine } from './engine';
export { type HttpJsonOptions, httpJson } from './http-json';
export { type RatesTableOptions, ratesTable } from './rates-table';
