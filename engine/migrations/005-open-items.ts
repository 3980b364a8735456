/** A job of many documents finds the next of them, and how many were proposed, without a look at all of them. */
export const openItems = `
CREATE INDEX job_items_open ON job_items (job_id, document_id) WHERE state = 'open';
CREATE INDEX job_items_noted ON job_items (job_id, state, document_id) WHERE error IS NOT NULL;
`;
