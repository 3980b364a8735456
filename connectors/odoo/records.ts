import { FinanceError } from '../../errors';
import type { Currency, Decimal } from '../../finance/documents';
import { exponentOf, round, sub } from '../../finance/money';
import type { OdooClient } from './client';
import { badAnswer } from './faults';

/** A record as `search_read` gives it; every field is checked where it is read. */
export type OdooRecord = Readonly<Record<string, unknown>>;
export type Domain = readonly (readonly [string, string, unknown])[];

export interface SearchOptions {
  limit?: number;
  order?: string;
  /** Company whose rules apply. */
  company?: number;
  /** Archived records too. */
  archived?: boolean;
}

/**
 * Reads the records that fit.
 * @throws FinanceError ODOO_*
 */
export async function searchRead(
  client: OdooClient,
  model: string,
  domain: Domain,
  fields: readonly string[],
  { limit, order, company, archived }: SearchOptions = {},
): Promise<OdooRecord[]> {
  const context = {
    ...(company && { allowed_company_ids: [company] }),
    ...(archived && { active_test: false }),
  };
  const named = { domain, fields, ...(limit && { limit }), ...(order && { order }) };
  const rows = await client.call(model, 'search_read', { named, context });
  if (Array.isArray(rows) && rows.every((row) => typeof row === 'object' && row !== null)) return rows;
  throw badAnswer(`search_read on ${model} gave no records`);
}

/** The id of a many2one (`[id, name]`, or false), or of a plain integer. */
export function idOf(value: unknown): number | undefined {
  const id = Array.isArray(value) ? value[0] : value;
  return typeof id === 'number' && Number.isInteger(id) ? id : undefined;
}

/** The ids of a many2many, in ascending order. */
export const idsOf = (value: unknown): number[] =>
  (Array.isArray(value) ? value : [])
    .filter((id): id is number => Number.isInteger(id))
    .sort((a, b) => a - b);

/** Odoo says `false` where there is no text. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** Beyond, a JSON number has too few digits left for cents. */
const LARGEST = 1e12;

/**
 * An amount that came as a JSON number, as the decimal that it stands for: floats carry noise in the last digits
 * (119.00000000000001), so it is rounded half up to the currency's decimals, and refused where more than noise goes.
 * @throws FinanceError ODOO_BAD_ANSWER
 */
export function amountOf(value: unknown, currency: Currency): Decimal {
  return decimalOf(value, exponentOf(currency));
}

/** As {@link amountOf}, with the number of decimals given: quantities, unit prices, percentages. */
export function decimalOf(value: unknown, decimals: number): Decimal {
  if (typeof value !== 'number' || !Number.isFinite(value) || Math.abs(value) > LARGEST)
    throw badAnswer(`${JSON.stringify(value)} is no amount`);
  const written = value.toFixed(10);
  const rounded = round(written, decimals);
  if (Math.abs(Number(sub(written, rounded))) >= 1e-6)
    throw new FinanceError('ODOO_AMOUNT_DIFFERS', {
      message: `Odoo holds ${value}, which has more decimals than allowed (${decimals}).`,
    });
  return rounded;
}
