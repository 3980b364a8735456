import { FinanceError } from '../../errors';
import { type Subject, updateSealed } from '../audit';
import type { DocumentRow, StepRow } from '../model';
import type { RetentionPolicy, RetentionRule } from '../retention';
import { all, one, run, type Transition, type Tx } from '../transaction';
import { documentById, transit } from './documents';
import type { Decision } from './resolve';

/** What stands in place of the request or result of a step that was erased: JSON still, and no fact. */
const ERASED = 'null';
/** Documents that one page looks at. */
const WINDOW = 2_000;

/** A page of documents whose time is over. */
export interface ExpiredPage {
  documents: { id: string; entity: string; kind: string }[];
  /** Where the next page begins; undefined after the last. */
  next?: number;
}

/** How much was erased. */
export interface Erased {
  documents: number;
  bodies: number;
  steps: number;
}

/**
 * Settled documents whose texts a policy no longer keeps and that still have some, in the order they came.
 * One page looks at a bounded number of documents, so that nothing waits for it.
 * @param input.after number (`seq`) of the document before the page
 */
export function* expired(
  tx: Tx,
  input: { policy: RetentionPolicy; after: number; limit: number },
): Transition<ExpiredPage> {
  const rows = yield* all<Pick<DocumentRow, 'seq' | 'id' | 'entity' | 'kind' | 'settled_at'>>(
    `SELECT seq, id, entity, kind, settled_at FROM documents d WHERE seq > $1 AND seq <= $2 AND state = 'settled'
     AND (EXISTS (SELECT 1 FROM bodies b WHERE b.document_id = d.id AND b.erased_at IS NULL)
       OR EXISTS (SELECT 1 FROM comments c WHERE c.document_id = d.id AND c.text <> '')) ORDER BY seq`,
    input.after,
    input.after + WINDOW,
  );
  const over = rows.filter((row) => isOver(input.policy, row, tx.now));
  const documents = over.slice(0, input.limit).map(({ id, entity, kind }) => ({ id, entity, kind }));
  if (over.length > input.limit) return { documents, next: Number(over[input.limit - 1]!.seq) };
  const behind = yield* one<{ seq: number }>(
    'SELECT MIN(seq) AS seq FROM documents WHERE seq > $1',
    input.after + WINDOW,
  );
  return behind?.seq ? { documents, next: Number(behind.seq) - 1 } : { documents };
}

const DAY_MS = 86_400_000;

function isOver(
  policy: RetentionPolicy,
  row: Pick<DocumentRow, 'entity' | 'kind' | 'settled_at'>,
  now: number,
): boolean {
  const rule = policy.rules.find((one) => covers(one, row));
  return rule !== undefined && Number(row.settled_at) + rule.days * DAY_MS <= now;
}

function covers(rule: RetentionRule, { entity, kind }: { entity: string; kind: string }): boolean {
  return (rule.entity ?? entity) === entity && (rule.kind ?? kind) === kind;
}

/** Erases the texts of these documents; one that is under way again meanwhile keeps its own. */
export function* eraseExpired(
  tx: Tx,
  input: { documentIds: string[]; actor: string; reason: string },
): Transition<Erased> {
  const sum: Erased = { documents: 0, bodies: 0, steps: 0 };
  // Always in one order, so that two processes at it wait for each other and never crosswise.
  for (const id of [...input.documentIds].sort()) {
    const row = yield* documentById(id);
    if (row.state !== 'settled') continue;
    const { bodies, steps, comments } = yield* erase(tx, row, input);
    if (bodies + comments === 0) continue;
    sum.documents++;
    sum.bodies += bodies;
    sum.steps += steps;
  }
  return sum;
}

/**
 * Erases the bodies of a settled document, what its steps sent and got, and what people said of it (personal data). Their hashes, and all
 * keys, stay: an event that comes again is known, an effect is not had again, and the audit chain verifies.
 * @throws STORE_STATE where it is not settled
 */
export function* eraseBodies(tx: Tx, input: Decision): Transition<void> {
  const row = yield* documentById(input.documentId);
  if (row.state !== 'settled')
    throw new FinanceError('STORE_STATE', {
      message: `Document ${row.id} is ${row.state} and cannot be erased.`,
      documentId: row.id,
    });
  yield* erase(tx, row, input);
}

function* erase(
  tx: Tx,
  row: DocumentRow,
  { actor, reason }: { actor: string; reason: string },
): Transition<{ bodies: number; steps: number; comments: number }> {
  // What is erased is overwritten in the file as well.
  if (tx.dialect === 'sqlite') yield* run('PRAGMA secure_delete = ON');
  const bodies = yield* all<{ id: string }>(
    'SELECT id FROM bodies WHERE document_id = $1 AND erased_at IS NULL',
    row.id,
  );
  const steps = yield* all<Pick<StepRow, 'id' | 'result'>>(
    'SELECT id, result FROM steps WHERE document_id = $1 AND (request <> $2 OR result <> $2)',
    row.id,
    ERASED,
  );
  const comments = yield* all<{ id: string }>(
    "SELECT id FROM comments WHERE document_id = $1 AND text <> ''",
    row.id,
  );
  const subjects: Subject[] = [];
  for (const { id } of bodies)
    subjects.push(yield* updateSealed('bodies', id, { content: null, erased_at: tx.now }));
  for (const { id, result } of steps)
    subjects.push(
      yield* updateSealed('steps', id, { request: ERASED, result: result === null ? null : ERASED }),
    );
  for (const { id } of comments) subjects.push(yield* updateSealed('comments', id, { text: '' }));
  const counts = { bodies: bodies.length, steps: steps.length, comments: comments.length };
  if (subjects.length > 0) yield* transit(tx, row, 'erased', {}, { actor, reason, ...counts }, subjects);
  return counts;
}

/** Whether a document's texts were erased: then it cannot run again. */
export function* isErased(documentId: string): Transition<boolean> {
  const found = yield* one(
    'SELECT id FROM bodies WHERE document_id = $1 AND erased_at IS NOT NULL LIMIT 1',
    documentId,
  );
  return found !== undefined;
}
