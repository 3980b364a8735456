import type { ErrorKind } from './finance-error';

export interface ErrorRow {
  kind: ErrorKind;
  /** The cause in plain words, shown where the thrower gives no better one. */
  title: string;
  /** What a person may do about it. */
  hint: string;
}

const row = (kind: ErrorKind, title: string, hint: string): ErrorRow => ({ kind, title, hint });

/**
 * The one table of errors: stable code → kind, plain-language title, hint. Codes are never renamed or reused;
 * `docs/errors.md` is made from this table.
 */
export const ERRORS = {
  // configuration and start
  CONFIG_INVALID: row(
    'invalid',
    'The configuration is not valid.',
    'Correct the field that the message names and start again.',
  ),
  CONFIG_HOST_MISSING: row(
    'invalid',
    'The Ledgerway runtime is not there.',
    'Start with "ledgerway start", or use the settings.ts of the package.',
  ),
  CONFIG_NODE_MISSING: row(
    'invalid',
    'The flow uses node types that are not installed.',
    'Install the packages that bring the named types, or take the nodes out of the flow.',
  ),
  CONFIG_PIPELINES_OVERLAP: row(
    'invalid',
    'Two pipelines claim the same documents.',
    'Narrow the entity or kind filter of one of the two pipeline in nodes.',
  ),
  CONFIG_SECRET_MISSING: row(
    'unauthorized',
    'A secret is not set.',
    'Set the credential in the node, the environment or the mounted file.',
  ),
  NODE_TOO_OLD: row('invalid', 'This Node.js has no safe SQLite.', 'Use Node.js 24, or a Postgres store.'),
  // the store
  STORE_SQLITE_UNSAFE: row(
    'invalid',
    'This SQLite version can corrupt a write-ahead log.',
    'Use a Node.js whose node:sqlite ships SQLite 3.51.3 or newer, or a Postgres store.',
  ),
  STORE_OWNED: row(
    'unavailable',
    'Another process owns this store.',
    'Stop the other process, or choose another data folder.',
  ),
  STORE_SCHEMA_NEWER: row(
    'invalid',
    'The store was written by a newer version.',
    'Start the newer version; a store is never migrated backwards.',
  ),
  STORE_FULL: row(
    'unavailable',
    'The store is above its high-water mark.',
    'The sender retries by itself; see what is slow or held.',
  ),
  STORE_DISK_FULL: row(
    'unavailable',
    'There is no room left on the disk of the store.',
    'Make room on the disk; intake goes on by itself.',
  ),
  STORE_UNAVAILABLE: row(
    'unavailable',
    'The store does not answer.',
    'See the log of the runtime; nothing was acknowledged.',
  ),
  STORE_FENCE_STALE: row(
    'conflict',
    'The lease of this document is over: another worker holds it, or it is settled.',
    'Nothing to do: the newer lease goes on with the document.',
  ),
  STORE_NOT_EMPTY: row(
    'invalid',
    'The place is taken: a store or other files are there already.',
    'Name an empty folder or database.',
  ),
  STORE_DAMAGED: row(
    'invalid',
    'The store, its backup or its copy does not verify.',
    'Do not use it: see the findings, and take another backup.',
  ),
  STORE_NOT_FOUND: row('invalid', 'There is no such document, step or exception.', 'Check the id.'),
  STORE_STATE: row(
    'conflict',
    'The document is in a state that does not allow this.',
    'Look at its present state, then decide again.',
  ),
  // the run of a document
  RUN_UNEXPECTED: row(
    'invalid',
    'A node failed in a way it did not foresee.',
    'See the message; report it to the author of the node.',
  ),
  RUN_BRANCHED: row(
    'conflict',
    'The message was cloned: two branches of the flow work on one document.',
    'Wire the step nodes of a pipeline one after the other; use child documents for fan-out.',
  ),
  RUN_STEPS_OPEN: row(
    'conflict',
    'The document cannot be settled: a step is not done.',
    'Wire pipeline out behind the step, or wait for its result.',
  ),
  RUN_STEPS_MISSING: row(
    'conflict',
    'The document cannot be settled: a step that the pipeline requires is missing.',
    'Wire the required step before pipeline out.',
  ),
  RUN_STEP_CHANGED: row(
    'conflict',
    'This step was done before with another request.',
    'Compare the two requests; reject the document or post a correction.',
  ),
  RUN_IN_DOUBT: row(
    'in_doubt',
    'It is not known whether the target did what was asked.',
    'Look in the target for the external key, then link or retry.',
  ),
  RUN_STALLED: row(
    'stalled',
    'The document was delivered several times and never settled.',
    'See where the flow loses it or crashes, correct that, then retry.',
  ),
  RUN_CRASHED: row(
    'stalled',
    'The runtime crashed each time it worked on this document alone.',
    'Report the document to the author of the node that crashes, then retry.',
  ),
  RUN_DEADLINE: row(
    'transient',
    'The node took longer than its deadline.',
    'It is retried; see whether the target is slow.',
  ),
  RUN_TURN: row(
    'throttled',
    'Another document changes the same object at this moment.',
    'It is tried again by itself.',
  ),
  RUN_UNCLAIMED: row(
    'invalid',
    'No pipeline claims this document.',
    'Deploy a pipeline whose filter covers its entity and kind, then retry.',
  ),
  RUN_REFERENCE_MISSING: row(
    'invalid',
    'The document that this one refers to did not arrive in time.',
    'Fetch the missing document from the source (backfill), then retry.',
  ),
  // targets
  TARGET_UNAVAILABLE: row(
    'unavailable',
    'The target is left alone for a while: its last calls failed.',
    'It is tried again by itself; this does not count as an attempt.',
  ),
  TARGET_PAUSED: row(
    'unavailable',
    'An operator has paused the target.',
    'The document goes on when the target is resumed.',
  ),
  TARGET_BUSY: row(
    'throttled',
    'The target has no room: its rate or its number of steps at once is used up.',
    'It is tried again by itself; this does not count as an attempt.',
  ),
  TARGET_TIMEOUT: row(
    'in_doubt',
    'The target did not answer within its time-out.',
    'The external key is looked up before anything is sent again.',
  ),
  RUN_NO_DOCUMENT: row(
    'invalid',
    'The message carries no document.',
    'Wire this node behind pipeline in, or give it a document in msg.payload.',
  ),
  // sources
  SOURCE_BODY_TOO_LARGE: row(
    'invalid',
    'The body is larger than the limit.',
    'Send smaller bodies, or raise the limit of the node.',
  ),
  SOURCE_SIGNATURE: row(
    'unauthorized',
    'The signature is not right.',
    'Check the signing secret on both sides.',
  ),
  SOURCE_TIMESTAMP: row(
    'unauthorized',
    'The time of the signature is too far from now.',
    'Check the clocks; a replayed request is refused on purpose.',
  ),
  SOURCE_UNPARSABLE: row(
    'invalid',
    'The signed body is not JSON.',
    'Ask the sender; the raw bytes are stored.',
  ),
  SOURCE_EVENT_INVALID: row(
    'invalid',
    'The event lacks a field that its source promises.',
    'Ask the sender; the raw bytes are stored.',
  ),
  SOURCE_UNROUTED: row(
    'invalid',
    'No route leads from this account to a legal entity.',
    'Add the account to the routes of the webhook in node, then retry.',
  ),
  SOURCE_TEST_MODE: row(
    'invalid',
    'A test-mode event came to a live legal entity.',
    'Reject it, or route test mode to an entity for tests.',
  ),
  SOURCE_UNAVAILABLE: row(
    'unavailable',
    'The source does not answer.',
    'The backfill goes on from its cursor by itself.',
  ),
  SOURCE_UNAUTHORIZED: row(
    'unauthorized',
    'The source refuses the API key.',
    'Renew the API key of the backfill.',
  ),
  SOURCE_CURSOR_LOST: row(
    'invalid',
    'The source no longer knows the cursor of the backfill.',
    'Start the backfill again without a cursor; documents that are already here are duplicates.',
  ),
  // mapping and documents
  MAP_INPUT_INVALID: row(
    'invalid',
    'The source document is not of the shape that the mapping expects.',
    "Correct the data, or the mapping's input schema.",
  ),
  MAP_OUTPUT_INVALID: row(
    'invalid',
    'The mapped document is not a valid canonical document.',
    'Correct the mapping or the data at the place that the message names.',
  ),
  MAP_UNMAPPED: row(
    'unmapped',
    'A look-up table of the mapping has no entry for this value.',
    'Add the missing entry to the table of the mapping, have it approved, then retry.',
  ),
  MAP_EXPRESSION: row(
    'invalid',
    'An expression of the mapping failed.',
    'Correct the expression that the message names.',
  ),
  MAP_NOT_FOUND: row(
    'invalid',
    'There is no approved mapping of this name and version.',
    'Install and approve the mapping.',
  ),
  DOCUMENT_UNBALANCED: row(
    'invalid',
    'The lines of the document do not add up to its totals.',
    'Correct the data at the source.',
  ),
  DOCUMENT_CURRENCY_UNKNOWN: row(
    'invalid',
    'The currency is not an ISO 4217 code.',
    'Correct the data at the source.',
  ),
  DOCUMENT_AMOUNT: row(
    'invalid',
    'An amount is not a decimal number in a string.',
    'Correct the mapping or the data at the source.',
  ),
  DOCUMENT_PRECISION: row(
    'invalid',
    'An amount has more decimals than its currency allows.',
    'Correct the data at the source.',
  ),
  DOCUMENT_OWNER: row(
    'conflict',
    'Another system owns this kind of document for the entity.',
    'Change the owning system of the legal entity, or stop this source.',
  ),
  DOCUMENT_CONFLICT: row(
    'conflict',
    'The same business key came with other content.',
    'Compare the two documents; reject one, or post a correction.',
  ),
  DOCUMENT_APPROVAL: row(
    'invalid',
    'Documents of this kind need an approval.',
    'Have a second person approve the document.',
  ),
  DECISION_SECOND_PERSON: row(
    'unauthorized',
    'Another person has to decide this.',
    'Have somebody approve it who neither proposed nor corrected it.',
  ),
  DECISION_VOID: row(
    'conflict',
    'The document or its mapping changed since this was proposed.',
    'Look at it as it is now, and propose again.',
  ),
  LINK_DIFFERS: row(
    'conflict',
    'The record in the target is not what the document says.',
    'Compare the two; correct the record in the target, or link another one.',
  ),
  CHECKPOINT_DIFFERS: row(
    'conflict',
    'Source and Odoo differ.',
    'Put right each document that the control result names, then run the checkpoint again: that closes this one.',
  ),
  PARTY_BANK_DETAILS: row(
    'invalid',
    'Bank details of a party would change.',
    'Have a second person confirm them over another channel, then approve the change.',
  ),
  // tax
  TAX_UNAVAILABLE: row('unavailable', 'The tax service does not answer.', 'It is retried by itself.'),
  TAX_UNAUTHORIZED: row(
    'unauthorized',
    'The tax service refuses the credentials.',
    'Correct the credentials of the tax service node.',
  ),
  TAX_TIMEOUT: row(
    'in_doubt',
    'The tax service did not answer in time.',
    'Its record is looked up by its code before anything is sent again.',
  ),
  TAX_CONFLICT: row(
    'conflict',
    'The tax service holds another record under this code.',
    'Compare the two; adjust or void the record at the tax service, then retry.',
  ),
  TAX_REJECTED: row(
    'rejected',
    'The tax service refuses the document.',
    'See its message; correct the data, then retry.',
  ),
  TAX_RATE_MISSING: row(
    'unmapped',
    'The rates table has no rate for this tax on this date.',
    'Add the rate to the table of the tax service node.',
  ),
  TAX_DIFFERS: row(
    'conflict',
    "The source's tax differs from the decision of the tax engine.",
    'Find out which of the two is right; raise the tolerance only for rounding.',
  ),
  TAX_BAD_ANSWER: row(
    'invalid',
    'The answer of the tax service is not of the agreed shape.',
    'Ask the provider of the tax service.',
  ),
  // Odoo
  ODOO_UNAVAILABLE: row('unavailable', 'Odoo does not answer.', 'It is retried by itself.'),
  ODOO_TIMEOUT: row(
    'in_doubt',
    'Odoo did not answer in time.',
    'The external key is looked up before anything is sent again.',
  ),
  ODOO_SERIALIZATION: row('transient', 'Odoo met a concurrent update.', 'It is retried by itself.'),
  ODOO_UNAUTHORIZED: row(
    'unauthorized',
    'Odoo refuses the login or API key.',
    'Renew the API key of the odoo connection.',
  ),
  ODOO_KEY_EXPIRING: row(
    'unauthorized',
    'An API key of the integration user expires soon, or has expired.',
    'Make a new key in Odoo and put it in the place of the old one; it is taken without a restart.',
  ),
  ODOO_ADMINISTRATOR: row(
    'invalid',
    'The integration user has the rights of an administrator.',
    'Take the groups that the message names away from the user: the nodes need none of them.',
  ),
  ODOO_ACCESS: row(
    'unauthorized',
    'The integration user lacks a right in Odoo.',
    'Give the user the group that the message names.',
  ),
  ODOO_VALIDATION: row(
    'rejected',
    'Odoo refuses the document.',
    "See Odoo's message; correct the data or the mapping, then retry.",
  ),
  ODOO_MISSING: row(
    'rejected',
    'A record that the document refers to is not in Odoo.',
    'Create the record, or correct the mapping.',
  ),
  ODOO_MODEL: row(
    'invalid',
    'Odoo does not know the model, method or field.',
    'Check the Odoo version and its installed modules.',
  ),
  ODOO_LOOKUP: row(
    'unmapped',
    'Odoo has no record for a code of the document.',
    'Create the account, tax, journal or currency in Odoo, or correct the mapping.',
  ),
  ODOO_AMBIGUOUS: row(
    'conflict',
    'Odoo has several records that fit.',
    'Merge them in Odoo, or name the right one.',
  ),
  ODOO_AMOUNT_DIFFERS: row(
    'conflict',
    'What Odoo holds differs from the document.',
    'Compare the move with the document; correct one of them.',
  ),
  ODOO_DATE_MOVED: row(
    'locked_period',
    'Odoo would post, or has posted, on another accounting date: the period is locked.',
    'Decide on the period with the close owner.',
  ),
  ODOO_MOVE_CHANGED: row(
    'conflict',
    'The draft move was edited or deleted in Odoo before it was posted.',
    'Compare the move with the document; link it, or reject the document.',
  ),
  ODOO_CUTOVER: row(
    'invalid',
    'The document is dated before the cut-over date of the entity.',
    'Reject it: the earlier system posted it.',
  ),
  ODOO_CURRENCY: row(
    'rejected',
    'The currency is not active in Odoo or has no rate on the date.',
    'Activate the currency and enter a rate, then retry.',
  ),
  ODOO_AUTOMATION: row(
    'invalid',
    'Odoo does the same job by itself.',
    'Switch off the setting that the message names, or take the node out of the flow.',
  ),
  ODOO_DATABASE: row(
    'invalid',
    'Odoo has no database of this name.',
    'Correct the database of the odoo connection.',
  ),
  ODOO_TOO_LARGE: row(
    'invalid',
    'A request to Odoo, or its answer, is larger than the limit.',
    'Split the document, or raise the limit of the odoo connection.',
  ),
  ODOO_BAD_ANSWER: row(
    'invalid',
    'The answer of Odoo is not of the expected shape.',
    'Check the address of the odoo connection: is it Odoo, or a proxy in front?',
  ),
  // e-invoices
  EINVOICE_INVALID: row(
    'invalid',
    'The invoice breaks rules of EN 16931.',
    'Correct the data at the terms that the message names.',
  ),
  EINVOICE_UNAVAILABLE: row(
    'unavailable',
    'The e-invoice network does not answer.',
    'It is retried by itself with the identical bytes.',
  ),
  EINVOICE_TIMEOUT: row(
    'in_doubt',
    'The e-invoice network did not answer in time.',
    'The submission is looked up, then resent with the identical bytes.',
  ),
  EINVOICE_UNAUTHORIZED: row(
    'unauthorized',
    'The e-invoice network refuses the credentials.',
    'Renew the credentials of the e-invoice channel.',
  ),
  EINVOICE_REJECTED: row(
    'rejected',
    'The e-invoice network rejected the invoice.',
    'Correct the invoice as the message says; a corrected one is a new revision.',
  ),
  EINVOICE_THROTTLED: row(
    'throttled',
    'The e-invoice network asks for patience.',
    'It is retried by itself.',
  ),
  EINVOICE_CONFLICT: row(
    'conflict',
    'The network holds another document under this number.',
    'Compare the two; never send a second one under a number.',
  ),
  EINVOICE_BAD_ANSWER: row(
    'invalid',
    'The answer of the e-invoice network is not of the agreed shape.',
    'Ask the provider of the access point.',
  ),
  // other systems that are written to
  CALL_UNAVAILABLE: row(
    'unavailable',
    'The system that is written to does not answer.',
    'It is retried by itself.',
  ),
  CALL_TIMEOUT: row(
    'in_doubt',
    'The system that is written to did not answer in time, or failed underway.',
    'It is asked by the key, or sent again where it refuses doubles; else look there, then link or retry.',
  ),
  CALL_UNAUTHORIZED: row(
    'unauthorized',
    'The system that is written to refuses the credentials.',
    'Renew the credential of the api call node, then retry.',
  ),
  CALL_REJECTED: row(
    'rejected',
    'The system that is written to refuses the request.',
    'See its message; correct the data or the expressions of the node, then retry.',
  ),
  CALL_CONFLICT: row(
    'conflict',
    'The system that is written to has something else in this place, or under this key.',
    'Compare the two; correct one of them, then retry or reject.',
  ),
  // the console's API
  API_UNAUTHENTICATED: row(
    'unauthorized',
    'Nobody is logged in, or the token is over.',
    'Log in again, or ask for a new token.',
  ),
  API_FORBIDDEN: row(
    'unauthorized',
    'This is not among your permissions.',
    'Ask somebody who has the role for it, or an administrator.',
  ),
  API_INVALID: row(
    'invalid',
    'The request is not of the documented shape.',
    'Compare it with /console/api/v1/openapi.json.',
  ),
  API_NOT_FOUND: row('invalid', 'There is nothing here.', 'It may be gone, or not be yours to see.'),
  API_KEY_REUSED: row(
    'conflict',
    'The idempotency key was used for another request.',
    'Take a new key for each new request; the same key only to repeat one.',
  ),
  API_IN_PROGRESS: row(
    'conflict',
    'The same request is under way.',
    'Repeat it in a moment with the same key: it gives the answer of the first.',
  ),
  API_RATE_LIMITED: row(
    'throttled',
    'Too many requests in a minute.',
    'Go on after the time that Retry-After says.',
  ),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;
