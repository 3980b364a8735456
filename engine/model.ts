import type { StoredError } from '../errors';

export type DocumentState = 'ready' | 'leased' | 'retry' | 'waiting' | 'held' | 'settled';
export type Outcome = 'completed' | 'duplicate' | 'skipped' | 'rejected';
export type StepState = 'intent' | 'pending' | 'done' | 'failed';
/** Whether a held or retrying document stops the documents behind it in its lane. */
export type LanePolicy = 'block' | 'pass';

/** Any JSON value; what bodies, requests and results are made of. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A row of `documents`; times are milliseconds since the epoch, flags are 0 or 1. */
export interface DocumentRow {
  seq: number;
  id: string;
  entity: string;
  kind: string;
  /** As the source said it; a mapping may make another kind of it (a negative invoice is a credit note). */
  received_kind: string;
  pipeline: string | null;
  lane: string;
  lane_policy: LanePolicy;
  source: string;
  receive_key: string;
  correlation_id: string;
  parent_id: string | null;
  summary_id: string | null;
  business_key: string | null;
  content_hash: string | null;
  amount: string | null;
  currency: string | null;
  number: string | null;
  /** The document's own day, YYYY-MM-DD, once it was mapped. */
  date: string | null;
  /** Its id at the source, once it was mapped. */
  source_id: string | null;
  mapping: string | null;
  care: string | null;
  state: DocumentState;
  outcome: Outcome | null;
  duplicate_of: string | null;
  in_lane: number;
  blocked: number;
  fence: number;
  hop: number;
  worker: string | null;
  lease_until: number | null;
  deadline: number | null;
  due: number | null;
  waits_for: string | null;
  attempts: number;
  /** Failed attempts by kind of error, JSON. */
  tries: string | null;
  expiries: number;
  crashes: number;
  drains: number;
  suspect: number;
  alone: number;
  error: string | null;
  error_at: number | null;
  received_at: number;
  updated_at: number;
  settled_at: number | null;
}

export interface StepRow {
  id: string;
  document_id: string;
  kind: string;
  target: string;
  external_key: string;
  name: string;
  node_id: string | null;
  state: StepState;
  request_hash: string;
  request: string;
  result: string | null;
  error: string | null;
  until: number | null;
  attempts: number;
  intended_at: number;
  fence: number;
  updated_at: number;
}

/** Who looks after the exceptions of a document, and within how many hours. */
export interface Care {
  owner?: string;
  serviceHours?: number;
}

/** What a pure node found out; it travels with the message and is written with the next write. */
export interface Notes {
  businessKey?: string;
  contentHash?: string;
  amount?: string;
  currency?: string;
  number?: string;
  /** The document's own day, YYYY-MM-DD. */
  date?: string;
  /** Its id at the source. */
  sourceId?: string;
  kind?: string;
  care?: Care;
  /** The mappings used: name, version and hash of each. */
  mapping?: { name: string; version: number; hash: string }[];
  /** The canonical document. */
  canonical?: Json;
}

/** The right to write: a document, the fence of the lease, and the hop counter that finds clones. */
export interface LeaseRef {
  documentId: string;
  fence: number;
  hop: number;
  notes?: Notes;
}

/** `msg.ledgerway`: plain JSON, so that it survives the cloning of messages. */
export interface RunContext extends LeaseRef {
  entity: string;
  kind: string;
  lane: string;
  pipeline: string;
  attempt: number;
  correlationId: string;
  /** Milliseconds since the epoch; what `$now()` of a mapping is bound to. */
  receivedAt: number;
  /** Mappings that an earlier delivery used and acted upon; a replay uses the same. */
  pinned?: Notes['mapping'];
  /** The approval of the document, where it was held for one (DOCUMENT_APPROVAL) and released. */
  approval?: Approval;
  /** Name of the store that holds the document. */
  store: string;
}

/** Who approved a document, and the content that was approved: any other content needs another approval. */
export interface Approval {
  by: string;
  contentHash: string;
}

/** A document as `lease` hands it out. */
export interface LeasedDocument {
  context: Omit<RunContext, 'store'>;
  /** The source body, or the corrected one. */
  body: { mediaType: string; text: string };
  source: Json;
}

/** A pipeline as the flows declare it; an empty list means all. */
export interface PipelineDefinition {
  name: string;
  entities: string[];
  kinds: string[];
  lanePolicy: LanePolicy;
  /** Kinds of step without which a document is not settled as completed. */
  requiredSteps: string[];
}

/** How a store treats time and repetition; a runtime has one set of them. */
export interface StoreSettings {
  /** How long a lease lasts without renewal. Must outlive the slowest target's time-out. */
  leaseMs: number;
  /** How long after the last progress a lease is renewed at all. */
  deadlineMs: number;
  /** After so many expired leases a document is held as stalled. */
  maxExpiries: number;
  /** After so many crashes of the runtime with this document alone it is held as stalled. */
  maxCrashesAlone: number;
  /** How long a failed document waits for an exception route before its pipeline's policy applies. */
  graceMs: number;
  /** How long the other documents stand back for a suspect of a crash. */
  suspectMs: number;
  /** Open documents (held ones do not count) above which `receive` refuses with STORE_FULL. */
  highWater: number;
  /** Documents in one lane above which `receive` refuses further ones of it with STORE_FULL. */
  laneHighWater: number;
}

export const DEFAULT_SETTINGS: StoreSettings = {
  leaseMs: 180_000,
  deadlineMs: 600_000,
  maxExpiries: 3,
  maxCrashesAlone: 3,
  graceMs: 2_000,
  suspectMs: 15_000,
  highWater: 100_000,
  laneHighWater: 10_000,
};

export type { StoredError };
