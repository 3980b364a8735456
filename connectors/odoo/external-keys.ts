import type { OdooClient } from './client';
import { badAnswer } from './faults';

/** What the external ids of an entity's documents begin with. */
export const ownPrefixOf = (entity: string, prefix: string): string =>
  `${prefix}.${entity.replace(/[^a-z0-9]+/g, '_')}__`;

/** Our external ids of records, by record; of several the one that is ours. @throws FinanceError ODOO_* */
export async function externalKeys(
  client: OdooClient,
  model: string,
  ids: readonly number[],
  { company, ownPrefix }: { company: { id: number }; ownPrefix: string },
): Promise<Map<number, string>> {
  if (ids.length === 0) return new Map();
  const context = { allowed_company_ids: [company.id] };
  const rows = await client.call(model, 'get_metadata', { ids: [...ids], context });
  if (!Array.isArray(rows)) throw badAnswer(`get_metadata on ${model} gave no list`);
  const keys = new Map<number, string>();
  for (const row of rows as { id?: unknown; xmlid?: unknown; xmlids?: unknown }[]) {
    const all = [row?.xmlid, ...(Array.isArray(row?.xmlids) ? row.xmlids : [])];
    const names = all.map((one: unknown) =>
      typeof one === 'string' ? one : (one as { xmlid?: unknown })?.xmlid,
    );
    const own = names.find((name) => typeof name === 'string' && name.startsWith(ownPrefix));
    if (own !== undefined) keys.set(Number(row.id), String(own));
  }
  return keys;
}
