import { FinanceError, type StoredError } from '../../errors';
import type { Care, DocumentRow, Json, StoreSettings } from '../model';
import { run, type Transition, type Tx } from '../transaction';
import { readDocument } from './documents';
import { receive } from './receive';

/** A document that a step makes of another one. */
export interface Child {
  /** What makes it itself among the children of its parent; its key is `parent#part`. */
  part: string;
  entity: string;
  kind: string;
  lane: string;
  source: Json;
  /** Canonical JSON. */
  body: string;
  amount?: string;
  currency?: string;
  number?: string;
  /** The document's own day, YYYY-MM-DD. */
  date?: string;
  sourceId?: string;
  /** Stored and held at once: it waits for an approval. */
  hold?: StoredError;
  /** Who looks after it then. */
  care?: Care;
}

/**
 * Receives the children of a document, in the transaction that completes the step that made them. Those that it has
 * already stay as they are.
 * @throws DOCUMENT_CONFLICT where two have one key, or another document has it
 */
export function* receiveChildren(
  tx: Tx,
  parent: DocumentRow,
  children: readonly Child[],
  settings: StoreSettings,
): Transition<void> {
  const made = new Set<string>();
  for (const { part, body, date, sourceId, ...child } of children) {
    const { documentId, status } = yield* receive(tx, {
      ...child,
      receiveKey: `${parent.receive_key}#${part}`,
      body: { mediaType: 'application/json', content: body },
      correlationId: parent.correlation_id,
      parentId: parent.id,
      settings,
    });
    if (made.has(documentId)) throw taken(parent, part, documentId);
    made.add(documentId);
    if (status === 'duplicate') {
      if ((yield* readDocument(documentId)).parent_id !== parent.id) throw taken(parent, part, documentId);
      continue;
    }
    // told by the body, so the audit chain does not vouch for them a second time
    yield* run(
      'UPDATE documents SET date = $2, source_id = $3 WHERE id = $1',
      documentId,
      date ?? null,
      sourceId ?? null,
    );
  }
}

function taken(parent: DocumentRow, part: string, documentId: string): FinanceError {
  return new FinanceError('DOCUMENT_CONFLICT', {
    message: `Document ${documentId} has the key of part "${part}" already.`,
    documentId: parent.id,
  });
}
