/** Shapes of the API's answers; docs/api.md and /console/api/v1/openapi.json tell the same. */

import type { ActionName, Why } from '../../../actions';

export type Action = ActionName;

/** Milliseconds since the epoch. */
export type Time = number;
/** Currency → decimal string. */
export type Amounts = Record<string, string>;

export interface Me {
  user: string;
  roles: string[];
  permissions: string[];
  /** Keys of the legal entities that one may see; all where it is `null`. */
  entities: string[] | null;
  locale?: string;
}

export interface Page<Item> {
  items: Item[];
  /** Cursor of the next page; `null` on the last one. */
  next: string | null;
}

export interface ExceptionItem {
  id: string;
  documentId: string;
  entity: string;
  class: string;
  code: string;
  step: string | null;
  cause: string;
  hint: string;
  amount: string | null;
  currency: string | null;
  owner: string | null;
  due: Time | null;
  openedAt: Time;
  closedAt: Time | null;
  resolution: string | null;
  tags: string[];
  /** State of the document. */
  state: string;
  kind: string;
  number: string | null;
  sourceId: string | null;
  /** What waits behind it in its lane. */
  behind: { count: number; amounts: Amounts };
}

export const STAGES = [
  'received',
  'mapped',
  'posted',
  'held',
  'retrying',
  'inDoubt',
  'open',
  'rejected',
  'skipped',
  'duplicate',
] as const;
export type Stage = (typeof STAGES)[number];

export interface Figure {
  count: number;
  /** In the row's currency. */
  amount: string;
}

export interface OverviewRow {
  entity: string;
  /** Empty where the documents have no amount. */
  currency: string;
  /** YYYY-MM */
  period: string;
  stages: Record<Stage, Figure>;
  ties: boolean;
}

export interface Overview {
  rows: OverviewRow[];
  at: Time;
}

export interface Charts {
  throughput: { at: Time; received: number; settled: number; held: number }[];
  ageing: { bucket: AgeBucket; count: number; amounts: Amounts }[];
  trend: { at: Time; source: string; opened: number; closed: number }[];
}

export type AgeBucket = 'lt1h' | '1d' | '3d' | '7d';

/** How many have which value; `''` stands for none. */
export type Facet = Record<string, number>;
export type Facets = Record<'entity' | 'class' | 'code' | 'step' | 'age' | 'owner' | 'tag', Facet> & {
  total: number;
};

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface DocumentItem {
  id: string;
  entity: string;
  kind: string;
  pipeline: string | null;
  lane: string;
  state: string;
  outcome: string | null;
  number: string | null;
  sourceId: string | null;
  /** YYYY-MM-DD */
  date: string | null;
  amount: string | null;
  currency: string | null;
  businessKey: string | null;
  contentHash: string | null;
  receivedAt: Time;
  settledAt: Time | null;
}

export interface StepView {
  id: string;
  kind: string;
  target: string;
  externalKey: string;
  name: string;
  state: string;
  attempts: number;
  intendedAt: Time;
  updatedAt: Time;
  /** Masked where one may not see bodies. */
  request: Json;
  result: Json;
  error: Json;
}

export interface BodyView {
  role: string;
  mediaType: string;
  sha256: string;
  createdAt: Time;
  /** `null` where it was erased. */
  text: string | null;
}

export interface HistoryEvent {
  seq: number;
  at: Time;
  type: string;
  data: Json;
}

export interface Comment {
  id: string;
  actor: string;
  text: string;
  createdAt: Time;
}

export interface Proposal {
  id: string;
  documentId: string;
  entity: string;
  kind: string;
  payload: Json;
  amount: string | null;
  currency: string | null;
  author: string;
  reason: string;
  createdAt: Time;
  state: 'open' | 'approved' | 'refused' | 'void';
  decidedBy: string | null;
  decidedAt: Time | null;
  decisionReason: string | null;
}

/** All that is known of a document. */
export interface Trace {
  document: DocumentItem & { source: Json; mapping: Json; correlationId: string; deliveries: number };
  steps: StepView[];
  bodies: BodyView[];
  exceptions: ExceptionItem[];
  history: HistoryEvent[];
  comments: Comment[];
  proposals: Proposal[];
  /** The record in Odoo. */
  odoo: { name: string; url: string } | null;
  einvoice: { transport: string; buyerResponse?: string; networkId?: string } | null;
  masked: boolean;
}

export interface ExceptionDetail extends Trace {
  exception: ExceptionItem;
  /** What one may do with it, and why not; `second`: another person has to confirm it. */
  actions: Record<Action, { allowed: boolean; second?: boolean; why?: Why }>;
}

/** The entry of a mapping that is missing, and what could stand there. */
export interface MappingFix {
  mapping: string;
  version: number;
  table: string;
  /** What the table is about, in words. */
  label: string;
  key: string;
  /** Values of other entries, the most used first. */
  suggestions: Json[];
}

export interface Decided {
  status: 'done' | 'proposed';
  proposalId?: string;
}

export interface Job {
  id: string;
  kind: string;
  total: number;
  done: number;
  failed: number;
  state: 'running' | 'done' | 'stopped';
  /** The first ones. */
  failures?: { documentId: string; error: { code: string; message: string } }[];
  actor: string;
  reason: string;
  createdAt: Time;
}

export interface StepInDoubt {
  id: string;
  documentId: string;
  entity: string;
  kind: string;
  target: string;
  externalKey: string;
  name: string;
  attempts: number;
  intendedAt: Time;
  documentKind: string;
  amount: string | null;
  currency: string | null;
  number: string | null;
  sourceId: string | null;
  found: { exceptionId: string | null; code: string | null; cause: string | null };
}

export interface Operations {
  pipelines: {
    name: string;
    paused: boolean;
    backlog: { source: number; mapping: number; posting: number };
    inFlight: number;
    oldestAt: Time | null;
  }[];
  targets: {
    name: string;
    breaker: string | null;
    paused: boolean;
    /** Milliseconds. */
    p50: number;
    p95: number;
    waiting: number;
  }[];
  keys: { connection: string; expiresAt: Time | null }[];
  feeds: { name: string; lastAt: Time; expectedEveryMs: number | null }[];
  /** What waits for a system that is down or paused. */
  delayed: { name: string; documents: number; since: Time }[];
}

export interface Consumer {
  id: string;
  name: string;
  entities: string[];
  functions: string[];
  periodFrom: string | null;
  periodTo: string | null;
  expiresAt: Time;
  createdBy: string;
  createdAt: Time;
  revokedAt: Time | null;
  revokedBy: string | null;
}
