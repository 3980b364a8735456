import { lookupsOf, type OdooClient, ownPrefixOf, whereabouts } from '../../connectors/odoo';
import { type Child, type Effect, type Json, Split } from '../../engine';
import { FinanceError } from '../../errors';
import {
  businessKey,
  type Currency,
  contentHash,
  type Decimal,
  externalKey,
  headlineOf,
  type LegalEntity,
  validateDocument,
} from '../../finance';
import type { KeyedDocument } from './documents';
import { type HashedRequest, requestOnce, runDone } from './run-step';
import type { Run } from './step-node';

/** Whether what one entity makes in the books of another waits for the other's approval. */
export type ApprovalChoice = 'entity' | 'always';

/** A document that is made of another one, and for whom. */
export interface Made {
  /** What makes it itself among those that are made together. */
  part: string;
  document: KeyedDocument;
  entity: LegalEntity;
  approval: ApprovalChoice;
}

/** Two of these documents (or the one that they are made of: null) that must have the same amount. */
export interface PairOfParts {
  from: string | null;
  to: string;
  amount: Decimal;
  currency: Currency;
  /** Only a part of the first one is between the two. */
  isPart: boolean;
}

/** What a splitting step leaves behind. */
export interface SplitResult {
  pairs: PairOfParts[];
  made: { part: string; entity: string; kind: string; businessKey: string; awaitsApproval: boolean }[];
}

/** A splitting step: its identity, and what it makes. */
export interface SplitSpec {
  kind: string;
  /** `<url>/<database>` */
  target: string;
  /** External id of the document that is split, and what tells the step from another one of it. */
  key: string;
  /** Of the document that is split, so that another content is another question. */
  contentHash: string;
  name: string;
  nodeId: string;
}

/**
 * Makes further documents of one, exactly once: they are received in the transaction that completes the step.
 * @param make asked once a content; what it made is recorded, and used again after a crash
 * @throws FinanceError of `make`, MAP_OUTPUT_INVALID, and those of a step
 */
export async function splitInStep(
  { store, context }: Run,
  { kind, target, key, contentHash: hash, name, nodeId }: SplitSpec,
  make: () => Promise<{ made: Made[]; pairs: PairOfParts[] }>,
): Promise<SplitResult> {
  const identity = { kind, target, externalKey: key };
  const request = await requestOnce<HashedRequest>(store, context, identity, hash, async () => {
    const { made, pairs } = await make();
    const children = made.map((one) => childOf(one, context.documentId));
    const result: SplitResult = {
      pairs,
      made: made.map(({ part, document, entity }, at) => ({
        part,
        entity: entity.key,
        kind: document.kind,
        businessKey: businessKey(document),
        awaitsApproval: children[at]?.hold !== undefined,
      })),
    };
    return {
      contentHash: hash,
      ...(JSON.parse(JSON.stringify({ children, result })) as { [key: string]: Json }),
    };
  });
  const result = await runDone(store, context, { ...identity, request, name, nodeId }, SPLIT);
  return result as unknown as SplitResult;
}

/** Nothing outside is asked: the store takes the children and the result together, or neither. */
const SPLIT: Effect<{ [key: string]: Json }> = {
  refusesDoubles: true,
  async perform(request) {
    const { children, result } = request as unknown as { children: Child[]; result: { [key: string]: Json } };
    return new Split(result, children);
  },
};

function childOf({ part, document, entity, approval }: Made, parent: string): Child {
  validateDocument(document, 'MAP_OUTPUT_INVALID');
  const { kind, source } = document;
  const { amount, currency, number, date } = headlineOf(document);
  const { exceptionOwner: owner, serviceHours } = entity.kinds[kind] ?? {};
  return {
    part,
    entity: entity.key,
    kind,
    lane: `${kind} ${source.id}`,
    source: { system: source.system, id: source.id, parent },
    body: JSON.stringify(document),
    amount,
    currency,
    number,
    date,
    sourceId: source.id,
    hold: holdOf(document, entity, approval),
    care: { ...(owner !== undefined && { owner }), ...(serviceHours !== undefined && { serviceHours }) },
  };
}

/** The approval is of a content, as for any other document. */
function holdOf(document: KeyedDocument, entity: LegalEntity, approval: ApprovalChoice): Child['hold'] {
  if (approval === 'entity' && !entity.kinds[document.kind]?.approval) return undefined;
  return new FinanceError('DOCUMENT_APPROVAL', {
    message: `What ${document.source.account} has booked with ${entity.key} waits for an approval of ${entity.key}.`,
    details: { contentHash: contentHash(document) },
  }).toJSON();
}

/**
 * The number under which a document is posted, asked of Odoo by its external key: nothing is made in other books of
 * what is not in its own.
 * @throws FinanceError ODOO_MISSING where it is not posted
 */
export async function postedNumber(
  client: OdooClient,
  document: KeyedDocument,
  entity: LegalEntity,
  prefix: string,
): Promise<string> {
  const key = `${prefix}.${externalKey(document)}`;
  const company = await lookupsOf(client).company(entity.odooCompany);
  const ownPrefix = ownPrefixOf(entity.key, prefix);
  const found = await whereabouts(client, { key, kind: document.kind }, { company, ownPrefix });
  if (found?.state === 'posted') return found.name;
  throw new FinanceError('ODOO_MISSING', {
    message: `${document.source.id} is not posted in the books of ${entity.key}.`,
    hint: 'Put this node behind odoo post; then retry.',
    details: { reference: key },
  });
}

/**
 * Units of a currency for one of the entity's, where the two differ.
 * @throws FinanceError ODOO_CURRENCY
 */
export async function homeRate(
  client: OdooClient,
  { odooCompany, currency: home }: LegalEntity,
  currency: Currency,
  day: string,
): Promise<Decimal | undefined> {
  if (currency === home) return undefined;
  const lookups = lookupsOf(client);
  return await lookups.rate(await lookups.company(odooCompany), currency, day);
}
