import type { OdooClient } from './client';
import type { FullDomain } from './domain';
import { badAnswer } from './faults';
import type { OdooRecord } from './records';

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
  /** Only records with a greater id: where an earlier reading ended. */
  after?: number;
  /** Records at most; all where it is left out. */
  limit?: number;
}

const PAGE_SIZE = 500;

/**
 * Reads the records that fit, page by page in the order of their ids: what comes or goes meanwhile shifts no page.
 * The next page is asked for when it is wanted, so a slow reader fills no memory.
 * @throws FinanceError ODOO_*
 */
export async function* readPages(client: OdooClient, query: ReadQuery): AsyncGenerator<OdooRecord[]> {
  const { domain = [], pageSize = PAGE_SIZE, limit = Number.POSITIVE_INFINITY } = query;
  let last = query.after ?? 0;
  for (let left = limit; left > 0; ) {
    const size = Math.min(pageSize, left);
    const page = await readPage(client, query, [...domain, ['id', '>', last]], 'id', size);
    if (page.length > 0) yield page;
    if (page.length < size) return;
    last = Number(page.at(-1)?.id);
    left -= page.length;
  }
}

/** The records of {@link readPages}, one by one. */
export async function* readRecords(client: OdooClient, query: ReadQuery): AsyncGenerator<OdooRecord> {
  for await (const page of readPages(client, query)) yield* page;
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
