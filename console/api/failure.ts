import { type ErrorCode, FinanceError, toFinanceError } from '../../errors';

/** What a failed request is answered. */
export interface Failure {
  status: number;
  body: { error: { code: ErrorCode; message: string; hint: string; details?: Record<string, unknown> } };
  retryAfterMs?: number;
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  API_UNAUTHENTICATED: 401,
  API_FORBIDDEN: 403,
  API_NOT_FOUND: 404,
  API_RATE_LIMITED: 429,
  DECISION_SECOND_PERSON: 403,
  STORE_NOT_FOUND: 404,
  STORE_STATE: 409,
  RUN_UNEXPECTED: 500,
};

/** The answer to an error. What the store or the machine says of itself stays inside: the code is enough. */
export function failureOf(error: unknown): Failure {
  const known = toFinanceError(error);
  const status = STATUS[known.code] ?? statusOf(known);
  const { code, retryAfterMs } = known;
  const { message, hint, details } = status >= 500 ? new FinanceError(code) : known;
  return { status, retryAfterMs, body: { error: { code, message, hint, ...(details && { details }) } } };
}

function statusOf({ kind }: FinanceError): number {
  switch (kind) {
    case 'invalid':
    case 'unmapped':
    case 'rejected':
      return 400;
    case 'conflict':
    case 'duplicate':
    case 'in_doubt':
    case 'locked_period':
    case 'stalled':
      return 409;
    case 'unauthorized':
      return 502;
    case 'throttled':
      return 429;
    default:
      return 503;
  }
}
