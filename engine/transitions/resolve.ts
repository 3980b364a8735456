import { FinanceError } from '../../errors';
import { factsOf, insertSealed, type Subject, updateSealed } from '../audit';
import { assertSecondPerson } from '../four-eyes';
import { newId, sha256, stableJson } from '../ids';
import type { DocumentRow, Json, Notes, StepRow } from '../model';
import { all, one, type Transition, type Tx } from '../transaction';
import {
  addBody,
  type Changes,
  closeExceptions,
  documentById,
  keepBody,
  readyChanges,
  transit,
} from './documents';
import { pipelineOf } from './pipelines';
import { voidProposals } from './proposal-rows';
import { isErased } from './retention';
import { settleRow } from './settle';

/** Who decided, and why; both are kept for ever. */
export interface Decision {
  documentId: string;
  actor: string;
  reason: string;
}

export interface ReplayInput extends Decision {
  /** `latest`: with the mapping as it is now, also where effects were had with an earlier one. */
  mapping?: 'pinned' | 'latest';
  /** Kind of the first step whose recorded result, with those after it, is set aside. */
  from?: string;
  /** People looked in the target: what is in doubt did not happen, and is to be done anew. */
  notDone?: boolean;
  /** The versions that were approved for `latest`: it runs with these, however long it takes to run. */
  approved?: Notes['mapping'];
}

/**
 * Runs a held or settled document again from the start of its pipeline. Steps done before give their recorded
 * results, and the mapping that they were done with is used again unless `mapping` is `latest`.
 *
 * With `from`, the results of that step and of all after it are set aside: they are in doubt again, so each target is
 * asked by its external key before anything is sent a second time.
 *
 * `notDone` is for a document that is held because its target found nothing and does not refuse doubles.
 * @throws STORE_STATE where the document is under way already, STORE_NOT_FOUND where it has no step `from`,
 * DECISION_SECOND_PERSON where it waits for an approval and the actor corrected it
 */
export function* replay(tx: Tx, input: ReplayInput): Transition<void> {
  const row = yield* documentById(input.documentId);
  const { aside, undone } = yield* replayPlan(row, input);
  if (errorCodeOf(row) === 'DOCUMENT_APPROVAL')
    assertSecondPerson(input.actor, yield* correctorsOf(tx, row.id), row.id);
  const mapping = input.mapping ?? 'pinned';
  const approved = input.approved?.length ? input.approved : undefined;
  yield* runAgain(tx, row, input, {
    type: 'replayed',
    resolution: 'retried',
    changes: mapping === 'latest' ? { mapping: approved ? JSON.stringify(approved) : null } : {},
    facts: { mapping, approved, from: input.from, aside: idsOf(aside), notDone: idsOf(undone) },
    *write() {
      const subjects = yield* setAside(tx, row, aside);
      for (const { id } of undone)
        subjects.push(yield* updateSealed('steps', id, { state: 'failed', updated_at: tx.now }));
      return subjects;
    },
  });
}

/**
 * The steps whose results are set aside, and those that did not happen.
 * @throws STORE_STATE, STORE_NOT_FOUND where the document cannot run again so
 */
export function* replayPlan(
  row: DocumentRow,
  { from, mapping, notDone }: Pick<ReplayInput, 'from' | 'mapping' | 'notDone'>,
): Transition<{ aside: StepRow[]; undone: StepRow[] }> {
  if (row.state !== 'held' && row.state !== 'settled') throw wrongState(row, 'replayed');
  if (yield* isErased(row.id)) throw wrongState(row, 'replayed: its texts were erased');
  if (row.outcome === 'duplicate') throw wrongState(row, 'replayed: its original can be');
  const aside = from === undefined ? [] : yield* stepsFrom(row, from, mapping);
  const undone = notDone ? yield* stepsInDoubt(row, from) : [];
  return { aside, undone };
}

const idsOf = (steps: StepRow[]): string[] => steps.map(({ id }) => id);

/** The steps that a person says had no effect. Only where the target was asked and found nothing. */
function* stepsInDoubt(row: DocumentRow, from: string | undefined): Transition<StepRow[]> {
  if (errorCodeOf(row) !== 'RUN_IN_DOUBT' || from !== undefined)
    throw wrongState(row, 'retried as not done: none of its steps was looked for in vain');
  return yield* all<StepRow>("SELECT * FROM steps WHERE document_id = $1 AND state = 'intent'", row.id);
}

interface Again {
  type: string;
  resolution: string;
  changes?: Changes;
  facts?: Record<string, unknown>;
  /** Writes what belongs to it, once it is sure that the document can run. */
  write: () => Transition<Subject[]>;
}

/** Makes a document ready once more. @throws RUN_UNCLAIMED */
function* runAgain(tx: Tx, row: DocumentRow, { actor, reason }: Decision, again: Again): Transition<void> {
  const { name, lane_policy } = yield* pipelineOf(row);
  const written = yield* again.write();
  const voided = yield* voidProposals(tx, row.id);
  const closed = yield* closeExceptions(tx, row.id, again.resolution, actor, reason);
  const changes: Changes = {
    ...(yield* readyChanges(tx, { ...row, pipeline: name })),
    pipeline: name,
    lane_policy,
    outcome: null,
    settled_at: null,
    attempts: 0,
    tries: null,
    expiries: 0,
    crashes: 0,
    ...again.changes,
  };
  const facts = { actor, reason, ...again.facts };
  yield* transit(tx, row, again.type, changes, facts, [...written, ...voided, ...closed]);
}

/** The steps whose results are to be set aside: done, of this kind or after it. */
function* stepsFrom(row: DocumentRow, from: string, mapping: string | undefined): Transition<StepRow[]> {
  const steps = yield* all<StepRow>(
    'SELECT * FROM steps WHERE document_id = $1 ORDER BY intended_at, id',
    row.id,
  );
  const first = steps.findIndex(({ kind }) => kind === from);
  if (first < 0)
    throw new FinanceError('STORE_NOT_FOUND', {
      message: `Document ${row.id} has no step ${from}.`,
      documentId: row.id,
    });
  const aside = steps.slice(first).filter(({ state }) => state === 'done');
  // A step in doubt resends what was recorded: other data would be taken for posted that never was.
  if (aside.length > 0 && mapping === 'latest')
    throw wrongState(
      row,
      'retried from a step with another mapping: its effects were had with the pinned one',
    );
  if (aside.length > 0 && (yield* isCorrectedSince(row.id, Number(aside[0]!.intended_at))))
    throw wrongState(row, 'retried from a step: its data was corrected after that step');
  return aside;
}

function* isCorrectedSince(documentId: string, since: number): Transition<boolean> {
  const corrected = yield* one(
    "SELECT id FROM bodies WHERE document_id = $1 AND role = 'corrected' AND created_at >= $2 LIMIT 1",
    documentId,
    since,
  );
  return corrected !== undefined;
}

/** Puts steps in doubt again; what they had given is kept among the bodies. */
function* setAside(tx: Tx, row: DocumentRow, steps: StepRow[]): Transition<Subject[]> {
  if (steps.length === 0) return [];
  const results = steps.map(({ id, kind, target, external_key: externalKey, result }) => ({
    step: id,
    kind,
    target,
    externalKey,
    result: JSON.parse(result ?? 'null') as Json,
  }));
  const subjects = [yield* addBody(tx, row.id, 'set-aside', 'application/json', JSON.stringify(results))];
  for (const { id } of steps)
    subjects.push(
      yield* updateSealed('steps', id, { state: 'intent', result: null, error: null, updated_at: tx.now }),
    );
  return subjects;
}

/** An effect that somebody had by hand, as the step would have recorded it. */
export interface LinkedStep {
  kind: string;
  target: string;
  externalKey: string;
  name: string;
  /** What the step would ask for, of the document as it is now. */
  request: Json;
  /** What it would have given. */
  result: Json;
}

/**
 * Completes steps of a held document with what somebody did by hand in the target, after it was compared; then the
 * document goes on from there. A later run that would ask for anything else than `request` is held.
 * @throws STORE_STATE where it is not held, or one of the steps is done already
 */
export function* link(tx: Tx, input: Decision & { steps: readonly LinkedStep[] }): Transition<void> {
  const row = yield* documentById(input.documentId);
  const known = yield* linkableSteps(row, input.steps);
  yield* runAgain(tx, row, input, {
    type: 'linked',
    resolution: 'linked',
    facts: { steps: input.steps.map(({ kind, externalKey }) => `${kind} ${externalKey}`) },
    *write() {
      const subjects: Subject[] = [];
      for (const step of input.steps)
        subjects.push(yield* linkStep(tx, row, step, known.get(identityOf(step))));
      return subjects;
    },
  });
}

/** The steps that a document has, by identity. @throws STORE_STATE where these cannot be linked */
export function* linkableSteps(
  row: DocumentRow,
  steps: readonly LinkedStep[],
): Transition<Map<string, StepRow>> {
  if (row.state !== 'held' || steps.length === 0) throw wrongState(row, 'linked');
  const known = new Map<string, StepRow>();
  for (const step of yield* all<StepRow>('SELECT * FROM steps WHERE document_id = $1', row.id))
    known.set(identityOf({ ...step, externalKey: step.external_key }), step);
  const done = steps.find((step) => known.get(identityOf(step))?.state === 'done');
  if (done) throw wrongState(row, `linked: its step ${done.kind} is done already`);
  return known;
}

const identityOf = ({ kind, target, externalKey }: Pick<LinkedStep, 'kind' | 'target' | 'externalKey'>) =>
  JSON.stringify([kind, target, externalKey]);

function* linkStep(
  tx: Tx,
  row: DocumentRow,
  { kind, target, externalKey, name, ...told }: LinkedStep,
  known: StepRow | undefined,
): Transition<Subject> {
  const request = stableJson(told.request);
  const facts = {
    state: 'done',
    request_hash: sha256(request),
    request,
    result: stableJson(told.result),
    error: null,
    until: null,
    fence: row.fence,
    updated_at: tx.now,
  };
  if (known) return yield* updateSealed('steps', known.id, facts);
  return yield* insertSealed('steps', {
    id: newId('stp', tx.now),
    document_id: row.id,
    kind,
    target,
    external_key: externalKey,
    name,
    node_id: null,
    attempts: 0,
    intended_at: tx.now,
    ...facts,
  });
}

/**
 * Settles a held document without completing it. Where effects were already had, the caller must say that they
 * are kept; its key is released, so that a corrected document can come under it.
 * @throws STORE_STATE where it is not held, or has effects and `effects` is not given
 */
export function* dismiss(
  tx: Tx,
  input: Decision & { outcome: 'skipped' | 'rejected'; effects?: 'kept' },
): Transition<void> {
  const row = yield* documentById(input.documentId);
  const steps = yield* dismissedEffects(row, input.effects);
  const { actor, reason } = input;
  const voided = yield* voidProposals(tx, row.id);
  const facts = { actor, reason, effects: steps.length > 0 ? 'kept' : 'none' };
  yield* settleRow(tx, row, input.outcome, facts, {}, voided, { actor, reason });
}

/** The effects of a document that is to be settled as it is. @throws STORE_STATE */
export function* dismissedEffects(row: DocumentRow, effects: 'kept' | undefined): Transition<string[]> {
  if (row.state !== 'held') throw wrongState(row, 'settled by a person');
  const steps = yield* effectsOf(row.id);
  if (steps.length === 0 || effects === 'kept') return steps;
  throw new FinanceError('STORE_STATE', {
    message: `Document ${row.id} already had effects (${steps.join(', ')}): say that they are kept, with a reason.`,
    documentId: row.id,
  });
}

/** Kinds of the effects that a document had, or may have had. */
export function* effectsOf(documentId: string): Transition<string[]> {
  const steps = yield* all<Pick<StepRow, 'kind'>>(
    "SELECT kind FROM steps WHERE document_id = $1 AND state <> 'failed'",
    documentId,
  );
  return steps.map(({ kind }) => kind);
}

/**
 * Gives a held document a corrected source body; the original stays.
 * @throws STORE_STATE where it is not held, or a step of it is in doubt
 */
export function* correct(tx: Tx, input: Decision & { mediaType: string; content: string }): Transition<void> {
  const row = yield* documentById(input.documentId);
  yield* assertCorrectable(row);
  const voided = yield* voidProposals(tx, row.id);
  const body = yield* keepBody(tx, row.id, 'corrected', input.mediaType, input.content);
  const { actor, reason } = input;
  yield* transit(tx, row, 'corrected', {}, { actor, reason }, body ? [body, ...voided] : voided);
}

/**
 * A step in doubt is resolved with the request that was recorded: other data would be taken for sent.
 * @throws STORE_STATE
 */
export function* assertCorrectable(row: DocumentRow): Transition<void> {
  if (row.state !== 'held') throw wrongState(row, 'corrected');
  const open = yield* one<Pick<StepRow, 'kind'>>(
    "SELECT kind FROM steps WHERE document_id = $1 AND (state = 'intent' OR state = 'pending') LIMIT 1",
    row.id,
  );
  if (open) throw wrongState(row, `corrected while its step ${open.kind} is in doubt: retry it first`);
}

/** Who corrected a document since it came; those of this very transaction too. */
export function* correctorsOf(tx: Tx, documentId: string): Transition<string[]> {
  const corrections = yield* factsOf(tx, documentId, 'corrected');
  return [...new Set(corrections.map(({ actor }) => String(actor)))];
}

/** Code of the error that a document is held for. */
export function errorCodeOf({ error }: DocumentRow): string | undefined {
  return (JSON.parse(error ?? '{}') as { code?: string }).code;
}

export function wrongState(row: DocumentRow, verb: string): FinanceError {
  return new FinanceError('STORE_STATE', {
    message: `Document ${row.id} is ${row.outcome ?? row.state} and cannot be ${verb}.`,
    documentId: row.id,
  });
}
