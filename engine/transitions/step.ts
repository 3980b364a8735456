import { FinanceError, type StoredError } from '../../errors';
import { insertSealed, type Subject, updateSealed } from '../audit';
import { newId, sha256, stableJson } from '../ids';
import type { DocumentRow, Json, LeaseRef, StepRow, StoreSettings } from '../model';
import { type Statement, type Transition, type Tx, together } from '../transaction';
import { type Child, receiveChildren } from './children';
import {
  applyNotes,
  asLeased,
  documentToChange,
  foundDocument,
  leased,
  staleFence,
  transit,
} from './documents';
import { branch } from './settle';

export interface IntendInput extends LeaseRef {
  /** Kind of effect, e.g. `odoo.load`. With target and external key it is the step's identity. */
  kind: string;
  /** URL and database of the target. */
  target: string;
  externalKey: string;
  /** Attributes, not identity: a redeployed flow finds its steps. */
  name: string;
  nodeId?: string;
  request: Json;
  /** Only asks whether the effect was had before: writes no intent. */
  replayOnly?: boolean;
  settings: StoreSettings;
}

export type IntendResult =
  /** The intent is committed: have the effect now. */
  | { status: 'new'; stepId: string; hop: number; attempts: number; request: Json }
  /** Done before: use the recorded result. */
  | { status: 'done'; stepId: string; hop: number; result: Json }
  /** Accepted by the target before, its outcome is awaited: ask for it. */
  | { status: 'pending'; stepId: string; hop: number; request: Json; result: Json; intendedAt: number }
  /** An intent without a result: in doubt. Ask the target, then resend this recorded request. */
  | { status: 'open'; stepId: string; hop: number; request: Json; intendedAt: number; attempts: number }
  /** Done before with another request. The document is held. */
  | { status: 'changed'; stepId: string }
  /** The effect is yet to be had, and its target is paused by an operator; nothing is written. */
  | { status: 'paused' }
  /** The effect is yet to be had; nothing is written, as was asked. */
  | { status: 'unknown' }
  /** Another branch of the flow got further with this document. It is held. */
  | { status: 'branched' };

/** Commits the intent of an effect, or tells what is known of it. */
export function* intend(tx: Tx, input: IntendInput): Transition<IntendResult> {
  const [found, asked] = yield* together<[DocumentRow[], KnownRow[]]>(
    documentToChange(input.documentId),
    knownStep(input),
  );
  const row = asLeased(input, foundDocument(input.documentId, found[0]));
  if (row.hop !== input.hop) return yield* branch(tx, row);
  const step = asked[0]?.id == null ? undefined : (asked[0] as StepRow);
  const paused = asked[0]?.paused === 1;
  const request = stableJson(input.request);
  const requestHash = sha256(request);
  if (step?.state === 'done' && step.request_hash !== requestHash)
    return { status: 'changed', stepId: step.id };
  if (step?.state !== 'done' && paused) return { status: 'paused' };
  if (step?.state !== 'done' && input.replayOnly) return { status: 'unknown' };
  const hop = row.hop + 1;
  if (!step) return yield* firstIntent(tx, row, input, request, requestHash, hop);
  if (step.state === 'failed') return yield* newIntent(tx, row, step, input, request, requestHash, hop);
  yield* advance(tx, row, input, 'met', { step: step.id, kind: step.kind, state: step.state }, []);
  const recorded = JSON.parse(step.request) as Json;
  const result = step.result === null ? null : (JSON.parse(step.result) as Json);
  const intendedAt = Number(step.intended_at);
  if (step.state === 'done') return { status: 'done', stepId: step.id, hop, result };
  if (step.state === 'pending')
    return { status: 'pending', stepId: step.id, hop, request: recorded, result, intendedAt };
  return {
    status: 'open',
    stepId: step.id,
    hop,
    request: recorded,
    intendedAt,
    attempts: Number(step.attempts),
  };
}

type KnownRow = (StepRow | Record<keyof StepRow, null>) & { paused: number | null };

/** The step of this identity, and whether an operator has paused its target. */
function knownStep({ documentId, kind, target, externalKey }: IntendInput): Statement {
  return {
    sql: `SELECT s.*, t.paused AS paused FROM (SELECT 1 AS asked) a
     LEFT JOIN steps s ON s.document_id = $1 AND s.kind = $2 AND s.target = $3 AND s.external_key = $4
     LEFT JOIN targets t ON t.name = $3`,
    params: [documentId, kind, target, externalKey],
  };
}

function* firstIntent(
  tx: Tx,
  row: DocumentRow,
  input: IntendInput,
  request: string,
  requestHash: string,
  hop: number,
): Transition<IntendResult> {
  const id = newId('stp', tx.now);
  const intent = yield* insertSealed('steps', {
    id,
    document_id: row.id,
    kind: input.kind,
    target: input.target,
    external_key: input.externalKey,
    name: input.name,
    node_id: input.nodeId ?? null,
    state: 'intent',
    request_hash: requestHash,
    request,
    result: null,
    error: null,
    until: null,
    attempts: 1,
    intended_at: tx.now,
    fence: row.fence,
    updated_at: tx.now,
  });
  yield* advance(tx, row, input, 'intended', { step: id, kind: input.kind, request: requestHash }, [intent]);
  return { status: 'new', stepId: id, hop, attempts: 1, request: input.request };
}

/** A step that failed for certain may be tried with a new request. */
function* newIntent(
  tx: Tx,
  row: DocumentRow,
  step: StepRow,
  input: IntendInput,
  request: string,
  requestHash: string,
  hop: number,
): Transition<IntendResult> {
  const attempts = Number(step.attempts) + 1;
  const changed = yield* updateSealed('steps', step.id, {
    state: 'intent',
    request_hash: requestHash,
    request,
    result: null,
    error: null,
    until: null,
    attempts,
    name: input.name,
    node_id: input.nodeId ?? null,
    intended_at: tx.now,
    fence: row.fence,
    updated_at: tx.now,
  });
  yield* advance(tx, row, input, 'intended', { step: step.id, kind: step.kind, request: requestHash }, [
    changed,
  ]);
  return { status: 'new', stepId: step.id, hop, attempts, request: input.request };
}

/** Moves the hop counter and the deadline, and writes the notes that the message carries. */
function* advance(
  tx: Tx,
  row: DocumentRow,
  input: LeaseRef & { settings: StoreSettings },
  type: string,
  data: Record<string, unknown>,
  subjects: Subject[],
): Transition<void> {
  const notes = yield* applyNotes(tx, row, input.notes);
  const changes = { ...notes.changes, hop: row.hop + 1, deadline: tx.now + input.settings.deadlineMs };
  yield* transit(tx, row, type, changes, data, [...subjects, ...notes.subjects], true);
}

/**
 * The step of an effect that was already had. Its result is written even where the document was held meanwhile
 * (a clone found in between), as long as no newer lease came.
 */
function* effectOf(ref: {
  documentId: string;
  fence: number;
  stepId: string;
}): Transition<{ row: DocumentRow; step: StepRow }> {
  const [found, steps] = yield* together<[DocumentRow[], StepRow[]]>(documentToChange(ref.documentId), {
    sql: 'SELECT * FROM steps WHERE id = $1 AND document_id = $2',
    params: [ref.stepId, ref.documentId],
  });
  const row = foundDocument(ref.documentId, found[0]);
  if (Number(row.fence) !== ref.fence || row.state === 'settled')
    throw staleFence(row, { ...ref, hop: row.hop });
  const [step] = steps;
  if (!step) throw new FinanceError('STORE_NOT_FOUND', { message: `There is no step ${ref.stepId}.` });
  return { row, step };
}

export interface StepRef {
  documentId: string;
  fence: number;
  stepId: string;
  settings: StoreSettings;
}

/**
 * Records the result of an effect, and receives the documents that it made of this one. Progress: the crashes and
 * expiries of the document start from zero.
 * @throws STORE_FULL where the lane of a child has no room; then nothing is written
 */
export function* complete(
  tx: Tx,
  input: StepRef & { result: Json; children?: readonly Child[] },
): Transition<void> {
  const { row, step } = yield* effectOf(input);
  const result = stableJson(input.result);
  const changed = yield* updateSealed(
    'steps',
    step.id,
    { state: 'done', result, error: null, until: null, fence: row.fence, updated_at: tx.now },
    step,
  );
  const changes = { crashes: 0, expiries: 0, deadline: tx.now + input.settings.deadlineMs };
  const data = { step: step.id, kind: step.kind, result: sha256(result) };
  yield* transit(tx, row, 'completed', changes, data, [changed], true);
  yield* receiveChildren(tx, row, input.children ?? [], input.settings);
}

/**
 * Records that the target accepted the request and its outcome comes later: the document waits without a lease,
 * keeps its lane, and comes back when `until` is due.
 */
export function* pend(tx: Tx, input: StepRef & { result: Json; until: number }): Transition<void> {
  const { row, step } = yield* effectOf(input);
  const result = stableJson(input.result);
  const changed = yield* updateSealed('steps', step.id, {
    state: 'pending',
    result,
    error: null,
    until: input.until,
    fence: row.fence,
    updated_at: tx.now,
  });
  const changes = {
    state: 'waiting',
    waits_for: `step:${step.id}`,
    due: input.until,
    worker: null,
    lease_until: null,
    deadline: null,
    crashes: 0,
    expiries: 0,
    suspect: 0,
    alone: 0,
  };
  yield* transit(tx, row, 'pending', changes, { step: step.id, kind: step.kind, until: input.until }, [
    changed,
  ]);
}

/**
 * Stores the error of a step before anything is emitted. A step whose effect is known not to have happened is
 * `failed`; one in doubt stays an intent, one that is awaited stays pending until the target rejects it, one done
 * stays done. `unasked`: the target gave no answer to the question what became of it, whatever the error says. Where no exception route takes the
 * document, the sweep applies the pipeline's policy after the grace time.
 */
export function* failStep(
  tx: Tx,
  input: StepRef & { error: StoredError; unasked?: boolean },
): Transition<void> {
  const { row, step } = yield* effectOf(input);
  const { kind } = input.error;
  const awaited = step.state === 'pending' && kind !== 'rejected';
  const open = kind === 'in_doubt' || input.unasked || awaited || step.state === 'done';
  const error = JSON.stringify(input.error);
  const changed = yield* updateSealed('steps', step.id, {
    state: open ? step.state : 'failed',
    error,
    fence: row.fence,
    updated_at: tx.now,
  });
  const changes = row.state === 'leased' ? { error, error_at: tx.now } : {};
  yield* transit(tx, row, 'failed', changes, { step: step.id, kind: step.kind, code: input.error.code }, [
    changed,
  ]);
}

/** Stores the error of a pure node (no step) before anything is emitted. */
export function* failRun(tx: Tx, input: LeaseRef & { error: StoredError }): Transition<void> {
  const row = yield* leased(input);
  const notes = yield* applyNotes(tx, row, input.notes);
  const changes = { ...notes.changes, error: JSON.stringify(input.error), error_at: tx.now };
  yield* transit(tx, row, 'failed', changes, { code: input.error.code }, notes.subjects);
}
