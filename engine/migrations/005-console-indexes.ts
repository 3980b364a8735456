/**
 * What grows with every use of the console is found without a look at all of it: the next documents of a job, how many
 * of them were proposed or failed, and the answers of writes that are old enough to be forgotten.
 */
export const consoleIndexes = `
CREATE INDEX job_items_open ON job_items (job_id, document_id) WHERE state = 'open';
CREATE INDEX job_items_noted ON job_items (job_id, state, document_id) WHERE error IS NOT NULL;
CREATE INDEX api_writes_created ON api_writes (created_at);
`;
