import { FinanceError } from '../errors';
import type { Decimal } from './documents';
import { compare, equals, plain, sum } from './money';

/** A dimension (analytic plan) that every line of profit and loss must carry. */
export interface Dimension {
  plan: string;
  /** Analytic account that a line without one gets. */
  fallback?: string;
}

/**
 * Fills the mandatory dimensions of a line and holds each plan to its sum: just 100 % of a mandatory one, at most of
 * any other.
 * @param analytic analytic account code → percentage
 * @param planOf the plan of an analytic account
 * @throws FinanceError MAP_UNMAPPED where a mandatory plan has neither account nor fallback, MAP_OUTPUT_INVALID where
 * a plan does not sum to 100
 */
export function fillDimensions(
  analytic: Readonly<Record<string, Decimal>>,
  dimensions: readonly Dimension[],
  planOf: (code: string) => string | undefined,
): Record<string, Decimal> {
  const filled: Record<string, Decimal> = { ...analytic };
  for (const { plan, fallback } of dimensions) {
    if (Object.keys(filled).some((code) => planOf(code) === plan)) continue;
    if (fallback === undefined)
      throw new FinanceError('MAP_UNMAPPED', {
        message: `The line has no analytic account of the mandatory plan "${plan}".`,
        details: { plan },
      });
    filled[fallback] = '100';
  }
  const mandatory = new Set(dimensions.map(({ plan }) => plan));
  const byPlan = Map.groupBy(Object.entries(filled), ([code]) => planOf(code) ?? '');
  for (const [plan, shares] of byPlan) {
    const total = sum(shares.map(([, percent]) => percent));
    const isWhole = equals(total, '100');
    if (isWhole || (!mandatory.has(plan) && compare(total, '100') < 0)) continue;
    throw new FinanceError('MAP_OUTPUT_INVALID', {
      message: `The analytic accounts of the plan "${plan}" sum to ${plain(total)} %, not to 100 %.`,
      details: { plan, total },
    });
  }
  return filled;
}
