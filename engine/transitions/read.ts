import Big from 'big.js';
import type { DocumentRow, Json, StepRow } from '../model';
import { all, one, type SqlValue, type Transition, type Tx } from '../transaction';
import { readDocument } from './documents';

/** Counts of documents of one entity; all but `received` are disjoint and add up to it. */
export interface Figures {
  /** Events answered 2xx, each delivery counted; one that was only fetched (backfill) counts once. */
  received: number;
  /** Settled as completed, or held after the step that books it was done. */
  posted: number;
  /** Of the posted ones: held by something after the booking, e.g. by the e-invoice network. */
  postedHeld: number;
  /** Redelivered events, and documents settled as duplicates of another. */
  duplicates: number;
  /** Held: same key, other content. */
  conflicts: number;
  /** Held for any other cause, and not booked. */
  exceptions: number;
  skipped: number;
  rejected: number;
  /** Ready, leased, retrying or waiting. */
  open: number;
  /** Kind → currency → exact sum of the posted amounts, decimal strings. */
  amounts: Record<string, Record<string, string>>;
}

/** Figures of an entity of which nothing came yet. */
export function noFigures(): Figures {
  return {
    received: 0,
    posted: 0,
    postedHeld: 0,
    duplicates: 0,
    conflicts: 0,
    exceptions: 0,
    skipped: 0,
    rejected: 0,
    open: 0,
    amounts: {},
  };
}

/**
 * The figures per entity; events without an entity stand under the empty name.
 * @param input.booked kind of the step that books a document: one that is held after it counts as posted
 */
export function* figures(_tx: Tx, input: { booked?: string } = {}): Transition<Record<string, Figures>> {
  const result: Record<string, Figures> = {};
  const of = (entity: string) => {
    result[entity] ??= noFigures();
    return result[entity];
  };
  const deliveries = yield* all<{ entity: string; n: number; documents: number }>(
    `SELECT entity, SUM(CASE WHEN count = 0 THEN 1 ELSE count END) AS n, COUNT(*) AS documents
     FROM deliveries GROUP BY entity`,
  );
  for (const { entity, n, documents } of deliveries) {
    of(entity).received = Number(n);
    of(entity).duplicates = Number(n) - Number(documents);
  }
  const groups = yield* all<{
    entity: string;
    state: string;
    outcome: string | null;
    code: string;
    n: number;
  }>(
    `SELECT entity, state, outcome, ${HELD_AS} AS code, COUNT(*) AS n FROM documents d GROUP BY 1, 2, 3, 4`,
    input.booked ?? '',
  );
  for (const { entity, state, outcome, code, n } of groups) {
    of(entity)[bucket(state, outcome, code)] += Number(n);
    if (code === 'booked') of(entity).postedHeld += Number(n);
  }
  const amounts = yield* all<{ entity: string; kind: string; currency: string; amount: string; n: number }>(
    `SELECT entity, kind, currency, amount, COUNT(*) AS n FROM documents d
     WHERE (outcome = 'completed' OR ${HELD_AS} = 'booked') AND amount IS NOT NULL GROUP BY 1, 2, 3, 4`,
    input.booked ?? '',
  );
  for (const { entity, kind, currency, amount, n } of amounts) {
    const byKind = of(entity).amounts;
    byKind[kind] ??= {};
    const sums = byKind[kind];
    sums[currency] = new Big(sums[currency] ?? '0').plus(new Big(amount).times(Number(n))).toFixed();
  }
  return result;
}

/** What a held document counts as: `booked`, `conflict`, or nothing of the kind. */
const HELD_AS = `CASE WHEN d.state <> 'held' THEN ''
  WHEN EXISTS (SELECT 1 FROM steps s WHERE s.document_id = d.id AND s.kind = $1 AND s.state = 'done') THEN 'booked'
  WHEN d.error LIKE '%"code":"DOCUMENT_CONFLICT"%' THEN 'conflict' ELSE '' END`;

type Bucket = 'posted' | 'duplicates' | 'conflicts' | 'exceptions' | 'skipped' | 'rejected' | 'open';

function bucket(state: string, outcome: string | null, heldAs: string): Bucket {
  if (state === 'held')
    return heldAs === 'booked' ? 'posted' : heldAs === 'conflict' ? 'conflicts' : 'exceptions';
  if (state !== 'settled') return 'open';
  if (outcome === 'completed') return 'posted';
  if (outcome === 'duplicate') return 'duplicates';
  return outcome === 'skipped' ? 'skipped' : 'rejected';
}

export interface ExceptionView {
  id: string;
  document_id: string;
  entity: string;
  class: string;
  code: string;
  step: string | null;
  cause: string;
  hint: string;
  amount: string | null;
  currency: string | null;
  owner: string | null;
  opened_at: number;
}

/** Open exceptions, the oldest first. */
export function* exceptions(
  _tx: Tx,
  input: { entity?: string; limit?: number } = {},
): Transition<ExceptionView[]> {
  return yield* all<ExceptionView>(
    `SELECT id, document_id, entity, class, code, step, cause, hint, amount, currency, owner, opened_at FROM exceptions
     WHERE closed_at IS NULL AND (CAST($1 AS TEXT) IS NULL OR entity = $1) ORDER BY opened_at, id LIMIT $2`,
    input.entity ?? null,
    input.limit ?? 1000,
  );
}

export interface Trace {
  document: DocumentRow;
  deliveries: number;
  steps: (Omit<StepRow, 'request' | 'result' | 'error'> & { request: Json; result: Json; error: Json })[];
  bodies: { role: string; media_type: string; sha256: string; text: string | null }[];
  exceptions: Record<string, SqlValue>[];
  history: { seq: number; at: number; type: string; data: Json }[];
}

/** All that is known of a document, from its source event to the last audit event. */
export function* trace(_tx: Tx, { documentId }: { documentId: string }): Transition<Trace> {
  const document = yield* readDocument(documentId);
  const delivered = yield* one<{ count: number }>(
    'SELECT count FROM deliveries WHERE receive_key = $1',
    document.receive_key,
  );
  const steps = yield* all<StepRow>(
    'SELECT * FROM steps WHERE document_id = $1 ORDER BY intended_at, id',
    documentId,
  );
  const bodies = yield* all<{ role: string; media_type: string; sha256: string; content: Uint8Array | null }>(
    'SELECT role, media_type, sha256, content FROM bodies WHERE document_id = $1 ORDER BY created_at, id',
    documentId,
  );
  const history = yield* all<{ seq: number; at: number; type: string; data: string }>(
    'SELECT seq, at, type, data FROM audit WHERE document_id = $1 ORDER BY seq',
    documentId,
  );
  return {
    document,
    deliveries: Number(delivered?.count ?? 0),
    steps: steps.map((step) => ({
      ...step,
      request: parse(step.request),
      result: parse(step.result),
      error: parse(step.error),
    })),
    bodies: bodies.map(({ content, ...body }) => ({
      ...body,
      text: content && Buffer.from(content).toString('utf8'),
    })),
    exceptions: yield* all(
      'SELECT * FROM exceptions WHERE document_id = $1 ORDER BY opened_at, id',
      documentId,
    ),
    history: history
      .map((event) => ({ ...event, data: parse(event.data) }))
      .toSorted((a, b) => orderOf(a) - orderOf(b)),
  };
}

/** Where an event stands among those of all chains. */
function orderOf({ seq, data }: { seq: number; data: Json }): number {
  return (data as { order?: number }).order ?? Number(seq);
}

function parse(text: string | null): Json {
  return text === null ? null : (JSON.parse(text) as Json);
}

/** Documents by any of entity, state, business key; the newest first. */
export function* documents(
  _tx: Tx,
  input: { entity?: string; state?: string; businessKey?: string; limit?: number } = {},
): Transition<DocumentRow[]> {
  return yield* all<DocumentRow>(
    `SELECT * FROM documents WHERE (CAST($1 AS TEXT) IS NULL OR entity = $1) AND (CAST($2 AS TEXT) IS NULL OR state = $2)
     AND (CAST($3 AS TEXT) IS NULL OR business_key = $3) ORDER BY seq DESC LIMIT $4`,
    input.entity ?? null,
    input.state ?? null,
    input.businessKey ?? null,
    input.limit ?? 100,
  );
}

/** Every event key that the store knows, with how often it was delivered. */
export function* deliveries(
  _tx: Tx,
): Transition<{ receive_key: string; document_id: string; entity: string; count: number }[]> {
  return yield* all('SELECT receive_key, document_id, entity, count FROM deliveries ORDER BY receive_key');
}
