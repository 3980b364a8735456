import { externalIdOf, lookupMove, type PostableDocument } from '../../connectors/odoo';
import { leaseOf, MESSAGE_PIPELINE } from '../../engine';
import { businessKey, externalKey, type Keyed, type LegalEntity } from '../../finance';
import type { OdooRun } from './record';

const DAY_MS = 86_400_000;

/** What must be in Odoo before a document: the invoice of a credit note, the open items of a payment. */
export function referencesOf(document: PostableDocument): Keyed[] {
  const { system, account } = document.source;
  const of = (kind: Keyed['kind'], id: string): Keyed => ({
    entity: document.entity,
    kind,
    source: { system, account, id },
  });
  switch (document.kind) {
    case 'credit_note':
      return document.precedingInvoice ? [of('invoice', document.precedingInvoice.sourceId)] : [];
    case 'payment':
    case 'refund': {
      const kind = document.kind === 'payment' ? 'invoice' : 'credit_note';
      return document.allocations.map(({ sourceId }) => of(kind, sourceId));
    }
    default:
      return [];
  }
}

/**
 * Lets a document wait until what it refers to is posted, outside its lane and without a lease.
 * @param days after which it is held as RUN_REFERENCE_MISSING
 * @returns whether it waits
 */
export async function waitsForReference(
  run: OdooRun,
  document: PostableDocument,
  days: number,
  entity: LegalEntity,
  prefix: string,
): Promise<boolean> {
  const { store, context } = run;
  if (context.pipeline === MESSAGE_PIPELINE) return false;
  for (const reference of referencesOf(document)) {
    const key = businessKey(reference);
    const known = await store.reference({ businessKey: key });
    // It may be posted all the same: by an earlier store, by a pipeline without a guard, or held after its posting.
    if (known?.completed || (await isPosted(run, reference, entity, prefix))) continue;
    const due = Date.now() + Math.round(days * DAY_MS);
    await store.awaitReference({ ...leaseOf(context), businessKey: key, due });
    return true;
  }
  return false;
}

/** Whether Odoo has posted the document under its external key. */
async function isPosted(
  { client }: OdooRun,
  document: Keyed,
  entity: LegalEntity,
  prefix: string,
): Promise<boolean> {
  const move = await lookupMove(client, externalIdOf(externalKey(document), prefix), entity.odooCompany);
  return move?.state === 'posted';
}
