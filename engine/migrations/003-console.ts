/**
 * What people look for documents by (`date`: the document's own day, `source_id`: its id at the source; both are told
 * by the canonical body, which the audit chain vouches for), and what they add: comments, tags, proposals that wait for
 * a second person, jobs over many documents, and the outside readers of the API.
 */
export const people = `
ALTER TABLE documents ADD COLUMN date TEXT;
ALTER TABLE documents ADD COLUMN source_id TEXT;
CREATE INDEX documents_number ON documents (number) WHERE number IS NOT NULL;
CREATE INDEX documents_source_id ON documents (source_id) WHERE source_id IS NOT NULL;
CREATE INDEX documents_amount ON documents (amount) WHERE amount IS NOT NULL;

CREATE TABLE comments (
  id TEXT PRIMARY KEY,
  document_id TEXT NOT NULL,
  exception_id TEXT,
  actor TEXT NOT NULL,
  text TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX comments_document ON comments (document_id);

CREATE TABLE tags (
  id TEXT PRIMARY KEY,
  exception_id TEXT NOT NULL,
  tag TEXT NOT NULL,
  actor TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  removed_at BIGINT
);
CREATE INDEX tags_exception ON tags (exception_id) WHERE removed_at IS NULL;
CREATE INDEX tags_tag ON tags (tag) WHERE removed_at IS NULL;

CREATE TABLE proposals (
  id TEXT PRIMARY KEY,
  document_id TEXT NOT NULL,
  entity TEXT NOT NULL,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  content_hash TEXT,
  mapping TEXT,
  amount TEXT,
  currency TEXT,
  author TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'approved', 'refused', 'void')),
  decided_by TEXT,
  decided_at BIGINT,
  decision_reason TEXT
);
CREATE INDEX proposals_open ON proposals (entity, created_at) WHERE state = 'open';
CREATE INDEX proposals_document ON proposals (document_id);

CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  input TEXT NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  total INTEGER NOT NULL,
  done INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'stopped')),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX jobs_running ON jobs (created_at) WHERE state = 'running';
CREATE TABLE job_items (
  job_id TEXT NOT NULL,
  document_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'done', 'failed')),
  error TEXT,
  PRIMARY KEY (job_id, document_id)
);

CREATE TABLE consumers (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  token_hash TEXT NOT NULL UNIQUE,
  entities TEXT NOT NULL,
  functions TEXT NOT NULL,
  period_from TEXT,
  period_to TEXT,
  expires_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  revoked_by TEXT,
  revoked_at BIGINT
);

CREATE TABLE api_writes (
  key TEXT PRIMARY KEY,
  request_hash TEXT NOT NULL,
  status INTEGER,
  response TEXT,
  created_at BIGINT NOT NULL
);
`;
