import type { OdooClient } from './client';
import { badAnswer } from './faults';
import type { OdooRecord } from './records';

/** A whole domain of Odoo, with its operators: `['|', ['a', '=', 1], ['b', '=', 2]]`. */
export type FullDomain = readonly unknown[];

export interface ReadQuery {
  model: string;
  domain?: FullDomain;
  fields: readonly string[];
  /** Company whose rules apply. */
  company?: number;
  /** Archived records too. */
  archived?: boolean;
  /** Records a call. Default 500. */
  pageSize?: number;
}

const PAGE_SIZE = 500;

/**
 * Reads all records that fit, page by page in the order of their ids: what comes or goes meanwhile shifts no page.
 * The next page is asked for when it is wanted, so a slow reader fills no memory.
 * @throws FinanceError ODOO_*
 */
export async function* readRecords(client: OdooClient, query: ReadQuery): AsyncGenerator<OdooRecord> {
  const { domain = [], pageSize = PAGE_SIZE } = query;
  for (let last = 0; ; ) {
    const page = await readPage(client, query, [...domain, ['id', '>', last]], 'id', pageSize);
    yield* page;
    if (page.length < pageSize) return;
    last = Number(page.at(-1)?.id);
  }
}

/** One call's worth of records. @throws FinanceError ODOO_* */
export async function readPage(
  client: OdooClient,
  { model, fields, company, archived }: ReadQuery,
  domain: FullDomain,
  order: string,
  limit: number,
): Promise<OdooRecord[]> {
  const context = {
    ...(company && { allowed_company_ids: [company] }),
    ...(archived && { active_test: false }),
  };
  const rows = await client.call(model, 'search_read', { named: { domain, fields, order, limit }, context });
  const isRecord = (row: unknown): row is OdooRecord =>
    typeof row === 'object' && row !== null && Number.isInteger((row as { id?: unknown }).id);
  if (Array.isArray(rows) && rows.every(isRecord)) return rows;
  throw badAnswer(`search_read on ${model} gave no records`);
}
