import type { StoredError } from '../../errors';
import type { Care, DocumentRow, Json, StoreSettings } from '../model';
import { run, type Transition, type Tx } from '../transaction';
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

/** Receives the children of a document, in the transaction that completes the step that made them. */
export function* receiveChildren(
  tx: Tx,
  parent: DocumentRow,
  children: readonly Child[],
  settings: StoreSettings,
): Transition<void> {
  for (const { part, body, date, sourceId, ...child } of children) {
    const { documentId, status } = yield* receive(tx, {
      ...child,
      receiveKey: `${parent.receive_key}#${part}`,
      body: { mediaType: 'application/json', content: body },
      correlationId: parent.correlation_id,
      parentId: parent.id,
      settings,
    });
    if (status === 'duplicate') continue;
    // told by the body, so the audit chain does not vouch for them a second time
    yield* run(
      'UPDATE documents SET date = $2, source_id = $3 WHERE id = $1',
      documentId,
      date ?? null,
      sourceId ?? null,
    );
  }
}
