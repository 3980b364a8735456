export {
  type Anchor,
  anchorKey,
  exportAnchors,
  makeAnchors,
  newAnchorKey,
  readAnchors,
} from './anchors';
export { boundariesPassed, boundary, killAtBoundary } from './boundary';
export type { Cluster } from './cluster';
export {
  type ApprovalLimits,
  approvalLimits,
  type DecisionCase,
  isAbove,
  needsSecond,
  type Stake,
  samePerson,
} from './four-eyes';
export { Host, type Log } from './host';
export { newId, sha256, stableJson } from './ids';
export { JobRunner, type JobRunnerOptions } from './jobs';
export { Leases } from './leases';
export * from './model';
export * from './observer';
export { type OpenStoreOptions, openStore } from './open';
export { Pipeline, type PipelineOptions } from './pipeline';
export { type OpenPostgresOptions, openPostgresStore } from './postgres/store';
export { LocalRateLimiter, type Rate, type RateLimiter, type RateOf } from './rate-limit';
export { type OpenRedisOptions, openRedis } from './redis/cluster';
export { type RetentionPolicy, type RetentionResult, retain, retentionPolicy } from './retention';
export { type Disposition, disposition, isNotTried, RETRIES, type RetryRule, type Tries } from './retry';
export { type Effect, leaseOf, Pending, Split, type StepOutcome, type StepSpec, step, wrote } from './run';
export { type ScheduleOptions, Schedules } from './schedules';
export { knowSecret, scrub, scrubText } from './scrub';
export { History } from './sqlite/history';
export { type OpenSqliteOptions, openSqliteStore } from './sqlite/store';
export type { Store } from './store';
export * from './targets';
export type { Act, EntryFix } from './transitions/acts';
export type { Amounts } from './transitions/amounts';
export type { OpenRow } from './transitions/canonical';
export type { Child } from './transitions/children';
export type { Concern, Concerns, ConcernsInput } from './transitions/concerns';
export { type Consumer, consumerToken, tokenHashOf } from './transitions/consumers';
export type { DocumentTrace, TracedStep } from './transitions/document-trace';
export type {
  ExceptionFilter,
  ExceptionPlace,
  ExceptionSort,
  ExceptionState,
  ListedException,
} from './transitions/exception-list';
export type { JobKind, JobRow } from './transitions/job-rows';
export type { FixInput, Job, JobAction, MissingCause } from './transitions/jobs';
export { MESSAGE_PIPELINE } from './transitions/lease';
export type { Changes, TargetUse } from './transitions/monitor';
export { AGES, type Age, type Charts, type OverviewRow, STAGES, type Stage } from './transitions/overview';
export { findOverlap } from './transitions/pipelines';
export type { Versions } from './transitions/proposal-rows';
export type { Decided, Proposal } from './transitions/proposals';
export type { Backlog, Delayed, Feed, OpenExceptions, Pulse } from './transitions/pulse';
export type { Scope } from './transitions/query';
export { type ExceptionView, type Figures, noFigures, type Trace } from './transitions/read';
export type { LinkedStep } from './transitions/resolve';
export type { DocumentFilter, ListedDocument, StepInDoubt } from './transitions/search';
export type { TargetRow } from './transitions/targets';
export type { Kin, KinDocument, PeriodDocument, PeriodTotal } from './transitions/totals';
export type { AuditVerification } from './verify';
