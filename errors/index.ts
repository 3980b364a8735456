export {
  type ErrorKind,
  FinanceError,
  type FinanceErrorInit,
  isFinanceError,
  type StoredError,
  toFinanceError,
} from './finance-error';
export { ERRORS, type ErrorCode, type ErrorRow } from './table';
