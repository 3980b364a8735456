import type { DocumentRow } from '../model';
import { all, type Transition, type Tx } from '../transaction';

/** The canonical body that counts: the latest. */
const CANONICAL = `(SELECT b.content FROM bodies b WHERE b.document_id = d.id AND b.role = 'canonical'
  AND b.content IS NOT NULL ORDER BY b.created_at DESC, b.id DESC LIMIT 1)`;

const textOf = (content: Uint8Array | null): string | null =>
  content && Buffer.from(content).toString('utf8');

/** A page of an entity's documents, in order of arrival. */
export interface EntityPage {
  entity: string;
  /** `seq` of the last document of the page before; 0 for the first page. */
  after: number;
  limit: number;
}

/** A document that is not settled. */
export type OpenRow = Pick<
  DocumentRow,
  'seq' | 'id' | 'entity' | 'kind' | 'state' | 'amount' | 'currency' | 'number' | 'date' | 'error'
> & {
  /** A step of it has an intent and no result. */
  in_doubt: 0 | 1;
  /** Where it has told no day: the canonical document, if it was mapped. */
  text: string | null;
};

/** What is open of an entity; with it what no route led to an entity, since it may be of this one. */
export function* openDocuments(_tx: Tx, { entity, after, limit }: EntityPage): Transition<OpenRow[]> {
  const rows = yield* all<Omit<OpenRow, 'text'> & { content: Uint8Array | null }>(
    `SELECT d.seq, d.id, d.entity, d.kind, d.state, d.amount, d.currency, d.number, d.date, d.error,
      CASE WHEN EXISTS (SELECT 1 FROM steps s WHERE s.document_id = d.id AND s.state = 'intent')
        THEN 1 ELSE 0 END AS in_doubt,
      CASE WHEN d.date IS NULL THEN ${CANONICAL} END AS content
     FROM documents d WHERE d.seq > $1 AND d.state <> 'settled' AND (d.entity = $2 OR d.entity = '')
     ORDER BY d.seq LIMIT $3`,
    after,
    entity,
    limit,
  );
  return rows.map(({ content, ...row }) => ({ ...row, seq: Number(row.seq), text: textOf(content) }));
}

/** A mapped document that was not posted: open, or settled without its effects. */
export type UnpostedRow = Pick<DocumentRow, 'seq' | 'id' | 'kind'> & {
  /** The canonical document. */
  text: string;
};

/** The canonical documents of an entity that no pipeline has completed. */
export function* unpostedDocuments(_tx: Tx, { entity, after, limit }: EntityPage): Transition<UnpostedRow[]> {
  const rows = yield* all<Omit<UnpostedRow, 'text'> & { content: Uint8Array }>(
    `SELECT * FROM (SELECT d.seq, d.id, d.kind, ${CANONICAL} AS content FROM documents d
       WHERE d.seq > $1 AND d.entity = $2 AND (d.outcome IS NULL OR d.outcome = 'skipped')) found
     WHERE content IS NOT NULL ORDER BY seq LIMIT $3`,
    after,
    entity,
    limit,
  );
  return rows.map(({ content, ...row }) => ({ ...row, seq: Number(row.seq), text: textOf(content) ?? '' }));
}
