import { ERRORS, type ErrorCode } from './table';

/**
 * What an error means for the document that met it. The kind alone decides what happens next:
 * `transient`, `throttled` and `unavailable` are retried; `in_doubt` asks the target first; all others are held
 * for a person (`duplicate` is settled).
 */
export type ErrorKind =
  | 'transient'
  | 'throttled'
  | 'unavailable'
  | 'in_doubt'
  | 'unauthorized'
  | 'invalid'
  | 'unmapped'
  | 'rejected'
  | 'conflict'
  | 'duplicate'
  | 'locked_period'
  | 'stalled';

export interface FinanceErrorInit {
  /** Plain-language cause; the table's title where it is left out. */
  message?: string;
  /** What a person may do about it; the table's hint where it is left out. */
  hint?: string;
  /** Overrides the kind that the table gives the code. */
  kind?: ErrorKind;
  cause?: unknown;
  documentId?: string;
  step?: string;
  /** Milliseconds that the other side asked us to wait (Retry-After). */
  retryAfterMs?: number;
  /** JSON pointers, codes or ids that help to find the fault; never a secret, never a whole body. */
  details?: Record<string, unknown>;
}

/** The one class of error. Its `code` is stable and documented in `errors/table.ts`. */
export class FinanceError extends Error {
  readonly kind: ErrorKind;
  readonly code: ErrorCode;
  readonly hint: string;
  readonly documentId?: string;
  readonly step?: string;
  readonly retryAfterMs?: number;
  readonly details?: Record<string, unknown>;

  constructor(code: ErrorCode, init: FinanceErrorInit = {}) {
    const row = ERRORS[code];
    super(init.message ?? row.title, { cause: init.cause });
    this.name = 'FinanceError';
    this.code = code;
    this.kind = init.kind ?? row.kind;
    this.hint = init.hint ?? row.hint;
    this.documentId = init.documentId;
    this.step = init.step;
    this.retryAfterMs = init.retryAfterMs;
    this.details = init.details;
  }

  /** The error as plain JSON, as it is stored with a step and sent between threads. */
  toJSON(): StoredError {
    const { code, kind, message, hint, step, details, retryAfterMs } = this;
    return { code, kind, message, hint, step, details, retryAfterMs };
  }

  /** The inverse of {@link FinanceError.toJSON}. */
  static fromJSON(stored: StoredError): FinanceError {
    return new FinanceError(stored.code, stored);
  }
}

/** A FinanceError as JSON. */
export interface StoredError {
  code: ErrorCode;
  kind: ErrorKind;
  message: string;
  hint: string;
  step?: string;
  details?: Record<string, unknown>;
  retryAfterMs?: number;
}

export function isFinanceError(error: unknown): error is FinanceError {
  return error instanceof FinanceError;
}

/**
 * Any thrown value as a FinanceError. Of an error that went through Node-RED's Catch only `message`, `code` and
 * `cause` survive, so a known code is enough to find the kind again.
 */
export function toFinanceError(error: unknown, fallback: ErrorCode = 'RUN_UNEXPECTED'): FinanceError {
  if (isFinanceError(error)) return error;
  const seen = (typeof error === 'object' && error !== null ? error : { message: String(error) }) as {
    message?: unknown;
    code?: unknown;
    hint?: unknown;
    cause?: unknown;
  };
  const message = typeof seen.message === 'string' ? seen.message : String(error);
  if (isFinanceError(seen.cause)) return seen.cause;
  const code = typeof seen.code === 'string' && seen.code in ERRORS ? (seen.code as ErrorCode) : fallback;
  return new FinanceError(code, { message, cause: error });
}
