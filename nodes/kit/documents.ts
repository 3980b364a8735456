import { FinanceError } from '../../errors';
import {
  type CanonicalDocument,
  type Invoice,
  type LegalEntity,
  type Party,
  validateDocument,
  validateInvoice,
} from '../../finance';
import type { Message } from './red';

/** A canonical document that has a business key. */
export type KeyedDocument = Exclude<CanonicalDocument, Party>;

const missing = (what: string): FinanceError =>
  new FinanceError('RUN_NO_DOCUMENT', { message: `The message carries no ${what} in msg.payload.` });

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The invoice or credit note of a message, of this entity.
 * @throws RUN_NO_DOCUMENT, MAP_INPUT_INVALID, CONFIG_INVALID where it is of another entity
 */
export function invoiceIn({ payload }: Message, entity: LegalEntity): Invoice {
  if (!isObject(payload) || payload.schema !== 'invoice/1') throw missing('invoice');
  const invoice = validateInvoice(payload, 'MAP_INPUT_INVALID');
  assertEntity(invoice.entity, entity);
  return invoice;
}

/** @throws RUN_NO_DOCUMENT, MAP_INPUT_INVALID */
export function documentIn({ payload }: Message): KeyedDocument {
  if (!isObject(payload) || !isObject(payload.source)) throw missing('canonical document');
  return validateDocument(payload, 'MAP_INPUT_INVALID') as KeyedDocument;
}

/** @throws CONFIG_INVALID */
export function assertEntity(found: string, { key }: LegalEntity): void {
  if (found === key) return;
  throw new FinanceError('CONFIG_INVALID', {
    message: `The document is of entity ${found}, this node is set to ${key}.`,
    hint: 'Wire each entity to its own nodes, or narrow the filter of pipeline in.',
  });
}
