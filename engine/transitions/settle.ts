import { FinanceError, type StoredError } from '../../errors';
import { type Subject, updateSealed } from '../audit';
import type { DocumentRow, LeaseRef, Outcome, StepRow } from '../model';
import { disposition, type Tries } from '../retry';
import {
  all,
  lock,
  run,
  type SqlValue,
  type Statement,
  type Transition,
  type Tx,
  together,
} from '../transaction';
import {
  applyNotes,
  type Changes,
  closeExceptions,
  documentToChange,
  foundDocument,
  leased,
  openException,
  openExceptions,
  readyChanges,
  staleFence,
  transit,
} from './documents';
import { waitForTarget } from './targets';

/** Columns of a document that no worker holds any more. */
export const UNLEASED: Changes = {
  worker: null,
  lease_until: null,
  deadline: null,
  suspect: 0,
  alone: 0,
};

export interface SettleInput extends LeaseRef {
  outcome: Exclude<Outcome, 'duplicate'>;
  reason?: string;
}

/**
 * Ends the document. Refused while a step is open, or a step that the pipeline requires is missing. Completing
 * makes its key final and wakes what waits for it; skipping or rejecting releases the key.
 * @throws RUN_STEPS_OPEN, RUN_STEPS_MISSING, STORE_FENCE_STALE
 */
export function* settle(tx: Tx, input: SettleInput): Transition<{ status: 'settled' | 'branched' }> {
  const { documentId } = input;
  const [found, steps, [pipeline], claims, open] = yield* together<
    [DocumentRow[], StepRow[], { required_steps: string }[], ClaimRow[], { id: string }[]]
  >(documentToChange(documentId), ...rulesOf(documentId), ...hangingOn(documentId));
  const row = foundDocument(documentId, found[0]);
  if (row.state === 'settled' && Number(row.fence) === input.fence) return { status: 'settled' };
  if (row.state !== 'leased' || Number(row.fence) !== input.fence) throw staleFence(row, input);
  if (row.hop !== input.hop) return yield* branch(tx, row);
  if (input.outcome === 'completed') checkSteps(row, steps, pipeline);
  const notes = yield* applyNotes(tx, row, input.notes);
  const facts = { reason: input.reason ?? null };
  const fresh = { claims, open };
  yield* settleRow(tx, row, input.outcome, facts, notes.changes, notes.subjects, null, fresh);
  return { status: 'settled' };
}

/** The steps of a document, and those that its pipeline requires. */
function rulesOf(documentId: string): Statement[] {
  return [
    { sql: 'SELECT kind, state, name FROM steps WHERE document_id = $1', params: [documentId] },
    {
      sql: `SELECT required_steps FROM pipelines WHERE name = (SELECT pipeline FROM documents WHERE id = $1)`,
      params: [documentId],
    },
  ];
}

/** What is closed with a document. */
interface Hanging {
  claims: ClaimRow[];
  /** Open exceptions. */
  open: { id: string }[];
}

/** The statements that read {@link Hanging}. */
function hangingOn(documentId: string): Statement[] {
  return [
    {
      sql: 'SELECT * FROM claims WHERE document_id = $1 ORDER BY business_key',
      params: [documentId],
    },
    openExceptions(documentId),
  ];
}

/** @throws RUN_STEPS_OPEN, RUN_STEPS_MISSING */
function checkSteps(
  row: DocumentRow,
  steps: Pick<StepRow, 'kind' | 'state' | 'name'>[],
  pipeline: { required_steps: string } | undefined,
): void {
  const open = steps.filter(({ state }) => state === 'intent' || state === 'pending');
  if (open.length > 0)
    throw new FinanceError('RUN_STEPS_OPEN', {
      message: `Not done: ${open.map(({ name, kind }) => `${name} (${kind})`).join(', ')}.`,
      documentId: row.id,
    });
  const required = pipeline ? (JSON.parse(pipeline.required_steps) as string[]) : [];
  const missing = required.filter(
    (kind) => !steps.some((step) => step.kind === kind && step.state === 'done'),
  );
  if (missing.length > 0)
    throw new FinanceError('RUN_STEPS_MISSING', {
      message: `The pipeline requires ${missing.join(', ')}.`,
      documentId: row.id,
    });
}

/**
 * Settles a row, leased or not, with all that hangs on it: claim, waiting documents, exceptions, lane.
 * @param fresh what hangs on it, where it was read with the row and nothing has changed either since
 */
export function* settleRow(
  tx: Tx,
  row: DocumentRow,
  outcome: Outcome,
  data: Record<string, unknown>,
  changes: Changes = {},
  subjects: Subject[] = [],
  closing: { actor: string; reason: string } | null = null,
  fresh?: Hanging,
): Transition<void> {
  const businessKey = changes.business_key ?? row.business_key;
  const hanging = fresh ?? (yield* readHanging(row.id));
  const claims = yield* closeClaims(tx, hanging.claims, outcome, businessKey);
  const { actor = null, reason = null } = closing ?? {};
  const closed = yield* closeExceptions(tx, row.id, outcome, actor, reason, hanging.open);
  yield* transit(
    tx,
    row,
    'settled',
    {
      ...changes,
      ...UNLEASED,
      state: 'settled',
      outcome,
      in_lane: 0,
      blocked: 0,
      due: null,
      waits_for: null,
      error: null,
      error_at: null,
      settled_at: tx.now,
    },
    { outcome, ...data },
    [...subjects, ...claims.map(({ subject }) => subject), ...closed],
    fresh !== undefined,
  );
  for (const { claim, final } of claims) yield* decideWaiting(tx, claim, row.id, final);
}

function* readHanging(documentId: string): Transition<Hanging> {
  const [claims, open] = yield* together<[ClaimRow[], { id: string }[]]>(...hangingOn(documentId));
  return { claims, open };
}

export interface ClaimRow {
  business_key: string;
  document_id: string;
  content_hash: string;
  state: 'open' | 'final';
}

/**
 * A completed document makes the claim of its business key final; a skipped or rejected one releases it. Claims of
 * keys that the document had before its mapping changed are released in any case, if nothing was posted under them.
 */
function* closeClaims(
  tx: Tx,
  claims: ClaimRow[],
  outcome: Outcome,
  businessKey: SqlValue,
): Transition<{ claim: ClaimRow; subject: Subject; final: boolean }[]> {
  const closed: { claim: ClaimRow; subject: Subject; final: boolean }[] = [];
  for (const claim of claims) {
    const current = claim.business_key === businessKey;
    // What was posted under a key stays posted under it.
    if (!current && claim.state === 'final') continue;
    yield* lock(tx, 'key', claim.business_key);
    const final = current && outcome === 'completed';
    closed.push({ claim, final, subject: yield* closeClaim(claim, final) });
  }
  return closed;
}

/** @param claim as it is: only who has locked its document changes it */
function* closeClaim(claim: ClaimRow, final: boolean): Transition<Subject> {
  if (final) return yield* updateSealed('claims', claim.business_key, { state: 'final' }, claim);
  yield* run('DELETE FROM claims WHERE business_key = $1', claim.business_key);
  return ['claims', claim.business_key, 'gone'];
}

/** The settling transaction decides what waits for the key or for the document itself. */
function* decideWaiting(tx: Tx, claim: ClaimRow, settledId: string, final: boolean): Transition<void> {
  const rivals = yield* all<DocumentRow>(
    "SELECT * FROM documents WHERE state = 'waiting' AND waits_for = $1 ORDER BY seq {lock}",
    `claim:${claim.business_key}`,
  );
  for (const rival of rivals) {
    if (!final) yield* transit(tx, rival, 'claim-released', yield* readyChanges(tx, rival));
    else if (rival.content_hash === claim.content_hash)
      yield* settleRow(tx, rival, 'duplicate', { of: settledId }, { duplicate_of: settledId });
    else yield* holdRow(tx, rival, conflictError(claim));
  }
  // Released, it may have been booked all the same: who waits for it looks again.
  const waiting = yield* all<DocumentRow>(
    "SELECT * FROM documents WHERE state = 'waiting' AND waits_for = $1 ORDER BY seq {lock}",
    `ref:${claim.business_key}`,
  );
  for (const row of waiting)
    yield* transit(
      tx,
      row,
      final ? 'reference-arrived' : 'reference-released',
      yield* readyChanges(tx, row),
      {
        reference: claim.business_key,
      },
    );
}

export function conflictError(claim: ClaimRow): StoredError {
  return new FinanceError('DOCUMENT_CONFLICT', {
    message: `${claim.business_key} was received before with other content (document ${claim.document_id}).`,
    details: { businessKey: claim.business_key, first: claim.document_id },
  }).toJSON();
}

/** Retries or holds a failed document, as the kind of its error says. */
export function* fail(tx: Tx, ref: LeaseRef, error: StoredError): Transition<'retried' | 'held'> {
  const row = yield* leased(ref);
  const tries = JSON.parse(row.tries ?? '{}') as Tries;
  const what = disposition(error, tries, Math.random());
  const notes = yield* applyNotes(tx, row, ref.notes);
  if (what.action === 'hold') {
    yield* holdRow(tx, row, what.error, notes);
    return 'held';
  }
  const changes: Changes = {
    ...notes.changes,
    ...UNLEASED,
    due: tx.now + what.delayMs,
    error: JSON.stringify(error),
    error_at: null,
  };
  if (row.lane_policy === 'pass') Object.assign(changes, { in_lane: 0, blocked: 0 });
  if (what.action === 'await')
    Object.assign(changes, {
      state: 'waiting',
      waits_for: waitForTarget(String(error.details?.target ?? '')),
    });
  else
    Object.assign(changes, {
      state: 'retry',
      attempts: Number(row.attempts) + 1,
      tries: JSON.stringify(what.tries),
    });
  const { delayMs } = what;
  const counted = what.action === 'retry' ? { tries: what.tries } : {};
  yield* transit(
    tx,
    row,
    what.action === 'retry' ? 'retry' : 'waiting',
    changes,
    { code: error.code, delayMs, ...counted },
    notes.subjects,
  );
  return 'retried';
}

/** The transition behind exception route: retry with backoff, or hold with class, cause and hint. */
export function* dispose(tx: Tx, input: LeaseRef & { error: StoredError }): Transition<'retried' | 'held'> {
  return yield* fail(tx, input, input.error);
}

/** Holds a document for a person, whatever the kind of its error. */
export function* hold(tx: Tx, input: LeaseRef & { error: StoredError }): Transition<void> {
  const row = yield* leased(input);
  const notes = yield* applyNotes(tx, row, input.notes);
  yield* holdRow(tx, row, input.error, notes);
}

export function* holdRow(
  tx: Tx,
  row: DocumentRow,
  error: StoredError,
  notes: { changes: Changes; subjects: Subject[] } = { changes: {}, subjects: [] },
): Transition<void> {
  const exception = yield* openException(tx, { ...row, ...notes.changes } as DocumentRow, error);
  // A conflict has no claim to its business object: what comes behind it must not wait for it.
  const leaves = row.lane_policy === 'pass' || row.in_lane === 0 || error.code === 'DOCUMENT_CONFLICT';
  const lane: Changes = leaves ? { in_lane: 0, blocked: 0 } : {};
  yield* transit(
    tx,
    row,
    'held',
    {
      ...notes.changes,
      ...UNLEASED,
      ...lane,
      state: 'held',
      due: null,
      waits_for: null,
      error: JSON.stringify(error),
      error_at: tx.now,
    },
    { code: error.code, step: error.step ?? null },
    [...notes.subjects, exception],
  );
}

/** Two branches work on one document: it is held before the second has an effect. */
export function* branch(tx: Tx, row: DocumentRow): Transition<{ status: 'branched' }> {
  yield* holdRow(tx, row, new FinanceError('RUN_BRANCHED', { documentId: row.id }).toJSON());
  return { status: 'branched' };
}
