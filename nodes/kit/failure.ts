import { ERRORS, FinanceError, isFinanceError, type StoredError, toFinanceError } from '../../errors';
import type { Message } from './red';

/** `msg.error` on the failure output of a node. */
export interface MessageError extends StoredError {
  documentId?: string;
}

/** The error as plain JSON for `msg.error`. */
export function messageError(error: FinanceError, step: string, documentId?: string): MessageError {
  return { ...error.toJSON(), step: error.step ?? step, ...(documentId && { documentId }) };
}

/**
 * The error that `done` takes. A Catch node lets only message, code and cause through, so the cause is the whole
 * error: its kind may differ from the one that the table gives the code.
 */
export function carrierOf(error: FinanceError): Error {
  return Object.assign(new Error(error.message, { cause: error }), { code: error.code });
}

/** Catch writes the class in front of the message. */
const withoutClass = (message: unknown): unknown =>
  typeof message === 'string' ? message.replace(/^(?:\w*Error): /, '') : message;

/** The error of a message, from the failure output of a node or from Catch, with the step that failed. */
export function errorOf(msg: Message): FinanceError {
  const { error } = msg;
  if (isFinanceError(error)) return error;
  if (error === undefined || error === null)
    return new FinanceError('RUN_UNEXPECTED', { message: 'The message came here without an error.' });
  const seen = error as Partial<MessageError> & { source?: { name?: string; type?: string } };
  if (isStored(seen)) return FinanceError.fromJSON(seen);
  const step = seen.source?.name || seen.source?.type;
  const caught = toFinanceError({ ...seen, message: withoutClass(seen.message) });
  return FinanceError.fromJSON({ ...caught.toJSON(), step: caught.step ?? step });
}

const KINDS = new Set<unknown>(Object.values(ERRORS).map(({ kind }) => kind));

function isStored(seen: Partial<StoredError>): seen is StoredError {
  return (
    typeof seen.code === 'string' &&
    seen.code in ERRORS &&
    KINDS.has(seen.kind) &&
    typeof seen.message === 'string' &&
    typeof seen.hint === 'string'
  );
}
