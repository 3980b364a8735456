import { FinanceError } from '../../errors';
import { sha256 } from '../../finance/canonical';
import type { Invoice, Party } from '../../finance/documents';

/** An e-invoice whose bytes are final. Plain JSON, so that it is stored with its step and resent as it stands. */
export interface SealedDocument {
  /** The document in UTF-8. */
  bytes: string;
  /** Of the bytes, hex. */
  sha256: string;
  /** See {@link naturalKeyOf}. */
  naturalKey: string;
  /** BT-1 */
  number: string;
  mediaType: string;
}

/** BT-3 (UNTDID 1001). */
const TYPE_CODE = { invoice: '380', credit_note: '381' } as const;

/**
 * What a network knows a document by: `seller VAT id/type/number`, with the seller's endpoint where it has no VAT id.
 *
 * @throws FinanceError EINVOICE_INVALID without number or seller
 */
export function naturalKeyOf(invoice: Invoice, seller?: Party): string {
  const { vatId, endpoint } = invoice.seller ?? seller ?? {};
  const who = vatId ?? (endpoint && `${endpoint.scheme}:${endpoint.id}`);
  if (!who)
    throw new FinanceError('EINVOICE_INVALID', {
      message: 'The seller has neither VAT id nor endpoint (BT-31, BT-34).',
    });
  if (!invoice.number)
    throw new FinanceError('EINVOICE_INVALID', { message: 'The invoice has no number (BT-1).' });
  return `${who}/${TYPE_CODE[invoice.kind]}/${invoice.number}`;
}

/** Seals the bytes of an invoice. @throws FinanceError EINVOICE_INVALID */
export function seal(
  invoice: Invoice,
  seller: Party | undefined,
  bytes: string,
  mediaType: string,
): SealedDocument {
  const naturalKey = naturalKeyOf(invoice, seller);
  return { bytes, sha256: sha256(bytes), naturalKey, number: invoice.number!, mediaType };
}

/**
 * Refuses bytes that are no longer those that were sealed.
 *
 * @throws FinanceError EINVOICE_CONFLICT
 */
export function assertUnbroken(sealed: SealedDocument): void {
  if (sha256(sealed.bytes) === sealed.sha256) return;
  throw new FinanceError('EINVOICE_CONFLICT', {
    message: `The stored bytes of ${sealed.naturalKey} are not those that were sealed.`,
    details: { naturalKey: sealed.naturalKey, sha256: sealed.sha256 },
  });
}
