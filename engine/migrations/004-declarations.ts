/**
 * Which runtime has which pipeline in its flows. It counts as long as the runtime lives, as its leases do, so the audit
 * chain does not vouch for it; the pipelines themselves it does.
 */
export const declarations = `
CREATE TABLE declarations (
  worker TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  PRIMARY KEY (worker, pipeline)
);
`;
