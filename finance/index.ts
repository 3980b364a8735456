export { dayOf, millisOf } from './calendar';
export * from './canonical';
export * from './documents';
export * from './entity';
export { checkInvoice, linesByTaxGroup, taxGroupOf } from './invoice';
export * from './mapping';
export * as money from './money';
export * from './validate';
