import { FinanceError } from '../../../errors';
import type { OdooClient } from '../client';
import { findByExternalId } from '../load';
import type { Company } from '../lookups';
import { type Domain, type OdooRecord, searchRead, textOf } from '../records';
import { type ExpectedMove, type MoveRequest, sideOf } from './request';

/**
 * From 17 on Odoo takes one bill of a supplier twice.
 * @param key external id of the bill, which may be there already
 * @throws FinanceError DOCUMENT_CONFLICT where another move has the supplier's number
 */
export async function assertNoTwin(
  client: OdooClient,
  company: Company,
  expected: ExpectedMove,
  key: string,
): Promise<void> {
  const found = await withNumber(client, company, expected);
  if (found.length === 0) return;
  const own = await findByExternalId(client, 'account.move', key);
  const other = found.find(({ id }) => id !== own);
  if (other) throw taken(other, expected);
}

/**
 * The same of a draft that is to be posted: of bills that came together, none of which could see the other before, the
 * one that was made first goes on.
 * @param own id of the draft
 * @throws FinanceError DOCUMENT_CONFLICT
 */
export async function assertFirst(
  client: OdooClient,
  { company, expected }: MoveRequest,
  own: number,
): Promise<void> {
  if (sideOf(expected.moveType) !== 'purchase') return;
  const found = await withNumber(client, company, expected);
  const other = found.find(({ id, state }) => id !== own && (state === 'posted' || Number(id) < own));
  if (other) throw taken(other, expected);
}

function withNumber(
  client: OdooClient,
  { id: company }: Company,
  { moveType, partnerId, ref }: ExpectedMove,
): Promise<OdooRecord[]> {
  const domain: Domain = [
    ['move_type', '=', moveType],
    ['partner_id', '=', partnerId],
    ['ref', '=', ref],
    ['state', '!=', 'cancel'],
  ];
  return searchRead(client, 'account.move', domain, ['name', 'state'], { company, limit: 10, order: 'id' });
}

const taken = ({ id, name }: OdooRecord, { ref }: ExpectedMove): FinanceError =>
  new FinanceError('DOCUMENT_CONFLICT', {
    message: `Odoo has a bill ${ref} of this supplier already: move ${String(id)} (${textOf(name) ?? 'draft'}).`,
    details: { move: id, reference: ref },
  });
