import { auditHeads, checkAnchors } from '../anchors';
import type { Transition, Tx } from '../transaction';
import { type AuditVerification, verifyAudit, verifyChains } from '../verify';
import { beginWrite, dropWrite, endWrite } from './api-writes';
import { openDocuments, unpostedDocuments } from './canonical';
import { awaitReference, claim, defer, reference } from './claims';
import { concerns, swapCursor } from './concerns';
import { CONSOLE_READS } from './console';
import { consumers, createConsumer, findConsumer, revokeConsumer } from './consumers';
import {
  addHeldFor,
  createJob,
  failItem,
  job,
  jobs,
  openItems,
  runningJobs,
  stopJob,
  workItems,
} from './jobs';
import {
  countOpen,
  documentRow,
  lease,
  leaseDocument,
  pausePipeline,
  recover,
  release,
  renew,
  sweep,
} from './lease';
import { assign, comment, tag } from './people';
import { declaredPipelines, declarePipelines, syncPipelines } from './pipelines';
import { approve, decide, proposal, proposals, refuse } from './proposals';
import { pulse } from './pulse';
import { deliveries, documents, exceptions, figures, trace } from './read';
import { getCursor, receive, setCursor } from './receive';
import { correct, dismiss, link, replay } from './resolve';
import { eraseBodies, eraseExpired, expired } from './retention';
import { dispose, hold, settle } from './settle';
import { complete, failRun, failStep, intend, pend } from './step';
import { supersede, superseded } from './supersede';
import { pauseTarget, targets } from './targets';
import { heldBefore, kin, knownKeys, periodDocuments, totals } from './totals';
import { endTurn, takeTurn } from './turn';

function* audit(_tx: Tx): Transition<AuditVerification> {
  return yield* verifyAudit();
}

function* auditChains(_tx: Tx): Transition<{ events: number; findings: string[] }> {
  return yield* verifyChains();
}

/** Every transition of the state machine and every query of the store, by name; each runs in one transaction. */
export const TRANSITIONS = {
  receive,
  syncPipelines,
  declarePipelines,
  declaredPipelines,
  setCursor,
  swapCursor,
  getCursor,
  takeTurn,
  endTurn,
  lease,
  leaseDocument,
  renew,
  release,
  recover,
  sweep,
  countOpen,
  pausePipeline,
  pauseTarget,
  targets,
  documentRow,
  intend,
  complete,
  pend,
  failStep,
  failRun,
  claim,
  settle,
  hold,
  dispose,
  awaitReference,
  defer,
  reference,
  replay,
  dismiss,
  correct,
  link,
  assign,
  comment,
  tag,
  decide,
  approve,
  refuse,
  proposals,
  proposal,
  createJob,
  stopJob,
  job,
  jobs,
  runningJobs,
  openItems,
  workItems,
  failItem,
  addHeldFor,
  superseded,
  supersede,
  createConsumer,
  revokeConsumer,
  consumers,
  findConsumer,
  eraseBodies,
  expired,
  eraseExpired,
  figures,
  exceptions,
  trace,
  documents,
  deliveries,
  pulse,
  concerns,
  totals,
  periodDocuments,
  knownKeys,
  kin,
  heldBefore,
  openDocuments,
  unpostedDocuments,
  audit,
  auditChains,
  auditHeads,
  checkAnchors,
  beginWrite,
  endWrite,
  dropWrite,
  ...CONSOLE_READS,
} as const;

export type TransitionName = keyof typeof TRANSITIONS;

/** Transitions that only read. */
export const READS: ReadonlySet<TransitionName> = new Set<TransitionName>([
  'countOpen',
  'getCursor',
  'declaredPipelines',
  'reference',
  'figures',
  'exceptions',
  'trace',
  'documents',
  'deliveries',
  'pulse',
  'concerns',
  'documentRow',
  'targets',
  'audit',
  'auditChains',
  'auditHeads',
  'checkAnchors',
  'expired',
  'openDocuments',
  'unpostedDocuments',
  'totals',
  'periodDocuments',
  'knownKeys',
  'kin',
  'heldBefore',
  ...(Object.keys(CONSOLE_READS) as (keyof typeof CONSOLE_READS)[]),
  'proposals',
  'proposal',
  'job',
  'jobs',
  'runningJobs',
  'openItems',
  'superseded',
  'consumers',
  'findConsumer',
]);

/** A transition by its name. A driver runs one or more in a transaction, and `seal` of the audit at its end. */
export function perform(tx: Tx, name: TransitionName, input: unknown): Transition<unknown> {
  const transition = TRANSITIONS[name] as (tx: Tx, input: unknown) => Transition<unknown>;
  return transition(tx, Array.isArray(input) ? input : { ...(input as object), settings: tx.settings });
}

type InputOf<F> = F extends (tx: Tx, ...rest: infer Rest) => unknown ? Rest : [];
type ResultOf<F> = F extends (...args: never[]) => Transition<infer Result> ? Result : never;
/** The store adds its settings to each input by itself. */
type Given<Rest> = Rest extends [infer Input extends { settings: unknown }]
  ? keyof Omit<Input, 'settings'> extends never
    ? []
    : [input: Omit<Input, 'settings'>]
  : Rest;

/** The durable store: each transition as a method, each one transaction, durable when its promise resolves. */
export type Transitions = {
  [Name in TransitionName]: (
    ...input: Given<InputOf<(typeof TRANSITIONS)[Name]>>
  ) => Promise<ResultOf<(typeof TRANSITIONS)[Name]>>;
};
