import type { GivenAllocation, Matchable } from '../../connectors/odoo';
import { FinanceError } from '../../errors';
import { money } from '../../finance';
import type { Message } from '../kit/red';

/**
 * What a payment settles: `msg.allocations`, else the allocations of the document.
 * @throws MAP_INPUT_INVALID
 */
export function allocationsIn(msg: Message, document: Matchable): GivenAllocation[] {
  const given = msg.allocations ?? ('allocations' in document ? document.allocations : undefined);
  if (Array.isArray(given) && given.length > 0 && given.every(isAllocation)) return given;
  throw new FinanceError('MAP_INPUT_INVALID', {
    message: 'There is nothing to match with: msg.allocations is no list of { sourceId, amount }.',
  });
}

function isAllocation(value: unknown): value is GivenAllocation {
  const { sourceId, moveId, kind, amount } = (value ?? {}) as Record<string, unknown>;
  const isNamed = typeof sourceId === 'string' || (Number.isSafeInteger(moveId) && Number(moveId) > 0);
  const isKind = kind === undefined || kind === 'invoice' || kind === 'credit_note';
  return isNamed && isKind && money.isDecimal(amount) && money.compare(amount, '0') > 0;
}
