import { type Subject, updateSealed } from '../audit';
import { stableJson } from '../ids';
import type { DocumentRow, Json, Notes } from '../model';
import { all, one, type Transition, type Tx } from '../transaction';
import type { StoredAct } from './acts';

/** A row of `proposals`. */
export interface ProposalRow {
  id: string;
  document_id: string;
  entity: string;
  kind: StoredAct['action'];
  payload: string;
  content_hash: string | null;
  mapping: string | null;
  amount: string | null;
  currency: string | null;
  author: string;
  reason: string;
  created_at: number;
  state: 'open' | 'approved' | 'refused' | 'void';
  decided_by: string | null;
  decided_at: number | null;
  decision_reason: string | null;
}

/** What a proposal is to do, and what it is bound to besides the content hash and the mapping of its columns. */
export interface Payload {
  act: StoredAct;
  bound: Bound;
  /** The mapping versions that would be used, where they are not those of the document. */
  versions?: Versions;
  /** The job that it came from. */
  job?: string;
}

export type Versions = NonNullable<Notes['mapping']>;

/** What a person saw when they proposed: with any of it changed, the proposal is about something else. */
interface Bound {
  /** Whether it was held or settled, and how. */
  state: string;
  /** The open exception. */
  exception: string | null;
  /** SHA-256 of the body in force: the source's, or the last correction. */
  body: string | null;
}

/** What a proposal about a document, as it is now, is bound to. */
export function* boundTo({ id: documentId, state, outcome }: DocumentRow): Transition<Bound> {
  const exception = yield* one<{ id: string }>(
    'SELECT id FROM exceptions WHERE document_id = $1 AND closed_at IS NULL ORDER BY opened_at DESC, id DESC LIMIT 1',
    documentId,
  );
  const body = yield* one<{ sha256: string }>(
    `SELECT sha256 FROM bodies WHERE document_id = $1 AND role IN ('source', 'corrected')
     ORDER BY CASE role WHEN 'corrected' THEN 0 ELSE 1 END, created_at DESC, id DESC LIMIT 1`,
    documentId,
  );
  return { state: outcome ?? state, exception: exception?.id ?? null, body: body?.sha256 ?? null };
}

/**
 * Whether a proposal is still about the document as it is: held by the same exception, of the same content and under
 * the same mapping versions.
 */
export function* isCurrent(
  proposal: ProposalRow,
  document: DocumentRow,
  versions: Versions | undefined,
): Transition<boolean> {
  const payload = JSON.parse(proposal.payload) as Payload;
  const now = yield* boundTo(document);
  return (
    document.content_hash === proposal.content_hash &&
    document.mapping === proposal.mapping &&
    isSame(now, payload.bound) &&
    isSame(versions, payload.versions)
  );
}

function isSame(a: object | undefined, b: object | undefined): boolean {
  return stableJson((a ?? null) as Json) === stableJson((b ?? null) as Json);
}

/** A document changed: what is still proposed for it is void. @returns the rows, for the event of the change */
export function* voidProposals(tx: Tx, documentId: string): Transition<Subject[]> {
  const open = yield* all<{ id: string }>(
    "SELECT id FROM proposals WHERE document_id = $1 AND state = 'open' ORDER BY id {lock}",
    documentId,
  );
  const subjects: Subject[] = [];
  for (const { id } of open) subjects.push(yield* voided(tx, id));
  return subjects;
}

export function* voided(tx: Tx, id: string): Transition<Subject> {
  return yield* updateSealed('proposals', id, {
    state: 'void',
    decided_at: tx.now,
    decision_reason: 'it changed since',
  });
}
