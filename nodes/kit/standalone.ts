import { setTimeout as delay } from 'node:timers/promises';
import { type Host, leaseOf, MESSAGE_PIPELINE } from '../../engine';
import { isFinanceError, toFinanceError } from '../../errors';
import { businessKey, contentHash } from '../../finance';
import type { KeyedDocument } from './documents';
import type { Message } from './red';
import { markInStore } from './run-step';
import type { Outcome, StepHandlers } from './step-node';

/** How often a document that waits (a network decides) is looked at. */
const LOOK_MS = 250;

export interface StandaloneStep {
  /** Name of the step; a document is known once for each. */
  step: string;
  document: KeyedDocument;
  /** What makes a message another one; the content where left out. */
  identity?: string;
}

/**
 * Runs a step on a message of an ordinary flow: receive → lease → step → settle, all of its own. A message with the
 * same document again gives the recorded results. Nothing is promised about what happens between two nodes, and
 * nobody delivers the message again: what failed shows as an exception, and is taken up when the message is sent again.
 * @throws FinanceError of the handler; STORE_STATE where the same document is under way or held
 */
export async function standalone(
  host: Host,
  { step, document, identity = contentHash(document) }: StandaloneStep,
  msg: Message,
  inPipeline: StepHandlers['inPipeline'],
): Promise<Outcome> {
  const store = host.store();
  const key = `message/${step}/${businessKey(document)}`;
  const { documentId } = await store.receive({
    receiveKey: `${key}/${identity}`,
    entity: document.entity,
    kind: document.kind,
    lane: key,
    source: { system: document.source.system, id: document.source.id, message: msg._msgid ?? null },
    body: { mediaType: 'application/json', content: JSON.stringify(document) },
    pipeline: MESSAGE_PIPELINE,
  });
  for (;;) {
    const outcome = await once(host, documentId, msg, inPipeline);
    if (outcome !== 'waiting') return outcome;
    do await delay(LOOK_MS);
    while ((await store.documentRow({ documentId })).state === 'waiting');
  }
}

async function once(
  host: Host,
  documentId: string,
  msg: Message,
  inPipeline: StepHandlers['inPipeline'],
): Promise<Outcome> {
  const store = host.store();
  const leases = host.leases();
  const leased = await store.leaseDocument({ documentId, worker: leases.worker });
  leases.add([leased]);
  const context = { ...leased.context, store: store.name };
  try {
    const outcome = await inPipeline(msg, { store, context });
    if (outcome !== 'waiting')
      await store.settle({ ...leaseOf(context), outcome: 'completed' }).catch(unlessEnded);
    return outcome;
  } catch (caught) {
    const error = toFinanceError(caught);
    await store.dispose({ ...leaseOf(context), error: error.toJSON() }).catch(() => undefined);
    throw markInStore(error);
  }
}

/** A step may have ended the document by itself, as a duplicate or a conflict. */
function unlessEnded(error: unknown): void {
  if (!isFinanceError(error) || error.code !== 'STORE_FENCE_STALE') throw error;
}
