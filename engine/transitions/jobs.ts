import { FinanceError, type StoredError } from '../../errors';
import { record, updateSealed } from '../audit';
import type { ApprovalLimits } from '../four-eyes';
import type { DocumentRow, Json } from '../model';
import { all, one, run, type Transition, type Tx } from '../transaction';
import type { Act, EntryFix } from './acts';
import { documentById } from './documents';
import { type AddJobInput, addItems, addJob, type JobKind, type JobRow } from './job-rows';
import { assign, tag } from './people';
import type { Versions } from './proposal-rows';
import { decide } from './proposals';
import { replay, wrongState } from './resolve';

/** What a job does to each of its documents. */
export type JobAction =
  | Extract<Act, { action: 'retry' | 'skip' | 'reject' }>
  | { action: 'assign'; owner: string | null }
  | { action: 'tag'; add?: string[]; remove?: string[] };

export interface CreateJobInput {
  act: JobAction;
  actor: string;
  reason: string;
  documentIds: readonly string[];
  /** Entities that the actor sees; all where they are left out. */
  entities?: readonly string[];
  mayApprove?: boolean;
}

/**
 * One action over many documents, durable: it goes on after a crash, and each document is acted on once.
 * @throws STORE_NOT_FOUND where one of the documents is not there, or not theirs to see; then no job comes to be
 */
export function* createJob(tx: Tx, input: CreateJobInput): Transition<{ id: string; total: number }> {
  const { act, actor, reason, documentIds, entities, mayApprove } = input;
  for (let start = 0; start < documentIds.length; start += PAGE)
    yield* assertThere(documentIds.slice(start, start + PAGE), entities);
  const kept: JobInput = { act, entities, mayApprove };
  return yield* addJob(tx, {
    kind: act.action,
    input: JSON.parse(JSON.stringify(kept)) as AddJobInput['input'],
    actor,
    reason,
    documentIds,
  });
}

/** Documents that one statement asks for. */
const PAGE = 1_000;

function* assertThere(
  documentIds: readonly string[],
  entities: readonly string[] | undefined,
): Transition<void> {
  const places = documentIds.map((_, index) => `$${index + 1}`).join(', ');
  const rows = yield* all<Pick<DocumentRow, 'id' | 'entity'>>(
    `SELECT id, entity FROM documents WHERE id IN (${places})`,
    ...documentIds,
  );
  const known = new Map(rows.map(({ id, entity }) => [id, entity]));
  const missing = documentIds.find((id) => {
    const entity = known.get(id);
    return entity === undefined || (entities && !entities.includes(entity));
  });
  if (missing === undefined) return;
  throw new FinanceError('STORE_NOT_FOUND', {
    message: `There is no document ${missing}.`,
    documentId: missing,
  });
}

/** Input of every kind but `mapping-fix`. */
interface JobInput {
  act: JobAction;
  entities?: readonly string[];
  mayApprove?: boolean;
}

/** Input of a `mapping-fix`. */
export interface FixInput {
  entity: string;
  fix: EntryFix;
  author: string;
  approvedBy: string;
}

/** How far a job is. */
export interface Job {
  id: string;
  kind: JobKind;
  input: Json;
  actor: string;
  reason: string;
  total: number;
  done: number;
  failed: number;
  /** Of those done: proposed to a second person. */
  proposed: number;
  state: JobRow['state'];
  createdAt: number;
  updatedAt: number;
  /** The first documents that failed, and why. */
  failures: { documentId: string; error: StoredError }[];
}

/** Note of an item that was proposed to a second person. */
const PROPOSED = 'proposed';
const MOST_FAILURES = 100;

/** @throws STORE_NOT_FOUND */
export function* job(_tx: Tx, { id }: { id: string }): Transition<Job> {
  const row = yield* one<JobRow>('SELECT * FROM jobs WHERE id = $1', id);
  if (!row) throw new FinanceError('STORE_NOT_FOUND', { message: `There is no job ${id}.` });
  return yield* viewOf(row);
}

/** Jobs, the newest first; of one person, or only those that run. */
export function* jobs(
  _tx: Tx,
  input: { actor?: string; running?: boolean; limit?: number } = {},
): Transition<Job[]> {
  const rows = yield* all<JobRow>(
    `SELECT * FROM jobs WHERE (CAST($1 AS TEXT) IS NULL OR actor = $1) AND (CAST($2 AS TEXT) IS NULL OR state = $2)
     ORDER BY created_at DESC, id DESC LIMIT $3`,
    input.actor ?? null,
    input.running ? 'running' : null,
    input.limit ?? 50,
  );
  const views: Job[] = [];
  for (const row of rows) views.push(yield* viewOf(row));
  return views;
}

function* viewOf(row: JobRow): Transition<Job> {
  const failures = yield* all<{ document_id: string; error: string }>(
    "SELECT document_id, error FROM job_items WHERE job_id = $1 AND state = 'failed' AND error IS NOT NULL ORDER BY document_id LIMIT $2",
    row.id,
    MOST_FAILURES,
  );
  const proposed = yield* one<{ n: number }>(
    "SELECT COUNT(*) AS n FROM job_items WHERE job_id = $1 AND state = 'done' AND error = $2",
    row.id,
    PROPOSED,
  );
  return {
    id: row.id,
    kind: row.kind,
    input: JSON.parse(row.input) as Json,
    actor: row.actor,
    reason: row.reason,
    total: Number(row.total),
    done: Number(row.done),
    failed: Number(row.failed),
    proposed: Number(proposed?.n ?? 0),
    state: row.state,
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    failures: failures.map(({ document_id: documentId, error }) => ({
      documentId,
      error: JSON.parse(error) as StoredError,
    })),
  };
}

/** Jobs that are not done, the oldest first; for who runs them. */
export function* runningJobs(_tx: Tx): Transition<JobRow[]> {
  return yield* all<JobRow>("SELECT * FROM jobs WHERE state = 'running' ORDER BY created_at, id");
}

/** Documents of a job that it has not acted on, in order. */
export function* openItems(
  _tx: Tx,
  { jobId, limit }: { jobId: string; limit: number },
): Transition<string[]> {
  const items = yield* all<{ document_id: string }>(
    `SELECT i.document_id FROM job_items i JOIN jobs j ON j.id = i.job_id AND j.state = 'running'
     WHERE i.job_id = $1 AND i.state = 'open' ORDER BY i.document_id LIMIT $2`,
    jobId,
    limit,
  );
  return items.map(({ document_id }) => document_id);
}

export interface WorkItemsInput {
  jobId: string;
  documentIds: readonly string[];
  limits?: ApprovalLimits;
  /** Document → the mapping versions that a retry with the latest would use: what a proposal is bound to. */
  versions?: Readonly<Record<string, Versions>>;
}

/**
 * Acts on documents of a job and notes it, in one transaction: so each is acted on once, whoever crashes. One that
 * cannot be acted on takes the others of the call with it; {@link failItem} sets it apart.
 */
export function* workItems(tx: Tx, input: WorkItemsInput): Transition<void> {
  const running = yield* lockedJob(input.jobId);
  if (!running) return;
  let done = 0;
  // Always in one order, so that two processes wait for each other and never crosswise.
  for (const documentId of [...input.documentIds].sort()) {
    if (!(yield* isOpen(running.id, documentId))) continue;
    const note = yield* act(tx, running, documentId, input);
    yield* closeItem(running.id, documentId, 'done', note);
    done++;
  }
  yield* count(tx, running, { done });
}

/** Sets a document of a job apart that it could not act on. */
export function* failItem(
  tx: Tx,
  { jobId, documentId, error }: { jobId: string; documentId: string; error: StoredError },
): Transition<void> {
  const running = yield* lockedJob(jobId);
  if (!running || !(yield* isOpen(jobId, documentId))) return;
  yield* closeItem(jobId, documentId, 'failed', JSON.stringify(error));
  yield* count(tx, running, { failed: 1 });
}

/** Ends a job before its time; what it has done stays done. @throws STORE_NOT_FOUND */
export function* stopJob(tx: Tx, { id, actor }: { id: string; actor: string }): Transition<void> {
  const running = yield* lockedJob(id);
  if (!running) return;
  const changed = yield* updateSealed('jobs', id, { state: 'stopped', updated_at: tx.now });
  yield* record(tx, 'job-stopped', null, { job: id, actor }, [changed]);
}

function* lockedJob(id: string): Transition<JobRow | undefined> {
  const row = yield* one<JobRow>('SELECT * FROM jobs WHERE id = $1 {lock}', id);
  if (!row) throw new FinanceError('STORE_NOT_FOUND', { message: `There is no job ${id}.` });
  return row.state === 'running' ? row : undefined;
}

function* isOpen(jobId: string, documentId: string): Transition<boolean> {
  const item = yield* one(
    "SELECT state FROM job_items WHERE job_id = $1 AND document_id = $2 AND state = 'open'",
    jobId,
    documentId,
  );
  return item !== undefined;
}

function* closeItem(
  jobId: string,
  documentId: string,
  state: 'done' | 'failed',
  note: string | null,
): Transition<void> {
  yield* run(
    'UPDATE job_items SET state = $3, error = $4 WHERE job_id = $1 AND document_id = $2',
    jobId,
    documentId,
    state,
    note,
  );
}

function* count(
  tx: Tx,
  row: JobRow,
  { done = 0, failed = 0 }: { done?: number; failed?: number },
): Transition<void> {
  if (done + failed === 0) return;
  const left = Number(row.total) - Number(row.done) - Number(row.failed) - done - failed;
  const changed = yield* updateSealed('jobs', row.id, {
    done: Number(row.done) + done,
    failed: Number(row.failed) + failed,
    state: left > 0 ? 'running' : 'done',
    updated_at: tx.now,
  });
  yield* record(tx, 'job-went-on', null, { job: row.id, done, failed }, [changed]);
}

/** @returns a note where the document was only proposed to a second person */
function* act(
  tx: Tx,
  row: JobRow,
  documentId: string,
  { limits, versions }: Pick<WorkItemsInput, 'limits' | 'versions'>,
): Transition<string | null> {
  const { actor, reason } = row;
  if (row.kind === 'mapping-fix') return yield* goOn(tx, row, documentId);
  const { act: given, entities, mayApprove } = JSON.parse(row.input) as JobInput;
  if (given.action === 'assign' || given.action === 'tag') {
    const open = yield* all<{ id: string }>(
      'SELECT id FROM exceptions WHERE document_id = $1 AND closed_at IS NULL ORDER BY id',
      documentId,
    );
    for (const { id: exceptionId } of open)
      if (given.action === 'assign') yield* assign(tx, { exceptionId, entities, actor, owner: given.owner });
      else yield* tag(tx, { exceptionId, entities, actor, add: given.add, remove: given.remove });
    return null;
  }
  // Somebody may have settled it since the list was made: that is not reversed in passing.
  const document = yield* documentById(documentId);
  if (document.state !== 'held') throw wrongState(document, `decided upon (${given.action})`);
  const decision = { documentId, actor, reason, act: given, entities, mayApprove, limits, job: row.id };
  const isLatest = given.action === 'retry' && given.mapping === 'latest';
  const bound =
    isLatest && versions && Object.hasOwn(versions, documentId) ? versions[documentId] : undefined;
  return (yield* decide(tx, { ...decision, versions: bound })).status === 'proposed' ? PROPOSED : null;
}

/** After a mapping was put right; a document that is held for something else by now, or not at all, is left alone. */
function* goOn(tx: Tx, { input, actor, reason }: JobRow, documentId: string): Transition<null> {
  const { entity, fix } = JSON.parse(input) as FixInput;
  const row = yield* documentById(documentId);
  const open = yield* openUnmapped({ entity, table: fix.table, value: fix.key }, documentId);
  if (row.state === 'held' && open.length > 0)
    yield* replay(tx, { documentId, actor, reason, mapping: 'latest' });
  return null;
}

/** What documents are held for, where an entry of a mapping's table is missing. */
export interface MissingCause {
  entity: string;
  table: string;
  value: string;
}

/**
 * Adds to a job the documents that are held for a missing entry.
 * @returns how many documents it has now
 */
export function* addHeldFor(
  tx: Tx,
  { jobId, cause }: { jobId: string; cause: MissingCause },
): Transition<{ total: number }> {
  const running = yield* lockedJob(jobId);
  if (!running) return { total: 0 };
  const same = yield* openUnmapped(cause);
  yield* addItems(jobId, same);
  const items = yield* one<{ n: number }>('SELECT COUNT(*) AS n FROM job_items WHERE job_id = $1', jobId);
  const total = Number(items!.n);
  if (total === Number(running.total)) return { total };
  const changed = yield* updateSealed('jobs', jobId, { total, updated_at: tx.now });
  yield* record(tx, 'job-grew', null, { job: jobId, total }, [changed]);
  return { total };
}

/** Documents (or this one) that are held for a missing entry. */
function* openUnmapped(cause: MissingCause, documentId: string | null = null): Transition<string[]> {
  const open = yield* all<{ document_id: string; details: string | null }>(
    `SELECT document_id, details FROM exceptions WHERE entity = $1 AND closed_at IS NULL AND code = 'MAP_UNMAPPED'
     AND (CAST($2 AS TEXT) IS NULL OR document_id = $2)`,
    cause.entity,
    documentId,
  );
  return open.filter(({ details }) => isFor(details, cause)).map(({ document_id }) => document_id);
}

function isFor(details: string | null, { table, value }: MissingCause): boolean {
  const known = JSON.parse(details ?? '{}') as { table?: unknown; value?: unknown };
  return known.table === table && known.value === value;
}
