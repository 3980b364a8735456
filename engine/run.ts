import { FinanceError, toFinanceError } from '../errors';
import { boundary } from './boundary';
import { now } from './clock';
import type { Json, RunContext } from './model';
import { watchStep } from './observer';
import type { Store } from './store';
import type { Passage, Target, Targets } from './targets';
import type { Child } from './transitions/children';

/** One effect on the outside world: its identity (kind, target, external key), its request, its attributes. */
export interface StepSpec {
  /** Kind of effect, e.g. `odoo.load`. */
  kind: string;
  /** URL and database of the target; never with credentials. */
  target: string;
  /** Stable key under which the target knows the document. */
  externalKey: string;
  /** What is asked of the target, plain JSON without secrets; recorded before the effect. */
  request: Json;
  /** Name and id of the node, for people. */
  name: string;
  nodeId?: string;
  /**
   * How long the target may still work on a request whose answer was lost, in milliseconds. A look-up that finds
   * nothing waits that long before anything is sent again; 0 where the target refuses doubles by itself.
   */
  processingLimitMs?: number;
}

/** The target accepted the request; its outcome is asked for after `delayMs`. */
export class Pending {
  constructor(
    /** What is known so far, e.g. the target's id; given to `poll`. */
    readonly result: Json,
    readonly delayMs: number,
  ) {}
}

/** The effect is that further documents come to be: in the transaction that completes the step. */
export class Split<Result extends Json> {
  constructor(
    readonly result: Result,
    readonly children: readonly Child[],
  ) {}
}

export interface Effect<Result extends Json> {
  /** Has the effect. Errors of kind `in_doubt` leave the step open; all others mean that it did not happen. */
  perform(request: Json): Promise<Result | Pending | Split<Result>>;
  /** Asks the target whether the effect happened; undefined where it knows nothing. */
  probe?(request: Json): Promise<Result | Pending | undefined>;
  /** Asks for the outcome of a pending step. */
  poll?(request: Json, known: Json): Promise<Result | Pending>;
  /** Whether the target itself refuses (or ignores) a second request with the same external key. */
  refusesDoubles: boolean;
}

export type StepOutcome<Result> =
  /** `replayed` where the effect was had before. */
  | { status: 'done'; result: Result; replayed: boolean }
  /** The document waits without a lease: emit nothing, it comes back by itself. */
  | { status: 'waiting' };

/**
 * The one way to run a step: intent → effect → result, each write fenced. A step done before gives its recorded
 * result; one in doubt asks the target, then resends the recorded request.
 *
 * The hop counter of `context` moves on, so `context` must be `msg.ledgerway` itself.
 * @param targets where the step's target is looked up; without them it is called without limits
 * @throws FinanceError of the effect, stored with the step before it is thrown; RUN_BRANCHED, RUN_STEP_CHANGED,
 * RUN_IN_DOUBT (the document is held already), STORE_FENCE_STALE (another worker has the document);
 * TARGET_UNAVAILABLE, TARGET_PAUSED, TARGET_BUSY, with which nothing is written at all
 */
export async function step<Result extends Json>(
  store: Store,
  context: RunContext,
  spec: StepSpec,
  effect: Effect<Result>,
  targets?: Targets,
): Promise<StepOutcome<Result>> {
  const { known, passage = FREE } = await begin(store, context, spec, targets?.of(spec.target));
  try {
    return await goOn(store, context, spec, effect, known, passage);
  } finally {
    passage.leave();
  }
}

/** The leave to call a target that has no limits. */
const FREE: Passage = { run: (work) => work(), leave: () => undefined };

interface Begun {
  known: IntendResult;
  passage?: Passage;
}

/** The leave of the target comes before the intent, so that a document it has no room for leaves no trace. */
async function begin(
  store: Store,
  context: RunContext,
  spec: StepSpec,
  target: Target | undefined,
): Promise<Begun> {
  const { kind, externalKey, request, name, nodeId } = spec;
  const intent = { ...leaseOf(context), kind, target: spec.target, externalKey, request, name, nodeId };
  // What an earlier delivery recorded needs no leave of the target.
  const redelivered = target !== undefined && context.fence > 1;
  const before = redelivered ? await store.intend({ ...intent, replayOnly: true }) : undefined;
  if (before && before.status !== 'unknown') return { known: before };
  const passage = await target?.enter();
  try {
    return { known: await store.intend(intent), passage };
  } catch (error) {
    passage?.leave();
    throw error;
  }
}

async function goOn<Result extends Json>(
  store: Store,
  context: RunContext,
  spec: StepSpec,
  effect: Effect<Result>,
  known: IntendResult,
  passage: Passage,
): Promise<StepOutcome<Result>> {
  const { kind, name } = spec;
  if (known.status === 'branched')
    throw new FinanceError('RUN_BRANCHED', { documentId: context.documentId, step: name });
  if (known.status === 'paused' || known.status === 'unknown') throw paused(context, spec);
  if (known.status === 'changed') return await holdAs(store, context, 'RUN_STEP_CHANGED', spec);
  wrote(context, known.hop);
  if (known.status === 'done') return { status: 'done', result: known.result as Result, replayed: true };
  const stepId = known.stepId;
  let result: Had<Result>;
  try {
    boundary(`${kind} before`);
    result = await watchStep(context, spec, () => passage.run(() => attempt(known, spec, effect)));
    boundary(`${kind} after`);
  } catch (caught) {
    const error = toFinanceError(caught);
    if (error.code === 'STORE_FENCE_STALE') throw error;
    if (error.code === 'RUN_IN_DOUBT' && error.retryAfterMs === undefined)
      return await holdAs(store, context, 'RUN_IN_DOUBT', spec);
    await store.failStep({
      documentId: context.documentId,
      fence: context.fence,
      stepId,
      error: { ...error.toJSON(), step: name },
      unasked: unasked.has(error),
    });
    throw error;
  }
  return await keep(store, context, stepId, result);
}

/** A document that waits for a paused target looks after it by itself so often, should no one tell it. */
const PAUSED_MS = 600_000;

function paused({ documentId }: RunContext, { target, name }: StepSpec): FinanceError {
  const message = `An operator has paused ${target}.`;
  return new FinanceError('TARGET_PAUSED', {
    message,
    documentId,
    step: name,
    details: { target },
    retryAfterMs: PAUSED_MS,
  });
}

/** What an effect gives. */
type Had<Result extends Json> = Result | Pending | Split<Result>;
type IntendResult = Awaited<ReturnType<Store['intend']>>;
type Known = Extract<IntendResult, { status: 'new' | 'open' | 'pending' }>;

async function attempt<Result extends Json>(
  known: Known,
  spec: StepSpec,
  effect: Effect<Result>,
): Promise<Had<Result>> {
  if (known.status === 'new') return await effect.perform(known.request);
  if (known.status === 'pending') {
    if (!effect.poll)
      throw new FinanceError('RUN_UNEXPECTED', { message: `${spec.kind} is pending and cannot be polled.` });
    return await effect.poll(known.request, known.result);
  }
  const found = await ask(effect, known.request);
  if (found !== undefined) return found;
  const remaining = known.intendedAt + (spec.processingLimitMs ?? 0) - now();
  if (remaining > 0)
    throw new FinanceError('RUN_IN_DOUBT', {
      message: `${spec.target} may still work on the request.`,
      retryAfterMs: remaining,
    });
  if (!effect.refusesDoubles) throw new FinanceError('RUN_IN_DOUBT');
  return await effect.perform(known.request);
}

/** Errors of a look-up: they say nothing of the effect. */
const unasked = new WeakSet<FinanceError>();

/** Asks the target; where it does not answer, the step is as much in doubt as before, whatever becomes of the document. */
async function ask<Result extends Json>(
  effect: Effect<Result>,
  request: Json,
): Promise<Result | Pending | undefined> {
  try {
    return await effect.probe?.(request);
  } catch (caught) {
    const error = toFinanceError(caught);
    unasked.add(error);
    throw error;
  }
}

async function keep<Result extends Json>(
  store: Store,
  context: RunContext,
  stepId: string,
  had: Had<Result>,
): Promise<StepOutcome<Result>> {
  const { documentId, fence } = context;
  try {
    if (!(had instanceof Pending)) {
      const { result, children } = (had instanceof Split ? had : new Split(had, [])) as Split<Result>;
      await store.complete({ documentId, fence, stepId, result, children });
      return { status: 'done', result, replayed: false };
    }
    const until = now() + had.delayMs;
    await store.pend({ documentId, fence, stepId, result: had.result, until });
    return { status: 'waiting' };
  } catch (caught) {
    // The effect was had: its intent stays open, so that the next delivery asks the target.
    const error = toFinanceError(caught);
    if (error.code !== 'STORE_FENCE_STALE')
      await store.failRun({ ...leaseOf(context), error: error.toJSON() }).catch(() => undefined);
    throw error;
  }
}

async function holdAs(
  store: Store,
  context: RunContext,
  code: 'RUN_STEP_CHANGED' | 'RUN_IN_DOUBT',
  { name, target, externalKey }: StepSpec,
): Promise<never> {
  const error = new FinanceError(code, {
    documentId: context.documentId,
    step: name,
    details: { target, externalKey },
  });
  await store.hold({ ...leaseOf(context), error: error.toJSON() });
  throw error;
}

/** The part of a run context that every write carries. */
export function leaseOf({
  documentId,
  fence,
  hop,
  notes,
}: RunContext): Pick<RunContext, 'documentId' | 'fence' | 'hop' | 'notes'> {
  return { documentId, fence, hop, notes };
}

/** After a write: the hop counter moves on, and the notes are written. */
export function wrote(context: RunContext, hop: number): void {
  context.hop = hop;
  context.notes = undefined;
}
