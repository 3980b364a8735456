import { FinanceError } from '../../errors';
import type { Subject } from '../audit';
import type { DocumentRow, Json, Notes } from '../model';
import { one, type Transition, type Tx } from '../transaction';
import { keepBody, readDocument } from './documents';
import { addJob } from './job-rows';
import {
  assertCorrectable,
  correct,
  type Decision,
  dismiss,
  dismissedEffects,
  type LinkedStep,
  link,
  linkableSteps,
  replay,
  replayPlan,
  wrongState,
} from './resolve';

/** A missing entry of a mapping's table, and the value that somebody proposes for it. */
export interface EntryFix {
  mapping: string;
  /** Version and hash of the mapping that the entry is added to. */
  version: number;
  hash: string;
  table: string;
  key: string;
  value: Json;
}

/** What a person may do about a held document. */
export type Act =
  /**
   * `from`: the kind of the first step that is to run again. `latest`: with the mapping as it is now. `notDone`: what is
   * in doubt did not happen.
   */
  | { action: 'retry'; from?: string; mapping?: 'pinned' | 'latest'; notDone?: boolean }
  | { action: 'skip' | 'reject'; effects?: 'kept' }
  /** `content` is the corrected source body. */
  | { action: 'correct'; mediaType: string; content: string }
  /** `record`: what was compared, as the target names it. */
  | { action: 'link'; record: Json; steps: readonly LinkedStep[] }
  | { action: 'mapping-fix'; fix: EntryFix };

/** An act as a proposal keeps it: the body of a correction lies among the bodies, where it can be erased. */
export type StoredAct =
  | Exclude<Act, { action: 'correct' }>
  | { action: 'correct'; mediaType: string; body: string };

/** What a second person approved: who, and the mapping versions that they saw. */
interface Approved {
  approvedBy?: string;
  versions?: Notes['mapping'];
}

/** Does it: in this transaction, or (a mapping that is to be written) by a job that begins in it. */
export function* perform(tx: Tx, act: Act, decision: Decision & Approved): Transition<void> {
  switch (act.action) {
    case 'retry':
      return yield* replay(tx, { ...decision, ...act, approved: decision.versions });
    case 'skip':
    case 'reject': {
      const outcome = act.action === 'skip' ? 'skipped' : 'rejected';
      return yield* dismiss(tx, { ...decision, outcome, effects: act.effects });
    }
    case 'correct':
      return yield* correct(tx, { ...decision, mediaType: act.mediaType, content: act.content });
    case 'link':
      return yield* link(tx, { ...decision, steps: act.steps });
    case 'mapping-fix': {
      const { entity } = yield* readDocument(decision.documentId);
      const { actor: author, approvedBy = '' } = decision;
      yield* addJob(tx, {
        kind: 'mapping-fix',
        input: { entity, fix: { ...act.fix }, author, approvedBy },
        actor: decision.approvedBy ?? decision.actor,
        reason: decision.reason,
        documentIds: [decision.documentId],
      });
    }
  }
}

/**
 * Whether it can be done to the document as it is: nobody is asked to approve what cannot be.
 * @throws STORE_STATE, STORE_NOT_FOUND
 */
export function* assertPossible(row: DocumentRow, act: Act): Transition<void> {
  if (act.action === 'retry') yield* replayPlan(row, act);
  else if (row.state !== 'held') throw wrongState(row, `decided upon (${act.action})`);
  else if (act.action === 'correct') yield* assertCorrectable(row);
  else if (act.action === 'link') yield* linkableSteps(row, act.steps);
  else if (act.action === 'skip' || act.action === 'reject') yield* dismissedEffects(row, act.effects);
}

/** An act as a proposal keeps it, and the rows that this wrote. */
export function* stored(
  tx: Tx,
  documentId: string,
  act: Act,
): Transition<{ act: StoredAct; subjects: Subject[] }> {
  if (act.action !== 'correct') return { act, subjects: [] };
  const { action, mediaType, content } = act;
  const kept = yield* keepBody(tx, documentId, 'proposed', mediaType, content);
  const body = kept ? kept[1] : (yield* lastProposed(documentId))!;
  return { act: { action, mediaType, body }, subjects: kept ? [kept] : [] };
}

function* lastProposed(documentId: string): Transition<string | undefined> {
  const body = yield* one<{ id: string }>(
    "SELECT id FROM bodies WHERE document_id = $1 AND role = 'proposed' ORDER BY created_at DESC, id DESC LIMIT 1",
    documentId,
  );
  return body?.id;
}

/** The act that a proposal keeps; undefined where its body was erased. */
export function* restored(act: StoredAct): Transition<Act | undefined> {
  if (act.action !== 'correct') return act;
  const body = yield* one<{ content: Uint8Array | null }>(
    'SELECT content FROM bodies WHERE id = $1',
    act.body,
  );
  if (!body?.content) return undefined;
  const content = Buffer.from(body.content).toString('utf8');
  return { action: 'correct', mediaType: act.mediaType, content };
}

/** @throws STORE_NOT_FOUND where the document belongs to an entity that the person does not see */
export function assertSeen(row: DocumentRow, entities: readonly string[] | undefined): void {
  if (!entities || entities.includes(row.entity)) return;
  throw new FinanceError('STORE_NOT_FOUND', {
    message: `There is no document ${row.id}.`,
    documentId: row.id,
  });
}
