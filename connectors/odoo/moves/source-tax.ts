import { FinanceError } from '../../../errors';
import type { Decimal } from '../../../finance/documents';
import { absolute, compare, isZero, negate, sub, sum } from '../../../finance/money';
import type { OdooClient } from '../client';
import type { MoveLine, MoveState } from './read';
import { type ExpectedTax, isDebitSide, type MoveRequest } from './request';

/** A tax line of the draft and the amount it is to have, signed as Odoo signs it. */
export interface TaxCorrection {
  lineId: number;
  /** In the document's currency. */
  amountCurrency: Decimal;
}

/**
 * Where the source's tax differs from what Odoo computed: which tax lines get which amount. Pure.
 * @throws FinanceError ODOO_AMOUNT_DIFFERS when the difference is more than rounding (the mapping names a wrong tax),
 * or lies on several tax lines, of which the source does not say which
 */
export function taxCorrections(request: MoveRequest, move: MoveState): TaxCorrection[] {
  return request.expected.taxes.flatMap((tax) => correctionOf(request, move, tax));
}

function correctionOf(
  request: MoveRequest,
  move: MoveState,
  { taxIds, amount }: ExpectedTax,
): TaxCorrection[] {
  const lines = move.lines.filter(({ taxId }) => taxId !== undefined && taxIds.includes(taxId));
  if (amount === undefined) return [];
  const wanted = isDebitSide(request.expected.moveType) ? negate(amount) : amount;
  const found = sum(lines.map(({ amountCurrency }) => amountCurrency));
  const difference = sub(wanted, found);
  if (isZero(difference)) return [];
  if (compare(absolute(difference), request.taxTolerance) > 0) throw tooMuch(request, move, amount, found);
  const [line, ...others] = lines as [MoveLine, ...MoveLine[]];
  if (!line || others.length > 0) throw tooMuch(request, move, amount, found);
  return [{ lineId: line.id, amountCurrency: wanted }];
}

const tooMuch = (request: MoveRequest, move: MoveState, amount: Decimal, found: Decimal): FinanceError =>
  new FinanceError('ODOO_AMOUNT_DIFFERS', {
    message: `The source's tax is ${amount}, Odoo computes ${absolute(found)}: more than rounding (${request.taxTolerance}).`,
    hint: 'See whether the mapping names the right tax of Odoo.',
    details: { move: move.id, expected: amount, found: absolute(found) },
  });

/**
 * Writes the source's tax onto the draft. The amount is absolute, so a repeat changes nothing; read it back after.
 * @returns the corrections; none where Odoo computed the same
 * @throws FinanceError ODOO_AMOUNT_DIFFERS, and any of a call
 */
export async function setSourceTax(
  client: OdooClient,
  request: MoveRequest,
  move: MoveState,
): Promise<TaxCorrection[]> {
  const corrections = taxCorrections(request, move);
  if (corrections.length === 0) return corrections;
  const line_ids = corrections.map(({ lineId, amountCurrency }) => [
    1,
    lineId,
    { amount_currency: Number(amountCurrency) },
  ]);
  const context = { allowed_company_ids: [request.company.id] };
  await client.call('account.move', 'write', { ids: [move.id], named: { vals: { line_ids } }, context });
  return corrections;
}
