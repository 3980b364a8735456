export { ERRORS, type ErrorCode, type ErrorRow } from './table';
export { FinanceError, type FinanceErrorInit, type ErrorKind, type StoredError, isFinanceError, toFinanceError } from './finance-error';
