import { hashOf } from '../../../finance/canonical';
import { plainVat } from '../../../finance/vat-id';
import type { OdooClient } from '../client';
import { buildLoad, type Cells, load } from '../load';
import { lookupsOf } from '../lookups';
import { idOf, type OdooRecord, searchRead, textOf } from '../records';

/** What is remembered of a record between two upserts; holds no value, only hashes. */
export interface UpsertMemory {
  /** Id in Odoo. */
  id: number;
  /** Field that the upstream system owns → hash of what Odoo held after it was written. */
  fields: Record<string, string>;
}

/** What became of a record of an upstream system. */
export interface Upserted {
  id: number;
  created: boolean;
  /** Odoo's fields that were written. */
  written: string[];
  /** Fields that differ and are Odoo's to keep. */
  kept: string[];
  /** Owned fields that somebody else had changed in Odoo since; they are the source's again. */
  foreign: string[];
  memory: UpsertMemory;
}

/** A record of an upstream system, as columns of `load`. */
export interface UpsertRequest {
  model: string;
  /** External id `<prefix>.<key>` that it is created under. */
  key: string;
  /** The record that it is known to be. */
  found?: number;
  /** An empty cell takes away what a known record has there. */
  cells: Cells;
  /** Columns that the upstream system owns: written whenever they differ. The others only when it is created. */
  owned: ReadonlySet<string>;
  company: number;
  /** Of the upsert before. */
  before?: UpsertMemory;
}

/**
 * Creates a record exactly once, or writes of a known one what the upstream system owns. Writing is absolute, so a
 * repeat changes nothing.
 * @throws FinanceError of `load` and of a call
 */
export async function upsert(client: OdooClient, request: UpsertRequest): Promise<Upserted> {
  const { model, key, found, cells, company } = request;
  const row = found === undefined ? undefined : await read(client, request, found);
  if (found !== undefined && row) return await update(client, request, found, row);
  const given = Object.fromEntries(Object.entries(cells).filter(([, cell]) => cell));
  const loading = buildLoad(model, [{ key, header: given }], company);
  const [id] = (await lookupsOf(client).checked(() => load(client, loading))) as [number];
  const memory = { id, fields: hashesOf(request, await read(client, request, id)) };
  return { id, created: true, written: Object.keys(given).map(fieldOf), kept: [], foreign: [], memory };
}

/** The record of the upsert before, if Odoo still has it; archived ones count. */
export async function stillThere(
  client: OdooClient,
  model: string,
  company: number,
  before: UpsertMemory | undefined,
): Promise<number | undefined> {
  if (!before) return undefined;
  const domain = [['id', '=', before.id]] as const;
  const rows = await searchRead(client, model, domain, ['display_name'], { archived: true, company });
  return rows.length > 0 ? before.id : undefined;
}

async function update(
  client: OdooClient,
  request: UpsertRequest,
  id: number,
  row: OdooRecord,
): Promise<Upserted> {
  const { model, cells, owned, company, before } = request;
  const differing = Object.keys(cells).filter((column) => !isSame(row, column, cells[column]));
  const written = differing.filter((column) => owned.has(column));
  const seen = hashesOf(request, row);
  const isForeign = (field: string) =>
    before?.id === id && field in before.fields && before.fields[field] !== seen[field];
  const result = {
    id,
    created: false,
    written: written.map(fieldOf),
    kept: differing.filter((column) => !owned.has(column)).map(fieldOf),
    foreign: written.map(fieldOf).filter(isForeign),
  };
  if (written.length === 0) return { ...result, memory: { id, fields: seen } };
  const vals = Object.fromEntries(
    written.map((column) => [fieldOf(column), cellValue(column, cells[column], row[fieldOf(column)])]),
  );
  const context = { allowed_company_ids: [company] };
  await lookupsOf(client).checked(() => client.call(model, 'write', { ids: [id], named: { vals }, context }));
  return { ...result, memory: { id, fields: hashesOf(request, await read(client, request, id)) } };
}

async function read(
  client: OdooClient,
  { model, cells, company }: UpsertRequest,
  id: number,
): Promise<OdooRecord | undefined> {
  const fields = Object.keys(cells).map(fieldOf);
  const [row] = await searchRead(client, model, [['id', '=', id]], fields, { archived: true, company });
  return row;
}

/** Odoo's own form of the owned fields: it may write a number or a phone its way. */
const hashesOf = ({ cells, owned }: UpsertRequest, row: OdooRecord = {}): Record<string, string> =>
  Object.fromEntries(
    Object.keys(cells)
      .filter((column) => owned.has(column))
      .map((column) => [fieldOf(column), hashOf(row[fieldOf(column)] ?? false).slice(0, 16)]),
  );

/** The field of a column: `country_id/.id` → `country_id`. */
export const fieldOf = (column: string): string => column.split('/')[0] ?? column;
const isLink = (column: string): boolean => column.endsWith('/.id');

/** Odoo says `false` for an empty text too, so these are known by name. */
const FLAGS = new Set(['active', 'is_company']);
/** Odoo counts these by itself. */
const COUNTED = new Set(['customer_rank', 'supplier_rank']);

/** A cell as a value of `write`: ids for links, false for nothing. */
function cellValue(column: string, cell: string | undefined, current: unknown): unknown {
  if (cell === undefined || cell === '') return false;
  if (FLAGS.has(column)) return cell === '1';
  return isLink(column) || typeof current === 'number' ? Number(cell) : cell;
}

function isSame(row: OdooRecord, column: string, cell: string | undefined): boolean {
  const value = row[fieldOf(column)];
  if (COUNTED.has(column)) return true;
  if (FLAGS.has(column)) return value === (cell === '1');
  if (isLink(column)) return idOf(value) === (cell ? Number(cell) : undefined);
  if (typeof value === 'number') return value === Number(cell);
  if (column === 'vat') return plainVat(textOf(value) ?? '') === plainVat(cell ?? '');
  return (textOf(value) ?? '') === (cell ?? '');
}
