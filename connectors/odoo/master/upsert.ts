import type { OdooClient } from '../client';
import { buildLoad, type Cells, load } from '../load';
import { idOf, type OdooRecord, searchRead, textOf } from '../records';

/** What became of a record of an upstream system. */
export interface Upserted {
  id: number;
  created: boolean;
  /** Odoo's fields that were written. */
  written: string[];
  /** Fields that differ and are Odoo's to keep. */
  kept: string[];
}

/** A record of an upstream system, as columns of `load`. */
export interface UpsertRequest {
  model: string;
  /** External id `<prefix>.<key>` that it is created under. */
  key: string;
  /** The record that it is known to be. */
  found?: number;
  cells: Cells;
  /** Columns that the upstream system owns: written whenever they differ. The others only when it is created. */
  owned: ReadonlySet<string>;
  company: number;
}

/**
 * Creates a record exactly once, or writes of a known one what the upstream system owns. Writing is absolute, so a
 * repeat changes nothing.
 * @throws FinanceError of `load` and of a call
 */
export async function upsert(client: OdooClient, request: UpsertRequest): Promise<Upserted> {
  const { model, key, found, cells, owned, company } = request;
  if (found === undefined) {
    const [id] = await load(client, buildLoad(model, [{ key, header: cells }], company));
    return { id: id as number, created: true, written: Object.keys(cells).map(fieldOf), kept: [] };
  }
  const columns = Object.keys(cells);
  const fields = columns.map(fieldOf);
  const options = { archived: true, company };
  const [row] = await searchRead(client, model, [['id', '=', found]], fields, options);
  const differing = row ? columns.filter((column) => !isSame(row, column, cells[column])) : [];
  const written = differing.filter((column) => owned.has(column));
  if (row && written.length > 0) {
    const vals = Object.fromEntries(
      written.map((column) => [fieldOf(column), cellValue(column, cells[column], row[fieldOf(column)])]),
    );
    const context = { allowed_company_ids: [company] };
    await client.call(model, 'write', { ids: [found], named: { vals }, context });
  }
  const kept = differing.filter((column) => !owned.has(column));
  return { id: found, created: false, written: written.map(fieldOf), kept: kept.map(fieldOf) };
}

const fieldOf = (column: string): string => column.split('/')[0] ?? column;
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
  return (textOf(value) ?? '') === (cell ?? '');
}
