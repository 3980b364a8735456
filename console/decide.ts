import { type Decided, type Json, needsSecond, type Proposal, type Trace } from '../engine';
import { FinanceError } from '../errors';
import { fixedMapping, type MappingFix, type MissingEntry, missingEntry, pickMapping } from '../finance';
import type { ApiUser } from './api/permissions';
import type { ConsoleServices, RecordComparison, RecordReference } from './api/services';
import { checkCorrection, correctedText, latestOf, mappingsInUse, versionsInUse } from './correction';
import { isApprover, mayApprove } from './decisions';

/** What somebody asks for, about one held document. */
export type Request = { reason: string } & (
  | { action: 'retry'; from?: string; mapping?: 'pinned' | 'latest'; notDone?: boolean }
  | { action: 'skip' | 'reject'; effects?: 'kept' }
  /** The corrected source, JSON. */
  | { action: 'correct'; body: unknown }
  | ({ action: 'link' } & RecordReference)
  | { action: 'mapping-fix'; mapping: string; table: string; key: string; value: Json }
);

/**
 * Takes a person's decision about a document: checks what it brings, then does it, or proposes it to a second person.
 * @throws STORE_NOT_FOUND, STORE_STATE; MAP_INPUT_INVALID of a correction; LINK_DIFFERS with `details.differences`;
 * CONFIG_INVALID and DECISION_VOID of a fix of a mapping; DECISION_SECOND_PERSON
 */
export async function decideDocument(
  services: ConsoleServices,
  user: ApiUser,
  documentId: string,
  request: Request,
): Promise<Decided> {
  const trace = await traceFor(services, user, documentId);
  const { reason } = request;
  const { name: actor, entities } = user;
  const decision = {
    documentId,
    actor,
    reason,
    entities,
    limits: services.limits,
    mayApprove: isApprover(user, { correctors: correctorsIn(trace) }),
  };
  switch (request.action) {
    case 'correct': {
      const mediaType = trace.bodies.find(({ role }) => role === 'source')?.media_type ?? '';
      const content = correctedText(mediaType, request.body);
      const after = await checkCorrection(services.mappings, trace.document, request.body);
      const act = { action: 'correct', mediaType, content } as const;
      return await services.store.decide({ ...decision, after, act });
    }
    case 'link':
      return await linkRecord(services, trace, request, decision);
    case 'mapping-fix': {
      const fix = await fixOf(services, user, documentId, request);
      const versions = [{ name: fix.mapping, version: fix.version, hash: fix.hash }];
      return await services.store.decide({ ...decision, versions, act: { action: 'mapping-fix', fix } });
    }
    case 'retry': {
      const { from, mapping, notDone } = request;
      const versions = mapping === 'latest' ? latestOf(services.mappings, trace.document) : undefined;
      return await services.store.decide({
        ...decision,
        versions,
        act: { action: 'retry', from, mapping, notDone },
      });
    }
    default: {
      const { action, effects } = request;
      return await services.store.decide({ ...decision, act: { action, effects } });
    }
  }
}

/** The trace of a document that the user may see. @throws STORE_NOT_FOUND */
async function traceFor(
  { store }: ConsoleServices,
  { entities }: ApiUser,
  documentId: string,
): Promise<Trace> {
  const trace = await store.trace({ documentId });
  if (!entities || entities.includes(trace.document.entity)) return trace;
  throw new FinanceError('STORE_NOT_FOUND', { message: `There is no document ${documentId}.`, documentId });
}

function correctorsIn({ history }: Trace): string[] {
  const corrections = history.filter(({ type }) => type === 'corrected');
  return corrections.map(({ data }) => String((data as { actor?: unknown }).actor));
}

type Terms = Omit<Parameters<ConsoleServices['store']['decide']>[0], 'act'>;

async function linkRecord(
  services: ConsoleServices,
  trace: Trace,
  { model, id }: RecordReference,
  decision: Terms,
): Promise<Decided> {
  const { document } = trace;
  if (document.state !== 'held')
    throw new FinanceError('STORE_STATE', { message: `Document ${document.id} is not held.` });
  const record = { model, id };
  const { steps } = await compared(services, trace, record);
  const act = { action: 'link', record, steps } as const;
  const code = (JSON.parse(document.error ?? '{}') as { code?: string }).code;
  if (!needsSecond({ ...document, code }, act, decision)) await services.links.keep(document, record);
  return await services.store.decide({ ...decision, act });
}

/** @throws LINK_DIFFERS, STORE_STATE where the document has no canonical body to compare */
async function compared(
  { links }: ConsoleServices,
  { document, bodies }: Trace,
  record: RecordReference,
): Promise<RecordComparison> {
  const canonical = bodies.findLast(({ role, text }) => role === 'canonical' && text !== null);
  if (!canonical)
    throw new FinanceError('STORE_STATE', {
      message: `Document ${document.id} is not mapped: there is nothing to compare the record with.`,
      documentId: document.id,
    });
  const comparison = await links.compare(document, JSON.parse(canonical.text!) as Json, record);
  if (comparison.differences.length === 0) return comparison;
  const fields = comparison.differences.map(({ field }) => field).join(', ');
  throw new FinanceError('LINK_DIFFERS', {
    message: `${comparison.name ?? `${record.model} ${record.id}`} differs from the document in ${fields}.`,
    details: { differences: comparison.differences },
    documentId: document.id,
  });
}

/**
 * What could be put right in a mapping so that a held document goes on.
 * @throws STORE_NOT_FOUND
 */
export async function fixableEntry(
  services: ConsoleServices,
  user: ApiUser,
  documentId: string,
): Promise<MissingEntry | undefined> {
  const { document, exceptions } = await traceFor(services, user, documentId);
  const open = exceptions.findLast(({ code, closed_at }) => code === 'MAP_UNMAPPED' && closed_at === null);
  const inUse = mappingsInUse(services.mappings, document.entity);
  return open && missingEntry(JSON.parse(String(open.details ?? '{}')), inUse);
}

/** The fix that is asked for, of the version in use; tried before it is proposed. */
async function fixOf(
  services: ConsoleServices,
  user: ApiUser,
  documentId: string,
  asked: { mapping: string; table: string; key: string; value: Json },
): Promise<MappingFix & { value: Json }> {
  const missing = await fixableEntry(services, user, documentId);
  const isMissing =
    missing?.mapping === asked.mapping && missing.table === asked.table && missing.key === asked.key;
  if (!missing || !isMissing)
    throw new FinanceError('STORE_STATE', {
      message: `Document ${documentId} is not held for an entry ${asked.key} of ${asked.mapping}.${asked.table}.`,
      documentId,
    });
  const { mapping, version, hash, table, key } = missing;
  const fix = { mapping, version, hash, table, key, value: asked.value };
  const { entity } = await services.store.documentRow({ documentId });
  const known = services.mappings.list();
  const base = pickMapping(known, mapping, services.mappings.today(entity));
  fixedMapping(base, fix, { author: user.name, approvedBy: `not ${user.name}` }, known);
  return fix;
}

/**
 * A second person's approval. What is linked is compared with its record once more.
 * @throws STORE_NOT_FOUND, STORE_STATE, DECISION_SECOND_PERSON, LINK_DIFFERS; DECISION_VOID where the document, its
 * content or the mapping changed since: then the proposal is closed
 */
export async function approveProposal(
  services: ConsoleServices,
  user: ApiUser,
  proposalId: string,
  reason: string,
): Promise<{ documentId: string }> {
  const { name: actor, entities } = user;
  const proposal = await services.store.proposal({ proposalId, entities });
  const { act, entity } = proposal;
  if (act.action === 'mapping-fix') assertOwnMapping(services, user, act.fix.mapping);
  if (act.action === 'link') await linkAgain(services, user, proposal, act.record);
  const names = proposal.versions?.map(({ name }) => name);
  const versions = names && versionsInUse(services.mappings, entity, names);
  const { status, documentId } = await services.store.approve({
    proposalId,
    actor,
    reason,
    entities,
    versions,
  });
  if (status === 'void') throw new FinanceError('DECISION_VOID', { documentId });
  return { documentId };
}

/** What several entities are mapped with is changed by who answers for all of them. @throws API_FORBIDDEN */
function assertOwnMapping({ mappings }: ConsoleServices, { entities }: ApiUser, name: string): void {
  const versions = mappings.list().filter(({ mapping }) => mapping === name);
  if (!entities || versions.every(({ entity }) => entity !== undefined && entities.includes(entity))) return;
  throw new FinanceError('API_FORBIDDEN', { message: `The mapping ${name} is one of other entities too.` });
}

async function linkAgain(
  services: ConsoleServices,
  user: ApiUser,
  proposal: Proposal,
  record: Json,
): Promise<void> {
  const trace = await traceFor(services, user, proposal.document_id);
  // Who may not approve has no effect on the target either; the store says why.
  if (!mayApprove(user, proposal, correctorsIn(trace)).allowed) return;
  const reference = record as unknown as RecordReference;
  await compared(services, trace, reference);
  await services.links.keep(trace.document, reference);
}
