import { FinanceError } from '../../../errors';
import { externalKey } from '../../../finance/canonical';
import type { Decimal } from '../../../finance/documents';
import type { OdooClient } from '../client';
import { type Cells, findByExternalId } from '../load';
import { lookupsOf } from '../lookups';
import type { PartyPlace } from '../party';
import { searchRead } from '../records';
import { type Upserted, upsert } from './upsert';

/** A product of an upstream system. */
export interface Product {
  /** Id at the source, e.g. `prod_1`. */
  id: string;
  name: string;
  /** Internal reference (SKU). */
  code?: string;
  listPrice?: Decimal;
  active?: boolean;
}

export type ProductField = Exclude<keyof Product, 'id'>;

const MODEL = 'product.product';
const COLUMNS: Readonly<Record<ProductField, string>> = {
  name: 'name',
  code: 'default_code',
  listPrice: 'list_price',
  active: 'active',
};

/**
 * Brings a product of an upstream system into Odoo: found by its external id, then by its internal reference.
 * @throws FinanceError ODOO_AMBIGUOUS with candidates, and those of a call
 */
export async function upsertProduct(
  client: OdooClient,
  product: Product,
  place: PartyPlace,
  owned: readonly ProductField[],
): Promise<Upserted> {
  const { entity, system, prefix, company } = place;
  const key = `${prefix}.${externalKey({ entity, kind: 'product', source: { system, id: product.id } })}`;
  const found = (await findByExternalId(client, MODEL, key)) ?? (await findByCode(client, product, place));
  const known = await lookupsOf(client).fields(MODEL);
  const cells: Cells = {
    name: product.name,
    default_code: product.code,
    list_price: product.listPrice,
    active: product.active === undefined ? undefined : product.active ? '1' : '0',
  };
  const given = Object.entries(cells).filter(([column, cell]) => cell !== undefined && known.has(column));
  const columns = new Set(owned.map((field) => COLUMNS[field]));
  const request = { model: MODEL, key, found, cells: Object.fromEntries(given), owned: columns };
  return upsert(client, { ...request, company: company.id });
}

async function findByCode(
  client: OdooClient,
  { code }: Product,
  { company }: PartyPlace,
): Promise<number | undefined> {
  if (!code) return undefined;
  const rows = await searchRead(
    client,
    MODEL,
    [
      ['default_code', '=', code],
      ['company_id', 'in', [false, ...company.family]],
    ],
    ['display_name'],
    { company: company.id, limit: 5, archived: true },
  );
  if (rows.length > 1)
    throw new FinanceError('ODOO_AMBIGUOUS', {
      message: `Odoo has ${rows.length} products with the reference "${code}".`,
      details: { model: MODEL, candidates: rows.map(({ id, display_name }) => ({ id, name: display_name })) },
    });
  return rows[0] && Number(rows[0].id);
}
