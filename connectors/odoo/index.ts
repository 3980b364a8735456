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
export { type Phase, type PhaseRunner, type PostOptions, postInvoice } from './moves';
export { compareMove } from './moves/compare';
export type { Difference, Stage } from './moves/differences';
export { type PlannedLine, type PostingPlan, planInvoice } from './moves/dry-run';
export { assertPeriodOpen } from './moves/lock-dates';
export { createDraft, postMove, reconcileCreditNote } from './moves/post';
export { DEFAULT_PREFIX, externalIdOf, type PrepareOptions, prepareInvoice } from './moves/prepare';
export { lookupMove, type MoveLine, type MoveState, readBack, readMove } from './moves/read';
export type { ExpectedDraft, ExpectedMove, MoveRequest } from './moves/request';
export { moveUrl, type PostedMove, resultOf } from './moves/result';
export { setSourceTax, type TaxCorrection, taxCorrections } from './moves/source-tax';
export { findCustomer, findOrCreateCustomer, type PartyPlace } from './party';
export { amountOf, type Domain, decimalOf, type OdooRecord, searchRead } from './records';
