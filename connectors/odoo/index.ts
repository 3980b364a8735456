export {
  type Adopted,
  adopt,
  bindCompared,
  isBound,
  type ShadowComparison,
  type ShadowOptions,
  shadow,
} from './adopt';
export { analyticOf, type BusinessDomain, mandatoryPlans } from './analytic-plans';
export { type Automation, assertNoAutomation, automations, type Job } from './automation';
export { type BankMatch, findBankMatch, matchBankLine, unmatchBankLine } from './bank-matching';
export { Batcher, type BatcherOptions } from './batch';
export {
  type CallInput,
  type CallOptions,
  connectOdoo,
  type OdooClient,
  type OdooOptions,
  type OdooVersion,
  type ProtocolName,
} from './client';
export {
  BOOKED_KINDS,
  type BooksQuery,
  readBooks,
  readRecordsOf,
  whereabouts,
} from './control/books';
export { domainOf, type FullDomain } from './domain';
export { ownPrefixOf } from './external-keys';
export { type ApiKey, apiKeys, expiringKeys, type KeyAlarm } from './key-expiry';
export {
  assertExternalId,
  buildLoad,
  type Cells,
  findByExternalId,
  type LoadRecord,
  type LoadRequest,
  load,
  mergeLoads,
} from './load';
export { type Company, Lookups, lookupsOf } from './lookups';
export { assertBankDetails, type BankApproval, type BankDetails } from './master/bank-details';
export { PARTNER_FIELDS, type PartnerField, upsertPartner } from './master/partners';
export { PRODUCT_FIELDS, type Product, type ProductField, upsertProduct } from './master/products';
export type { Upserted, UpsertMemory } from './master/upsert';
export {
  type GivenAllocation,
  type Located,
  locate,
  locateItems,
  type Matchable,
  type Place,
} from './matching/locate';
export type { Difference, Stage } from './moves/differences';
export { type PlannedLine, type PostingPlan, planInvoice } from './moves/dry-run';
export {
  accountingDate,
  assertPeriodOpen,
  type LatePolicy,
  type Lock,
  lockDates,
  lockOn,
  type PeriodQuestion,
} from './moves/lock-dates';
export { DEFAULT_PREFIX, externalIdOf, type PrepareOptions, prepareInvoice } from './moves/prepare';
export { lookupMove, type MoveLine, type MoveState, readMove } from './moves/read';
export type { ExpectedDraft, ExpectedMove, MoveRequest } from './moves/request';
export { type PostedMove, recordUrl } from './moves/result';
export type { TaxCorrection } from './moves/source-tax';
export {
  findOrCreatePartner,
  findOrCreatePartner as findOrCreateCustomer,
  findPartner,
  type MatchedBy,
  matchPartner,
  type PartnerMatch,
  type PartyPlace,
  partyPlace,
  type ResolvedPartner,
  resolvePartner,
} from './party';
export type {
  BankLineRequest,
  EntryRequest,
  Kinds,
  PaymentRequest,
  PostableDocument,
  PostedModel,
  PostedRecord,
  Poster,
  PosterName,
  PostRequest,
} from './posting/kinds';
export {
  ACTION_CODE,
  actionOf,
  installAction,
  type OneTransaction,
  removeAction,
} from './posting/one-transaction';
export { type DocumentPlan, planDocument } from './posting/plan';
export {
  type Phase,
  type PhaseRunner,
  type PostOptions,
  postDocument,
  postRequest,
  type RunOptions,
} from './posting/post';
export { poster, posterNameOf } from './posting/posters';
export { Posting, type PostingOptions } from './posting/posting';
export { singly, type Writer } from './posting/writer';
export { type ReadQuery, readPages, readRecords } from './read';
export {
  findReconciled,
  type PostEntry,
  type Reconciled,
  type ReconcileRequest,
  reconcilePayment,
  unreconcile,
} from './reconcile';
export { amountOf, type Domain, decimalOf, type OdooRecord, searchRead } from './records';
export {
  type CompanyRights,
  type ConnectionUse,
  checkRights,
  type Finding,
  type ModelUse,
  POSTED_KINDS,
  type Right,
  type RightsReport,
} from './rights';
export { secretSource } from './secret';
export { type Change, type Changes, type WatchCursor, type WatchQuery, watchChanges } from './watch';
