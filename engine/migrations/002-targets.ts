/**
 * Targets that an operator paused (`waking`: resumed, and documents still wait for it), and how often a document
 * was tried for each kind of error (JSON).
 */
export const targets = `
CREATE TABLE targets (
  name TEXT PRIMARY KEY,
  paused INTEGER NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  waking INTEGER NOT NULL
);
ALTER TABLE documents ADD COLUMN tries TEXT;
`;
