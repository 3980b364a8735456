import { FinanceError } from '../../errors';
import { insertSealed, record, updateSealed } from '../audit';
import { assertSecondPerson, type DecisionTerms, needsSecond } from '../four-eyes';
import { newId } from '../ids';
import type { DocumentRow } from '../model';
import { all, one, type Transition, type Tx } from '../transaction';
import { type Act, assertPossible, assertSeen, perform, restored, stored } from './acts';
import { documentById } from './documents';
import { boundTo, isCurrent, type Payload, type ProposalRow, type Versions, voided } from './proposal-rows';
import { Query } from './query';
import { correctorsOf, type Decision, errorCodeOf, wrongState } from './resolve';

export interface DecideInput extends Decision, DecisionTerms {
  act: Act;
  /** Entities that the actor sees; all where they are left out. */
  entities?: readonly string[];
  /** The mapping versions that would be used, where the act is not about those of the document. */
  versions?: Versions;
  /** The job that this belongs to. */
  job?: string;
}

export type Decided = { status: 'done' } | { status: 'proposed'; proposalId: string };

/**
 * A person's decision about a held document, or that a settled one runs again: done at once, or proposed to a second person where the amount, the kind
 * of the act or the policy of the entity asks for one.
 * @throws STORE_NOT_FOUND, STORE_STATE (not held, effects, proposed already), DECISION_SECOND_PERSON where an approval
 * is given by who corrected the document
 */
export function* decide(tx: Tx, input: DecideInput): Transition<Decided> {
  const row = yield* documentById(input.documentId);
  assertSeen(row, input.entities);
  yield* assertPossible(row, input.act);
  if (!needsSecond({ ...row, code: errorCodeOf(row) }, input.act, input)) {
    yield* perform(tx, input.act, input);
    return { status: 'done' };
  }
  assertBindable(row, input);
  return { status: 'proposed', proposalId: yield* propose(tx, row, input) };
}

/** What is approved is what was seen: a mapping that may change until then is not. @throws STORE_STATE */
function assertBindable(row: DocumentRow, { act, versions }: DecideInput): void {
  if (act.action === 'retry' && act.mapping === 'latest' && row.mapping !== null && !versions)
    throw wrongState(row, 'proposed for a retry with the latest mapping: no version of it is named');
}

function* propose(tx: Tx, row: DocumentRow, input: DecideInput): Transition<string> {
  const { act, actor, reason, versions, job, after } = input;
  const open = yield* one<{ id: string }>(
    "SELECT id FROM proposals WHERE document_id = $1 AND kind = $2 AND state = 'open'",
    row.id,
    act.action,
  );
  if (open) throw wrongState(row, `proposed twice for ${act.action}: see proposal ${open.id}`);
  const kept = yield* stored(tx, row.id, act);
  const payload: Payload = { act: kept.act, bound: yield* boundTo(row), versions, job };
  const id = newId('prp', tx.now);
  const proposal = yield* insertSealed('proposals', {
    id,
    document_id: row.id,
    entity: row.entity,
    kind: act.action,
    payload: JSON.stringify(payload),
    content_hash: row.content_hash,
    mapping: row.mapping,
    amount: after?.amount ?? row.amount,
    currency: after?.currency ?? row.currency,
    author: actor,
    reason,
    created_at: tx.now,
    state: 'open',
    decided_by: null,
    decided_at: null,
    decision_reason: null,
  });
  const facts = { proposal: id, kind: act.action, actor, reason };
  yield* record(tx, 'proposed', row.id, facts, [proposal, ...kept.subjects]);
  return id;
}

export interface DecideProposalInput {
  proposalId: string;
  actor: string;
  reason: string;
  entities?: readonly string[];
}

/**
 * A second person's approval: what was proposed is done in the same transaction. Where the document, its content or
 * the mapping changed since, the proposal is void and nothing is done.
 * @param input.versions the mapping versions as they are now, of those that the proposal names
 * @throws STORE_NOT_FOUND, STORE_STATE where it is decided already, DECISION_SECOND_PERSON where the actor proposed it
 * or corrected the document
 */
export function* approve(
  tx: Tx,
  input: DecideProposalInput & { versions?: Versions },
): Transition<{ status: 'approved' | 'void'; documentId: string }> {
  const { proposal, document } = yield* openProposal(input);
  const { actor, reason } = input;
  const documentId = document.id;
  assertSecondPerson(actor, [proposal.author, ...(yield* correctorsOf(tx, documentId))], documentId);
  const { act, versions } = JSON.parse(proposal.payload) as Payload;
  const restoredAct = yield* restored(act);
  if (!restoredAct || !(yield* isCurrent(proposal, document, input.versions))) {
    const facts = { proposal: proposal.id, actor };
    yield* record(tx, 'proposal-void', documentId, facts, [yield* voided(tx, proposal.id)]);
    return { status: 'void', documentId };
  }
  yield* close(tx, proposal, 'approved', { actor, reason });
  const isRelease = act.action === 'retry' && errorCodeOf(document) === 'DOCUMENT_APPROVAL';
  yield* perform(tx, restoredAct, {
    documentId,
    // Who released a document is its approver; anything else was done by who proposed it.
    actor: isRelease ? actor : proposal.author,
    reason: proposal.reason,
    approvedBy: actor,
    versions,
  });
  return { status: 'approved', documentId };
}

/** A second person's refusal, or the author's withdrawal. @throws STORE_NOT_FOUND, STORE_STATE */
export function* refuse(tx: Tx, input: DecideProposalInput): Transition<void> {
  const { proposal } = yield* openProposal(input);
  yield* close(tx, proposal, 'refused', input);
}

function* openProposal({
  proposalId,
  entities,
}: DecideProposalInput): Transition<{ proposal: ProposalRow; document: DocumentRow }> {
  const known = yield* one<ProposalRow>('SELECT * FROM proposals WHERE id = $1', proposalId);
  if (!known || (entities && !entities.includes(known.entity)))
    throw new FinanceError('STORE_NOT_FOUND', { message: `There is no proposal ${proposalId}.` });
  // The document is locked first, as by whatever changes it.
  const document = yield* documentById(known.document_id);
  const proposal = (yield* one<ProposalRow>('SELECT * FROM proposals WHERE id = $1 {lock}', proposalId))!;
  if (proposal.state === 'open') return { proposal, document };
  throw new FinanceError('STORE_STATE', {
    message: `The proposal ${proposalId} is ${proposal.state} already.`,
    documentId: document.id,
  });
}

function* close(
  tx: Tx,
  { id, document_id }: ProposalRow,
  state: 'approved' | 'refused',
  { actor, reason }: { actor: string; reason: string },
): Transition<void> {
  const facts = { state, decided_by: actor, decided_at: tx.now, decision_reason: reason };
  const changed = yield* updateSealed('proposals', id, facts);
  yield* record(tx, state, document_id, { proposal: id, actor, reason }, [changed]);
}

/** A proposal as people read it. */
export interface Proposal extends Omit<ProposalRow, 'payload' | 'mapping'>, Omit<Payload, 'bound'> {
  mapping: Versions | null;
  number: string | null;
  /** Whether the document is as it was; the versions of mappings are compared when somebody approves. */
  current: boolean;
}

export interface ProposalsInput {
  state?: ProposalRow['state'];
  documentId?: string;
  entities?: readonly string[];
  /** `created_at` and id of the last one before the page. */
  after?: [number, string];
  limit?: number;
}

/** Proposals, the newest first. */
export function* proposals(tx: Tx, input: ProposalsInput = {}): Transition<Proposal[]> {
  const query = new Query(tx).equal('state', input.state).equal('document_id', input.documentId);
  if (input.entities) query.oneOf('entity', input.entities);
  if (input.after) {
    const at = query.value(input.after[0]);
    query.and(`(created_at < ${at} OR (created_at = ${at} AND id < ${query.value(input.after[1])}))`);
  }
  const rows = yield* all<ProposalRow>(
    `SELECT * FROM proposals ${query.where} ORDER BY created_at DESC, id DESC LIMIT ${query.value(input.limit ?? 200)}`,
    ...query.params,
  );
  const views: Proposal[] = [];
  for (const row of rows) views.push(yield* viewOf(row));
  return views;
}

/** One proposal. @throws STORE_NOT_FOUND */
export function* proposal(
  _tx: Tx,
  { proposalId, entities }: { proposalId: string; entities?: readonly string[] },
): Transition<Proposal> {
  const row = yield* one<ProposalRow>('SELECT * FROM proposals WHERE id = $1', proposalId);
  if (row && (!entities || entities.includes(row.entity))) return yield* viewOf(row);
  throw new FinanceError('STORE_NOT_FOUND', { message: `There is no proposal ${proposalId}.` });
}

function* viewOf(row: ProposalRow): Transition<Proposal> {
  const { payload, mapping, ...facts } = row;
  const { act, versions, job } = JSON.parse(payload) as Payload;
  const document = yield* one<DocumentRow>('SELECT * FROM documents WHERE id = $1', row.document_id);
  return {
    ...facts,
    created_at: Number(facts.created_at),
    act,
    versions,
    job,
    mapping: mapping === null ? null : (JSON.parse(mapping) as Versions),
    number: document?.number ?? null,
    current: document !== undefined && (yield* isCurrent(row, document, versions)),
  };
}
