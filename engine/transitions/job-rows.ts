import { insertSealed, record } from '../audit';
import { newId } from '../ids';
import type { Json } from '../model';
import { run, type Transition, type Tx } from '../transaction';

export type JobKind = 'retry' | 'skip' | 'reject' | 'assign' | 'tag' | 'mapping-fix';

/** A row of `jobs`: one action over many documents. */
export interface JobRow {
  id: string;
  kind: JobKind;
  /** JSON: what is to be done to each. */
  input: string;
  actor: string;
  reason: string;
  total: number;
  done: number;
  failed: number;
  state: 'running' | 'done' | 'stopped';
  created_at: number;
  updated_at: number;
}

export interface AddJobInput {
  kind: JobKind;
  input: Json;
  actor: string;
  reason: string;
  documentIds: readonly string[];
}

/** Makes a job durable; who runs it finds it by itself. */
export function* addJob(tx: Tx, input: AddJobInput): Transition<{ id: string; total: number }> {
  const id = newId('job', tx.now);
  const documents = [...new Set(input.documentIds)];
  const added = yield* insertSealed('jobs', {
    id,
    kind: input.kind,
    input: JSON.stringify(input.input),
    actor: input.actor,
    reason: input.reason,
    total: documents.length,
    done: 0,
    failed: 0,
    state: documents.length === 0 ? 'done' : 'running',
    created_at: tx.now,
    updated_at: tx.now,
  });
  yield* addItems(id, documents);
  const facts = { job: id, kind: input.kind, actor: input.actor, reason: input.reason };
  yield* record(tx, 'job', null, { ...facts, total: documents.length }, [added]);
  return { id, total: documents.length };
}

/** Rows of one statement: SQLite takes 32,766 parameters, Postgres 65,535. */
const MOST_ROWS = 1_000;

/** The documents of a job; one that it has already stays as it is. */
export function* addItems(jobId: string, documentIds: readonly string[]): Transition<void> {
  for (let start = 0; start < documentIds.length; start += MOST_ROWS) {
    const page = documentIds.slice(start, start + MOST_ROWS);
    const places = page.map((_, index) => `($1, $${index + 2}, 'open')`).join(', ');
    yield* run(
      `INSERT INTO job_items (job_id, document_id, state) VALUES ${places} ON CONFLICT (job_id, document_id) DO NOTHING`,
      jobId,
      ...page,
    );
  }
}
