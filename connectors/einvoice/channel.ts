import { FinanceError, toFinanceError } from '../../errors';
import type { EInvoiceSubmission, Invoice, Party } from '../../finance/documents';
import type { SealedDocument } from './seal';

/** What a network can do, so that the run knows how to wait and how to recover. */
export interface Capabilities {
  /** `sync`: the answer is the decision; `async`: it comes later, ask `status`; `report`: nobody decides. */
  mode: 'sync' | 'async' | 'report';
  /** A document can be found by its natural key; without it one in doubt is resent with the identical bytes. */
  lookup: boolean;
  /** Documents are chained by hash or counter: one at a time per seller. */
  chain: boolean;
  /** Hours after acceptance in which `cancel` works. */
  cancelHours?: number;
  /** Hours within which a document that was issued while the network was down has to follow. */
  offlineHours?: number;
}

/** What the network says about a document. Transport and the buyer's response are separate axes. */
export interface Submission {
  /** The network's id. */
  id: string;
  naturalKey: string;
  /** SHA-256 of the bytes that the network holds, hex, where it says. */
  sha256?: string;
  transport: Exclude<EInvoiceSubmission['transport'], 'unknown'>;
  buyerResponse?: EInvoiceSubmission['buyerResponse'];
  messages: EInvoiceSubmission['messages'];
}

/** What an error of a network means for the document. */
export type Classification =
  | 'retry'
  | 'throttle'
  | 'fix'
  | 'auth'
  | 'ambiguous'
  | 'duplicate_ok'
  | 'duplicate_conflict';

/** One e-invoice network. All methods throw FinanceError EINVOICE_*. */
export interface EInvoiceChannel {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Checks the rules and makes the bytes, once; they are stored and never made again. */
  build(invoice: Invoice, seller?: Party): SealedDocument;
  /** Hands the identical bytes over; again and again, if need be. */
  submit(sealed: SealedDocument, idempotencyKey: string): Promise<Submission>;
  /** @param id the network's */
  status(id: string): Promise<Submission>;
  lookup(naturalKey: string): Promise<Submission | undefined>;
  cancel?(id: string, reason: string): Promise<Submission>;
  classify(error: unknown): Classification;
}

/** The meaning of an error by its kind; a channel overrides it where its network deviates. */
export function classify(error: unknown): Classification {
  switch (toFinanceError(error).kind) {
    case 'transient':
    case 'unavailable':
      return 'retry';
    case 'throttled':
      return 'throttle';
    case 'unauthorized':
      return 'auth';
    case 'in_doubt':
      return 'ambiguous';
    case 'duplicate':
      return 'duplicate_ok';
    case 'conflict':
      return 'duplicate_conflict';
    default:
      return 'fix';
  }
}

/**
 * Holds what the network has against what was sealed.
 *
 * @throws FinanceError EINVOICE_CONFLICT
 */
export function assertSame(sealed: SealedDocument, { sha256, naturalKey, id }: Submission): void {
  const differs = naturalKey !== sealed.naturalKey || (sha256 !== undefined && sha256 !== sealed.sha256);
  if (!differs) return;
  throw new FinanceError('EINVOICE_CONFLICT', {
    message: `The network holds another document than ours as ${id} (${naturalKey}).`,
    details: { id, naturalKey, sha256, ours: { naturalKey: sealed.naturalKey, sha256: sealed.sha256 } },
  });
}

/** The canonical document of a submission. Without `submission` its transport is `unknown`. */
export function submissionDocument(
  channel: Pick<EInvoiceChannel, 'name'>,
  invoice: Pick<Invoice, 'entity' | 'source'>,
  sealed: SealedDocument,
  submission?: Submission,
): EInvoiceSubmission {
  const { naturalKey, number, sha256 } = sealed;
  return {
    schema: 'einvoice_submission/1',
    kind: 'einvoice_submission',
    entity: invoice.entity,
    source: invoice.source,
    channel: channel.name,
    naturalKey,
    number,
    sha256,
    ...(submission && { networkId: submission.id }),
    transport: submission?.transport ?? 'unknown',
    ...(submission?.buyerResponse && { buyerResponse: submission.buyerResponse }),
    messages: submission?.messages ?? [],
  };
}
