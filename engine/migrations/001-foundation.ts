/**
 * The tables of the store. `{serial}`, `{blob}` stand for the dialect's words; all times are milliseconds since
 * the epoch. One partial index a state: an `IN (…)` predicate would not use it.
 */
export const foundation = `
CREATE TABLE documents (
  seq {serial},
  id TEXT NOT NULL UNIQUE,
  entity TEXT NOT NULL,
  kind TEXT NOT NULL,
  received_kind TEXT NOT NULL,
  pipeline TEXT,
  lane TEXT NOT NULL,
  lane_policy TEXT NOT NULL,
  source TEXT NOT NULL,
  receive_key TEXT NOT NULL UNIQUE,
  correlation_id TEXT NOT NULL,
  parent_id TEXT,
  summary_id TEXT,
  business_key TEXT,
  content_hash TEXT,
  amount TEXT,
  currency TEXT,
  number TEXT,
  mapping TEXT,
  care TEXT,
  state TEXT NOT NULL CHECK (state IN ('ready', 'leased', 'retry', 'waiting', 'held', 'settled')),
  outcome TEXT CHECK (outcome IN ('completed', 'duplicate', 'skipped', 'rejected')),
  duplicate_of TEXT,
  in_lane INTEGER NOT NULL,
  blocked INTEGER NOT NULL,
  fence BIGINT NOT NULL,
  hop INTEGER NOT NULL,
  worker TEXT,
  lease_until BIGINT,
  deadline BIGINT,
  due BIGINT,
  waits_for TEXT,
  attempts INTEGER NOT NULL,
  expiries INTEGER NOT NULL,
  crashes INTEGER NOT NULL,
  drains INTEGER NOT NULL,
  suspect INTEGER NOT NULL,
  alone INTEGER NOT NULL,
  error TEXT,
  error_at BIGINT,
  received_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  settled_at BIGINT
);
CREATE INDEX documents_ready ON documents (pipeline, seq) WHERE state = 'ready' AND blocked = 0;
CREATE INDEX documents_leased ON documents (lease_until) WHERE state = 'leased';
CREATE INDEX documents_retry ON documents (due) WHERE state = 'retry';
CREATE INDEX documents_waiting ON documents (due) WHERE state = 'waiting';
CREATE INDEX documents_waits_for ON documents (waits_for) WHERE state = 'waiting';
CREATE INDEX documents_held ON documents (entity, updated_at) WHERE state = 'held';
CREATE INDEX documents_open ON documents (pipeline) WHERE state = 'ready';
CREATE INDEX documents_suspect ON documents (pipeline, seq) WHERE suspect = 1;
CREATE INDEX documents_lane ON documents (lane, seq) WHERE in_lane = 1;
CREATE INDEX documents_business_key ON documents (business_key) WHERE business_key IS NOT NULL;
CREATE INDEX documents_parent ON documents (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX documents_summary ON documents (summary_id) WHERE summary_id IS NOT NULL;

CREATE TABLE deliveries (
  receive_key TEXT PRIMARY KEY,
  document_id TEXT NOT NULL,
  entity TEXT NOT NULL,
  count INTEGER NOT NULL,
  last_at BIGINT NOT NULL
);

CREATE TABLE bodies (
  id TEXT PRIMARY KEY,
  document_id TEXT NOT NULL,
  role TEXT NOT NULL,
  media_type TEXT NOT NULL,
  content {blob},
  sha256 TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  erased_at BIGINT
);
CREATE INDEX bodies_document ON bodies (document_id);

CREATE TABLE steps (
  id TEXT PRIMARY KEY,
  document_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  target TEXT NOT NULL,
  external_key TEXT NOT NULL,
  name TEXT NOT NULL,
  node_id TEXT,
  state TEXT NOT NULL CHECK (state IN ('intent', 'pending', 'done', 'failed')),
  request_hash TEXT NOT NULL,
  request TEXT NOT NULL,
  result TEXT,
  error TEXT,
  until BIGINT,
  attempts INTEGER NOT NULL,
  intended_at BIGINT NOT NULL,
  fence BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (document_id, kind, target, external_key)
);
CREATE INDEX steps_open ON steps (document_id) WHERE state = 'intent' OR state = 'pending';
CREATE INDEX steps_external_key ON steps (external_key);

CREATE TABLE claims (
  business_key TEXT PRIMARY KEY,
  document_id TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'final'))
);
CREATE INDEX claims_document ON claims (document_id);

CREATE TABLE exceptions (
  id TEXT PRIMARY KEY,
  document_id TEXT NOT NULL,
  entity TEXT NOT NULL,
  class TEXT NOT NULL,
  code TEXT NOT NULL,
  step TEXT,
  cause TEXT NOT NULL,
  hint TEXT NOT NULL,
  details TEXT,
  amount TEXT,
  currency TEXT,
  owner TEXT,
  due BIGINT,
  opened_at BIGINT NOT NULL,
  closed_at BIGINT,
  resolution TEXT,
  actor TEXT,
  reason TEXT
);
CREATE INDEX exceptions_open ON exceptions (entity, opened_at) WHERE closed_at IS NULL;
CREATE INDEX exceptions_document ON exceptions (document_id);

CREATE TABLE cursors (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE pipelines (
  name TEXT PRIMARY KEY,
  entities TEXT NOT NULL,
  kinds TEXT NOT NULL,
  lane_policy TEXT NOT NULL,
  required_steps TEXT NOT NULL,
  paused INTEGER NOT NULL
);

CREATE TABLE audit_heads (
  chain INTEGER PRIMARY KEY,
  seq BIGINT NOT NULL,
  hash TEXT NOT NULL
);
CREATE TABLE audit (
  chain INTEGER NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  document_id TEXT,
  type TEXT NOT NULL,
  data TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (chain, seq)
);
CREATE INDEX audit_document ON audit (document_id);
`;
