import { isFinanceError } from '../../errors';
import { type Dimension, fillDimensions } from '../../finance/dimensions';
import type { Decimal } from '../../finance/documents';
import { plain } from '../../finance/money';
import type { OdooClient } from './client';
import { type Company, lookupsOf } from './lookups';

/** What Odoo's applicability rules of analytic plans tell apart. */
export type BusinessDomain = 'invoice' | 'bill' | 'general';

const BELIEVED_MS = 300_000;

/**
 * Names of the plans that Odoo wants on every line. None where this Odoo has no plans, or the user may not ask.
 * @throws FinanceError ODOO_*
 */
export function mandatoryPlans(
  client: OdooClient,
  company: Company,
  domain: BusinessDomain,
): Promise<string[]> {
  const key = `mandatory plans ${company.id} ${domain}`;
  return lookupsOf(client).briefly(key, BELIEVED_MS, async () => {
    try {
      const plans = await client.call(
        'account.analytic.plan',
        'get_relevant_plans',
        {
          named: { business_domain: domain, company_id: company.id },
          context: { allowed_company_ids: [company.id] },
        },
        { write: false },
      );
      const list = Array.isArray(plans) ? (plans as { name?: unknown; applicability?: unknown }[]) : [];
      return list
        .filter(({ applicability }) => applicability === 'mandatory')
        .map(({ name }) => String(name));
    } catch (error) {
      if (isFinanceError(error) && (error.code === 'ODOO_MODEL' || error.code === 'ODOO_ACCESS')) return [];
      throw error;
    }
  });
}

/**
 * The analytic distribution of a line, by Odoo's ids: the mapping's, with the mandatory plans of the entity and of
 * Odoo filled.
 * @param isProfitAndLoss mandatory plans are of income and expense only
 * @throws FinanceError ODOO_LOOKUP, MAP_UNMAPPED, MAP_OUTPUT_INVALID
 */
export async function analyticOf(
  client: OdooClient,
  company: Company,
  analytic: Readonly<Record<string, Decimal>>,
  options: { domain: BusinessDomain; dimensions?: readonly Dimension[]; isProfitAndLoss: boolean },
): Promise<Record<string, Decimal>> {
  const lookups = lookupsOf(client);
  const dimensions = options.isProfitAndLoss
    ? merged(options.dimensions ?? [], await mandatoryPlans(client, company, options.domain))
    : [];
  const codes = [...Object.keys(analytic), ...dimensions.flatMap(({ fallback }) => fallback ?? [])];
  if (codes.length === 0 && dimensions.length === 0) return {};
  const accounts = new Map<string, { id: number; plan?: string }>();
  for (const code of codes) accounts.set(code, await lookups.analytic(company, code));
  const filled = fillDimensions(analytic, dimensions, (code) => accounts.get(code)?.plan);
  return Object.fromEntries(
    Object.entries(filled).map(([code, percent]) => [String(accounts.get(code)?.id), plain(percent)]),
  );
}

const merged = (dimensions: readonly Dimension[], plans: readonly string[]): Dimension[] => [
  ...dimensions,
  ...plans.filter((plan) => !dimensions.some((each) => each.plan === plan)).map((plan) => ({ plan })),
];
