import { FinanceError } from '../../errors';
import { insertSealed, record, type Subject, updateSealed } from '../audit';
import { newId } from '../ids';
import { all, one, type Transition, type Tx } from '../transaction';

/** What a person does with an exception, within the entities that they may see (all where none are named). */
export interface OnException {
  exceptionId: string;
  entities?: readonly string[];
  actor: string;
}

interface ExceptionRow {
  id: string;
  document_id: string;
  entity: string;
  owner: string | null;
  closed_at: number | null;
}

/** @throws STORE_NOT_FOUND where there is none, or it belongs to an entity that is not theirs */
function* exceptionOf({ exceptionId, entities }: OnException): Transition<ExceptionRow> {
  const row = yield* one<ExceptionRow>(
    'SELECT id, document_id, entity, owner, closed_at FROM exceptions WHERE id = $1 {lock}',
    exceptionId,
  );
  if (row && (!entities || entities.includes(row.entity))) return row;
  throw new FinanceError('STORE_NOT_FOUND', { message: `There is no exception ${exceptionId}.` });
}

function* openExceptionOf(input: OnException): Transition<ExceptionRow> {
  const row = yield* exceptionOf(input);
  if (row.closed_at === null) return row;
  throw new FinanceError('STORE_STATE', { message: `The exception ${row.id} is closed.` });
}

/**
 * Gives an open exception to somebody; nobody's where `owner` is null.
 * @throws STORE_NOT_FOUND, STORE_STATE
 */
export function* assign(tx: Tx, input: OnException & { owner: string | null }): Transition<void> {
  const row = yield* openExceptionOf(input);
  const owner = input.owner?.trim() || null;
  if (owner === row.owner) return;
  const changed = yield* updateSealed('exceptions', row.id, { owner });
  const facts = { exception: row.id, owner, before: row.owner, actor: input.actor };
  yield* record(tx, 'assigned', row.document_id, facts, [changed]);
}

/**
 * Adds a comment to an exception, open or closed. The text stands in its row only, so that it can be erased.
 * @throws STORE_NOT_FOUND
 */
export function* comment(tx: Tx, input: OnException & { text: string }): Transition<{ commentId: string }> {
  const row = yield* exceptionOf(input);
  const commentId = newId('com', tx.now);
  const added = yield* insertSealed('comments', {
    id: commentId,
    document_id: row.document_id,
    exception_id: row.id,
    actor: input.actor,
    text: input.text,
    created_at: tx.now,
  });
  yield* record(tx, 'commented', row.document_id, { exception: row.id, actor: input.actor }, [added]);
  return { commentId };
}

/**
 * Adds and removes tags of an exception; what is there, or gone, already stays so.
 * @returns its tags now
 * @throws STORE_NOT_FOUND, STORE_STATE
 */
export function* tag(
  tx: Tx,
  input: OnException & { add?: readonly string[]; remove?: readonly string[] },
): Transition<{ tags: string[] }> {
  const row = yield* openExceptionOf(input);
  const present = yield* all<{ id: string; tag: string }>(
    'SELECT id, tag FROM tags WHERE exception_id = $1 AND removed_at IS NULL',
    row.id,
  );
  const add = new Set((input.add ?? []).map(tagOf).filter(Boolean));
  const remove = new Set((input.remove ?? []).map(tagOf));
  const subjects: Subject[] = [];
  for (const one of present)
    if (remove.has(one.tag)) subjects.push(yield* updateSealed('tags', one.id, { removed_at: tx.now }));
  const kept = present.map(({ tag: name }) => name).filter((name) => !remove.has(name));
  const fresh = [...add].filter((name) => !kept.includes(name));
  for (const name of fresh)
    subjects.push(
      yield* insertSealed('tags', {
        id: newId('tag', tx.now),
        exception_id: row.id,
        tag: name,
        actor: input.actor,
        created_at: tx.now,
        removed_at: null,
      }),
    );
  const facts = { exception: row.id, actor: input.actor, add: fresh, remove: [...remove] };
  if (subjects.length > 0) yield* record(tx, 'tagged', row.document_id, facts, subjects);
  return { tags: [...kept, ...fresh].sort() };
}

/** One tag however it is written. */
const tagOf = (text: string): string => text.normalize('NFKC').trim().toLowerCase();
