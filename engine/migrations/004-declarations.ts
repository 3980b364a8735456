/**
 * Which runtime has which pipeline in its flows. It counts as long as the runtime lives, as its leases do, so the audit
 * chain does not vouch for it; the pipelines themselves it does.
 *
 * No index has `updated_at`: Postgres then writes the progress of a document into its page and into no index.
 */
export const declarations = `
CREATE TABLE declarations (
  worker TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  PRIMARY KEY (worker, pipeline)
);
DROP INDEX documents_held;
CREATE INDEX documents_held ON documents (entity) WHERE state = 'held';
`;
