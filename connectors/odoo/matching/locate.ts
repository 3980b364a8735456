import { FinanceError } from '../../../errors';
import { externalKey as keyOf } from '../../../finance/canonical';
import type { Allocation, BankTransaction, Day, Payment, Refund } from '../../../finance/documents';
import type { LegalEntity } from '../../../finance/entity';
import type { OdooClient } from '../client';
import { findByExternalId } from '../load';
import { type Company, lookupsOf } from '../lookups';
import { externalIdOf } from '../moves/prepare';
import type { BankLineState, PaymentState, PlannedAllocation } from '../posting/kinds';
import { READERS } from '../posting/states';

/** A document that is matched with others. */
export type Matchable = Payment | Refund | BankTransaction;

/** A share of it, and what it settles: an invoice unless said otherwise, or a move of Odoo's. */
export type GivenAllocation = Omit<Allocation, 'sourceId'> &
  ({ sourceId: string; kind?: 'invoice' | 'credit_note' } | { moveId: number });

export interface Place {
  entity: LegalEntity;
  /** Module part of external ids. */
  prefix: string;
}

/** The posted record of a document. */
export interface Located {
  /** External id. */
  key: string;
  company: Company;
  /** Id of the payment or bank line. */
  id: number;
  moveId: number;
  date: Day;
}

/**
 * The record of a payment, refund or bank transaction by its external key.
 * @throws FinanceError ODOO_MISSING where it is not posted, ODOO_VALIDATION where it has no entry to be matched
 */
export async function locate(
  client: OdooClient,
  document: Matchable,
  { entity, prefix }: Place,
): Promise<Located> {
  const key = externalIdOf(keyOf(document), prefix);
  const company = await lookupsOf(client).company(entity.odooCompany);
  const model = document.kind === 'bank_transaction' ? 'account.bank.statement.line' : 'account.payment';
  const id = await findByExternalId(client, model, key);
  const state = id === undefined ? undefined : (await READERS[model](client, [id], company.id)).get(id);
  if (id === undefined || state?.state !== 'posted')
    throw new FinanceError('ODOO_MISSING', {
      message: `The ${document.kind.replace('_', ' ')} ${document.source.id} is not posted in Odoo.`,
      hint: 'Post it first; then retry.',
      details: { reference: key },
    });
  const { moveId, date = document.date } = state as PaymentState | BankLineState;
  if (moveId !== undefined) return { key, company, id, moveId, date };
  throw new FinanceError('ODOO_VALIDATION', {
    message: `The payment ${id} has no entry to be matched: its journal has no outstanding account.`,
    details: { payment: id },
  });
}

/**
 * The moves that allocations name, by the external keys of their documents.
 * @param place `comparesOnly`: what is not in Odoo is left out
 * @throws FinanceError ODOO_MISSING
 */
export async function locateItems(
  client: OdooClient,
  { kind: of, source: { system, account } }: Pick<Matchable, 'kind' | 'source'>,
  allocations: readonly GivenAllocation[],
  { entity, prefix, comparesOnly }: Place & { comparesOnly?: boolean },
): Promise<PlannedAllocation[]> {
  const planned: PlannedAllocation[] = [];
  for (const one of allocations) {
    if ('moveId' in one) {
      planned.push({ moveId: one.moveId, amount: one.amount });
      continue;
    }
    const kind = one.kind ?? (of === 'refund' ? 'credit_note' : 'invoice');
    const key = keyOf({ entity: entity.key, kind, source: { system, account, id: one.sourceId } });
    const moveId = await findByExternalId(client, 'account.move', externalIdOf(key, prefix));
    if (moveId === undefined && comparesOnly) continue;
    if (moveId === undefined)
      throw new FinanceError('ODOO_MISSING', {
        message: `The ${kind.replace('_', ' ')} ${one.sourceId} that this ${of.replace('_', ' ')} settles is not in Odoo yet.`,
        hint: 'Post it first; then retry.',
        details: { reference: key },
      });
    planned.push({ moveId, amount: one.amount });
  }
  return planned;
}
