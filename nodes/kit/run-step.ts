import {
  type Effect,
  isNotTried,
  type Json,
  type RunContext,
  type StepOutcome,
  type StepSpec,
  type Store,
  step,
  Targets,
} from '../../engine';
import { FinanceError, isFinanceError } from '../../errors';

const stored = new WeakSet<Error>();

/** Whether the error is in the store already, since a step failed with it. */
export const isInStore = (error: Error): boolean => stored.has(error);

/** Marks an error that a transition of the store made known there. */
export function markInStore<Marked extends Error>(error: Marked): Marked {
  stored.add(error);
  return error;
}

/** The message was cloned, and the store has held the document for it. */
export const branched = ({ documentId }: RunContext, name: string): FinanceError =>
  markInStore(new FinanceError('RUN_BRANCHED', { documentId, step: name }));

/** {@link step} through the targets of the host, remembering which errors the store knows. */
export async function runStep<Result extends Json>(
  store: Store,
  context: RunContext,
  spec: StepSpec,
  effect: Effect<Result>,
): Promise<StepOutcome<Result>> {
  try {
    return await step(store, context, spec, effect, Targets.ofStore(store));
  } catch (error) {
    if (isFinanceError(error) && !error.code.startsWith('STORE_') && !isNotTried(error)) markInStore(error);
    throw error;
  }
}

/** The result of an effect that is never pending. @throws FinanceError RUN_UNEXPECTED where it is all the same */
export async function runDone<Result extends Json>(
  store: Store,
  context: RunContext,
  spec: StepSpec,
  effect: Effect<Result>,
): Promise<Result> {
  const outcome = await runStep(store, context, spec, effect);
  if (outcome.status === 'done') return outcome.result;
  throw new FinanceError('RUN_UNEXPECTED', { message: `${spec.kind} waits, which it never does.` });
}

/** A request that says of which content it was made. */
export type HashedRequest = { [key: string]: Json } & { contentHash: string };

/**
 * The request of a step, made once a content. Where an earlier delivery recorded one of the same content, and the
 * step did not fail, that one is used again as it stands: look-ups and builders may give another by now, and what was
 * done must be found, not done again.
 */
export async function requestOnce<Request extends HashedRequest>(
  store: Store,
  context: RunContext,
  { kind, target, externalKey }: Pick<StepSpec, 'kind' | 'target' | 'externalKey'>,
  contentHash: string,
  make: () => Promise<Request> | Request,
): Promise<Request> {
  if (context.fence > 1) {
    const { steps } = await store.trace({ documentId: context.documentId });
    const known = steps.find(
      (one) => one.kind === kind && one.target === target && one.external_key === externalKey,
    );
    const request = known?.request as Request | undefined;
    if (known && known.state !== 'failed' && request?.contentHash === contentHash) return request;
  }
  const place = Targets.ofStore(store)?.of(target);
  return place ? await place.prepare(make) : await make();
}
