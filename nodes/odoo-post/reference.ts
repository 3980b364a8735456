import { externalIdOf, lookupMove, type OdooClient } from '../../connectors/odoo';
import { leaseOf, MESSAGE_PIPELINE } from '../../engine';
import { businessKey, externalKey, type Invoice, type Keyed, type LegalEntity } from '../../finance';
import type { Run } from '../kit/step-node';

const DAY_MS = 86_400_000;

/**
 * Lets a credit note wait until the invoice that it corrects is posted, outside its lane and without a lease.
 * @param days after which it is held as RUN_REFERENCE_MISSING
 * @returns whether it waits
 */
export async function waitsForInvoice(
  { store, context }: Run,
  invoice: Invoice,
  days: number,
  isInOdoo: (preceding: Keyed) => Promise<boolean>,
): Promise<boolean> {
  const { kind, precedingInvoice, entity, source } = invoice;
  if (kind !== 'credit_note' || !precedingInvoice || context.pipeline === MESSAGE_PIPELINE) return false;
  const { system, account } = source;
  const preceding: Keyed = {
    entity,
    kind: 'invoice',
    source: { system, account, id: precedingInvoice.sourceId },
  };
  const reference = businessKey(preceding);
  const known = await store.reference({ businessKey: reference });
  if (known?.completed) return false;
  // It may be posted all the same: by an earlier store, by a pipeline without a guard, or held after its posting.
  if (await isInOdoo(preceding)) return false;
  const due = Date.now() + Math.round(days * DAY_MS);
  await store.awaitReference({ ...leaseOf(context), businessKey: reference, due });
  return true;
}

/** Whether Odoo has posted the document under its external key. */
export async function isPosted(
  client: OdooClient,
  document: Keyed,
  entity: LegalEntity,
  prefix: string,
): Promise<boolean> {
  const move = await lookupMove(client, externalIdOf(externalKey(document), prefix), entity.odooCompany);
  return move?.state === 'posted';
}
