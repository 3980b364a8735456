import { FinanceError } from '../../errors';
import { type Party, validateParty } from '../../finance';
import type { KeyedDocument } from '../kit/documents';

/** Where the party of a document is; undefined for kinds that have none, or several. */
export function partyPath(document: KeyedDocument): string | undefined {
  switch (document.schema) {
    case 'invoice/1':
      return document.direction === 'vendor' ? 'seller' : 'buyer';
    case 'payment/1':
    case 'refund/1':
      return 'payer';
    case 'party/1':
      return 'party';
    default:
      return undefined;
  }
}

function at(document: unknown, path: string): unknown {
  let value = document;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/**
 * The party at a path (`buyer`, `lines.0.partner`) of a document.
 * @throws FinanceError MAP_INPUT_INVALID where there is none, or one that is not valid
 */
export function partyAt(document: KeyedDocument, path: string | undefined): Party {
  const found = path === undefined ? undefined : at(document, path);
  if (found !== undefined) return validateParty(found, 'MAP_INPUT_INVALID');
  throw new FinanceError('MAP_INPUT_INVALID', {
    message: path
      ? `The document has no party at ${path}.`
      : `Documents of kind ${document.kind} have no party of their own: say where it is.`,
  });
}
