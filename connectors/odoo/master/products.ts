import { FinanceError } from '../../../errors';
import { externalKey } from '../../../finance/canonical';
import type { ProductDocument } from '../../../finance/documents';
import type { OdooClient } from '../client';
import { type Cells, findByExternalId } from '../load';
import { lookupsOf } from '../lookups';
import type { PartyPlace } from '../party';
import { searchRead } from '../records';
import { stillThere, type Upserted, type UpsertMemory, upsert } from './upsert';

/** A product of an upstream system; `id` is its id there, e.g. `prod_1`. */
export type Product = Pick<ProductDocument, 'name' | 'code' | 'listPrice' | 'active'> & { id: string };

export const PRODUCT_FIELDS = ['name', 'code', 'listPrice', 'active'] as const;
export type ProductField = (typeof PRODUCT_FIELDS)[number];

const MODEL = 'product.product';
const COLUMNS: Readonly<Record<ProductField, string>> = {
  name: 'name',
  code: 'default_code',
  listPrice: 'list_price',
  active: 'active',
};

/**
 * Brings a product of an upstream system into Odoo: the one it was before, else found by its external id, then by its
 * internal reference, else created exactly once.
 * @throws FinanceError ODOO_AMBIGUOUS with candidates, and those of a call
 */
export async function upsertProduct(
  client: OdooClient,
  product: Product,
  place: PartyPlace,
  { owned, before }: { owned: readonly ProductField[]; before?: UpsertMemory },
): Promise<Upserted> {
  const { entity, system, prefix, company } = place;
  const key = `${prefix}.${externalKey({ entity, kind: 'product', source: { system, id: product.id } })}`;
  const found =
    (await findByExternalId(client, MODEL, key)) ??
    (await stillThere(client, MODEL, company.id, before)) ??
    (await findByCode(client, product, place));
  const fields = await lookupsOf(client).fields(MODEL);
  const columns = new Set(owned.map((field) => COLUMNS[field]));
  const cells: Cells = {
    name: product.name,
    default_code: product.code ?? (columns.has('default_code') ? '' : undefined),
    list_price: product.listPrice,
    active: product.active === undefined ? undefined : product.active ? '1' : '0',
  };
  const given = Object.entries(cells).filter(([column, cell]) => cell !== undefined && fields.has(column));
  const request = { model: MODEL, key, found, cells: Object.fromEntries(given), owned: columns };
  return upsert(client, { ...request, company: company.id, before });
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
