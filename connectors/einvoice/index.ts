export {
  assertSame,
  type Capabilities,
  type Classification,
  classify,
  type EInvoiceChannel,
  type Submission,
  submissionDocument,
} from './channel';
export { type PeppolRestOptions, peppolRest } from './peppol-rest';
export { assertUnbroken, naturalKeyOf, type SealedDocument, seal } from './seal';
