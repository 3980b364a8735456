import { FinanceError } from '../../errors';
import type { DocumentRow, Json, StepRow } from '../model';
import { all, one, type Transition, type Tx } from '../transaction';
import { exceptionList, type ListedException } from './exception-list';
import { Query, type Scope } from './query';
import { type ListedDocument, listedDocument } from './search';

/** All that is known of a document, from its source event to the last word about it. */
export interface DocumentTrace {
  document: ListedDocument & {
    lane: string;
    contentHash: string | null;
    correlationId: string;
    parentId: string | null;
    duplicateOf: string | null;
    /** Ids of the documents that were made of it. */
    children: string[];
    source: Json;
    mapping: Json;
    error: Json;
    attempts: number;
    deliveries: number;
  };
  steps: TracedStep[];
  bodies: { role: string; mediaType: string; sha256: string; createdAt: number; text: string | null }[];
  exceptions: ListedException[];
  history: { seq: number; at: number; type: string; data: Json }[];
  comments: { id: string; exceptionId: string | null; actor: string; text: string; createdAt: number }[];
}

export interface TracedStep {
  id: string;
  kind: string;
  target: string;
  externalKey: string;
  name: string;
  state: StepRow['state'];
  attempts: number;
  intendedAt: number;
  updatedAt: number;
  request: Json;
  result: Json;
  error: Json;
}

/** @throws STORE_NOT_FOUND where there is none that the reader may see */
export function* documentTrace(
  tx: Tx,
  input: { scope: Scope; documentId: string },
): Transition<DocumentTrace> {
  const { scope, documentId } = input;
  const query = new Query(tx).within(scope).equal('d.id', documentId);
  const row = yield* one<DocumentRow>(`SELECT * FROM documents d ${query.where}`, ...query.params);
  if (!row) throw new FinanceError('STORE_NOT_FOUND', { message: `There is no document ${documentId}.` });
  return {
    document: yield* facts(tx, row, scope),
    steps: yield* stepsOf(documentId),
    bodies: yield* bodiesOf(documentId),
    exceptions: (yield* exceptionList(tx, {
      scope,
      filter: { documentId, state: 'any' },
      sort: 'opened',
      limit: MOST,
    })).items,
    history: yield* historyOf(documentId),
    comments: yield* all(
      `SELECT id, exception_id AS "exceptionId", actor, text, created_at AS "createdAt" FROM comments
       WHERE document_id = $1 ORDER BY created_at, id`,
      documentId,
    ),
  };
}

const MOST = 100;

function* facts(tx: Tx, row: DocumentRow, scope: Scope): Transition<DocumentTrace['document']> {
  const deliveries = yield* one<{ count: number }>(
    'SELECT count FROM deliveries WHERE receive_key = $1',
    row.receive_key,
  );
  const children = new Query(tx).within(scope).equal('d.parent_id', row.id);
  const made = yield* all<{ id: string }>(
    `SELECT d.id FROM documents d ${children.where} AND d.parent_id IS NOT NULL ORDER BY d.seq`,
    ...children.params,
  );
  return {
    ...(yield* listedDocument(tx, row.id)),
    lane: row.lane,
    contentHash: row.content_hash,
    correlationId: row.correlation_id,
    parentId: yield* ifVisible(tx, scope, row.parent_id),
    duplicateOf: yield* ifVisible(tx, scope, row.duplicate_of),
    children: made.map(({ id }) => id),
    source: parse(row.source),
    mapping: parse(row.mapping),
    error: parse(row.error),
    attempts: row.attempts,
    deliveries: Number(deliveries?.count ?? 0),
  };
}

function* ifVisible(tx: Tx, scope: Scope, id: string | null): Transition<string | null> {
  if (id === null) return null;
  const query = new Query(tx).within(scope).equal('d.id', id);
  return (yield* one(`SELECT d.id FROM documents d ${query.where}`, ...query.params)) ? id : null;
}

function* stepsOf(documentId: string): Transition<TracedStep[]> {
  const rows = yield* all<StepRow>(
    'SELECT * FROM steps WHERE document_id = $1 ORDER BY intended_at, id',
    documentId,
  );
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    target: row.target,
    externalKey: row.external_key,
    name: row.name,
    state: row.state,
    attempts: row.attempts,
    intendedAt: Number(row.intended_at),
    updatedAt: Number(row.updated_at),
    request: parse(row.request),
    result: parse(row.result),
    error: parse(row.error),
  }));
}

function* bodiesOf(documentId: string): Transition<DocumentTrace['bodies']> {
  const rows = yield* all<{
    role: string;
    media_type: string;
    sha256: string;
    created_at: number;
    content: Uint8Array | null;
  }>(
    'SELECT role, media_type, sha256, created_at, content FROM bodies WHERE document_id = $1 ORDER BY created_at, id',
    documentId,
  );
  return rows.map(({ role, media_type, sha256, created_at, content }) => ({
    role,
    mediaType: media_type,
    sha256,
    createdAt: Number(created_at),
    text: content && Buffer.from(content).toString('utf8'),
  }));
}

function* historyOf(documentId: string): Transition<DocumentTrace['history']> {
  const rows = yield* all<{ seq: number; at: number; type: string; data: string }>(
    'SELECT seq, at, type, data FROM audit WHERE document_id = $1 ORDER BY at, seq',
    documentId,
  );
  return rows.map(({ data, ...event }) => ({ ...event, data: withoutSeals(parse(data)) }));
}

/** The digests are for the verification of the chain, not for people. */
function withoutSeals(data: Json): Json {
  if (data === null || typeof data !== 'object' || Array.isArray(data)) return data;
  const { seals: _seals, ...rest } = data;
  return rest;
}

function parse(text: string | null): Json {
  return text === null ? null : (JSON.parse(text) as Json);
}
