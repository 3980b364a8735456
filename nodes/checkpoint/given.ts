import { FinanceError } from '../../errors';
import { type GivenTotal, money } from '../../finance';

/** Totals that the source says, of one entity. */
export type GivenTotals = GivenTotal & { entity?: string };

/**
 * The totals in `msg.payload.source`: a list of `{entity, kind, currency, count, total}`.
 * @throws MAP_INPUT_INVALID
 */
export function givenTotals(given: unknown): GivenTotals[] {
  if (given === undefined) return [];
  if (Array.isArray(given) && given.every(isGiven)) return given;
  throw new FinanceError('MAP_INPUT_INVALID', {
    message: 'payload.source is not a list of { entity, kind, currency, count, total }.',
  });
}

function isGiven(value: unknown): value is GivenTotals {
  const { entity, kind, currency, count, total } = (value ?? {}) as Record<string, unknown>;
  return (
    (entity === undefined || typeof entity === 'string') &&
    typeof kind === 'string' &&
    typeof currency === 'string' &&
    money.CURRENCIES.includes(currency) &&
    Number.isSafeInteger(count) &&
    money.isDecimal(total) &&
    money.decimalsOf(total) <= money.exponentOf(currency)
  );
}
