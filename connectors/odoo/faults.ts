import { type ErrorCode, type ErrorKind, FinanceError } from '../../errors';
import type { HttpAnswer } from './http';

/** What Odoo said: the Python class where the protocol names it, and the text. */
export interface Fault {
  exception: string;
  message: string;
}

interface Rule {
  exception?: RegExp;
  message?: RegExp;
  code: ErrorCode;
  kind?: ErrorKind;
}

/**
 * First fit wins. Texts are matched in English, which they are as long as no call sets `context.lang`; what no text
 * tells apart is still right by its class.
 */
const RULES: readonly Rule[] = [
  {
    message: /could not serialize access|deadlock detected|could not obtain lock on row/,
    code: 'ODOO_SERIALIZATION',
  },
  { exception: /SerializationFailure|DeadlockDetected|LockNotAvailable/, code: 'ODOO_SERIALIZATION' },
  { message: /database ".*" does not exist|No database is selected/, code: 'ODOO_DATABASE' },
  // the transaction died with its database connection, so nothing was committed
  { exception: /psycopg2\.(InterfaceError|OperationalError)/, code: 'ODOO_UNAVAILABLE', kind: 'transient' },
  {
    message: /cursor already closed|server closed the connection unexpectedly/,
    code: 'ODOO_UNAVAILABLE',
    kind: 'transient',
  },
  { exception: /AccessDenied|exceptions\.Unauthorized/, code: 'ODOO_UNAUTHORIZED' },
  { message: /^Private methods|^Object \S+ doesn't exist/, code: 'ODOO_MODEL' },
  { exception: /AccessError/, code: 'ODOO_ACCESS' },
  { message: /^You are not allowed to|doesn't have '\w+' access to/, code: 'ODOO_ACCESS' },
  {
    message: /^Record does not exist or has been deleted|^External ID not found in the system/,
    code: 'ODOO_MISSING',
  },
  { exception: /MissingError/, code: 'ODOO_MISSING' },
  { message: /^No matching record found for/, code: 'ODOO_MISSING' },
  { message: /inactive currency/, code: 'ODOO_CURRENCY' },
  { message: /prior to and inclusive of/, code: 'ODOO_DATE_MOVED' },
  { message: /found record of different model/, code: 'DOCUMENT_CONFLICT' },
  { message: /^Invalid field |during import: <class 'KeyError'>/, code: 'ODOO_MODEL' },
  { exception: /odoo\.exceptions\./, code: 'ODOO_VALIDATION' },
  { exception: /TooManyRequests/, code: 'ODOO_UNAVAILABLE', kind: 'throttled' },
  { exception: /werkzeug\./, code: 'ODOO_MODEL' },
  { exception: /KeyError|AttributeError|TypeError|ExpatError|JSONDecodeError/, code: 'ODOO_MODEL' },
];

/** Any other exception of Python: Odoo rolled back and refuses the data as it is. */
const OTHERWISE: Rule = { code: 'ODOO_VALIDATION' };

/** The error of the one table for a fault of any protocol. */
export function faultError(fault: Fault): FinanceError {
  const rule =
    RULES.find(
      ({ exception, message }) =>
        (!exception || exception.test(fault.exception)) && (!message || message.test(fault.message)),
    ) ?? OTHERWISE;
  return new FinanceError(rule.code, {
    kind: rule.kind,
    message: `Odoo: ${shorten(fault.message) || fault.exception}`,
    details: fault.exception ? { exception: fault.exception } : undefined,
  });
}

/** A message of `load`, which comes with HTTP 200 and `ids: false`. */
export interface LoadMessage {
  message: string;
  /** Index of the record; a batch-level message wrongly says 0. */
  record?: number;
  field?: string;
}

/**
 * The error of `load`'s messages; a serialization among them outweighs the rest, since a repeat may clear them all.
 */
export function loadError(messages: readonly LoadMessage[]): FinanceError {
  const errors = messages.map(({ message }) => faultError({ exception: '', message }));
  const first = errors.find(({ kind }) => kind === 'transient') ?? errors[0] ?? faultError(SILENT_LOAD);
  const seen = messages.slice(0, 5).map(({ message, ...place }) => ({ ...place, message: shorten(message) }));
  return new FinanceError(first.code, {
    kind: first.kind,
    message: first.message,
    details: { messages: seen },
  });
}

const SILENT_LOAD: Fault = { exception: '', message: 'load gave no ids and no message' };

/** XML-RPC tells the class by a number only; code 1 carries a traceback whose last exception is the fault. */
export function xmlrpcFault(faultCode: number, text: string): Fault {
  if (faultCode === 2) return { exception: 'odoo.exceptions.UserError', message: text };
  if (faultCode === 3) return { exception: 'odoo.exceptions.AccessDenied', message: text };
  if (faultCode === 4) return { exception: 'odoo.exceptions.AccessError', message: text };
  return lastException(text);
}

function lastException(traceback: string): Fault {
  const tail = traceback.slice(Math.max(0, traceback.lastIndexOf('Traceback (most recent call last):')));
  const lines = tail.split('\n').slice(1);
  const start = lines.findIndex((line) => /^[A-Za-z_][\w.]*(:|$)/.test(line));
  if (start < 0) return { exception: '', message: traceback };
  const [, exception = '', first = ''] = /^([\w.]+):?\s*(.*)$/.exec(lines[start] ?? '') ?? [];
  return { exception, message: [first, ...lines.slice(start + 1)].join('\n').trim() };
}

/**
 * The error of an answer that no Odoo protocol gives: a proxy's page, a redirect, half a body.
 * @param write without a proper answer the outcome of a write is in doubt, unless the status says it was turned away
 */
export function httpError(answer: HttpAnswer, write: boolean): FinanceError {
  const { status, body, retryAfterMs } = answer;
  if (/No database is selected/.test(body))
    return faultError({ exception: '', message: 'No database is selected' });
  if (status === 429 || status === 503)
    return new FinanceError('ODOO_UNAVAILABLE', {
      kind: status === 429 ? 'throttled' : 'unavailable',
      message: `Odoo answers HTTP ${status}.`,
      retryAfterMs,
    });
  if (status === 401) return new FinanceError('ODOO_UNAUTHORIZED', { message: 'Odoo answers HTTP 401.' });
  if (status >= 500)
    return new FinanceError('ODOO_UNAVAILABLE', {
      kind: write ? 'in_doubt' : 'unavailable',
      message: `Odoo answers HTTP ${status}.`,
    });
  if (status >= 300 && status < 400) return badAnswer(`HTTP ${status}, a redirect, which is not followed`);
  return badAnswer(`HTTP ${status}, ${answer.contentType || 'no content type'}`);
}

/** A body that broke off in the middle though its length was right, or that is none of the protocol. */
export function unreadable(answer: HttpAnswer, write: boolean): FinanceError {
  if (answer.status !== 200 || /^\s*<(!doctype|html)/i.test(answer.body)) return httpError(answer, write);
  return new FinanceError('ODOO_UNAVAILABLE', {
    kind: write ? 'in_doubt' : 'unavailable',
    message: 'The answer of Odoo broke off or is not of the protocol.',
  });
}

/** An answer that is none of Odoo's. */
export const badAnswer = (what: string): FinanceError =>
  new FinanceError('ODOO_BAD_ANSWER', { message: `The answer is not Odoo's: ${what}.` });

const shorten = (text: string): string => {
  const line = text.trim();
  return line.length > 600 ? `${line.slice(0, 600)}…` : line;
};
