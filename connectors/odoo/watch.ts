import { FinanceError } from '../../errors';
import { hashOf } from '../../finance/canonical';
import type { OdooClient } from './client';
import { type ReadQuery, readPage } from './read';
import { type OdooRecord, textOf } from './records';

export interface WatchQuery extends ReadQuery {
  /** Where to start, `YYYY-MM-DD HH:MM:SS` in UTC; everything where it is left out. */
  since?: string;
  /**
   * How far behind the newest change a late one may still come. A transaction stamps its records with the time at
   * which it began, and shows them when it ends; so this is longer than the longest transaction. Default 300 s.
   */
  overlapSeconds?: number;
}

/** Where a watch stands, as JSON: committed together with the records that it gave. */
export interface WatchCursor {
  /** `write_date` of the newest record given. */
  newest: string;
  /** Records within the overlap that were given: id → `write_date` and content. */
  given: Record<string, string>;
}

export interface Changes {
  /** New and changed records, oldest change first; each state of a record once. */
  records: OdooRecord[];
  cursor: WatchCursor;
  /** More are waiting: ask again at once. */
  hasMore: boolean;
}

const OVERLAP_SECONDS = 300;
const PAGE_SIZE = 500;
const BEGINNING = '1970-01-01 00:00:00';

/**
 * One page of what was created or changed since the cursor. Odoo shows `write_date` in whole seconds and lets late
 * transactions appear behind newer ones, so a stretch is read again each time, and what was given of it is left out.
 *
 * @throws FinanceError ODOO_*; ODOO_MODEL for a model without `write_date`
 */
export async function pollChanges(
  client: OdooClient,
  query: WatchQuery,
  cursor?: WatchCursor,
): Promise<Changes> {
  const { domain = [], pageSize = PAGE_SIZE, overlapSeconds = OVERLAP_SECONDS } = query;
  const wanted = { ...query, fields: [...new Set([...query.fields, 'write_date'])] };
  const start = cursor ? secondsBefore(cursor.newest, overlapSeconds) : (query.since ?? BEGINNING);
  const seen = new Map(Object.entries(cursor?.given ?? {}));
  const records: OdooRecord[] = [];
  let newest = cursor?.newest ?? start;
  let second = start;
  /** Records of `second` that this poll has read: a whole page may be of one second. */
  let ofSecond: number[] = [];
  for (;;) {
    const place = [
      ['write_date', '>=', second],
      ['id', 'not in', ofSecond],
    ];
    const page = await readPage(client, wanted, [...domain, ...place], 'write_date, id', pageSize);
    for (const row of page) {
      const at = writeDateOf(row, query.model);
      const mark = `${at} ${hashOf(row).slice(0, 16)}`;
      if (seen.get(String(row.id)) !== mark) {
        seen.set(String(row.id), mark);
        records.push(row);
      }
      if (at > newest) newest = at;
      if (at !== second) ofSecond = [];
      second = at;
      ofSecond.push(Number(row.id));
      if (records.length === pageSize)
        return { records, cursor: cursorOf(newest, seen, overlapSeconds), hasMore: true };
    }
    if (page.length < pageSize)
      return { records, cursor: cursorOf(newest, seen, overlapSeconds), hasMore: false };
  }
}

/** Changes as they come, page by page; the caller commits the cursor with what it made of each page. */
export async function* watchChanges(
  client: OdooClient,
  query: WatchQuery,
  cursor?: WatchCursor,
): AsyncGenerator<Changes> {
  for (let from = cursor; ; ) {
    const changes = await pollChanges(client, query, from);
    if (changes.records.length > 0) yield changes;
    if (!changes.hasMore) return;
    from = changes.cursor;
  }
}

function writeDateOf(row: OdooRecord, model: string): string {
  const at = textOf(row.write_date);
  if (at && /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.test(at)) return at.slice(0, 19);
  throw new FinanceError('ODOO_MODEL', { message: `The model ${model} has no time of its last change.` });
}

/** What lies before the overlap is never read again. */
function cursorOf(newest: string, seen: ReadonlyMap<string, string>, overlapSeconds: number): WatchCursor {
  const oldest = secondsBefore(newest, overlapSeconds);
  return { newest, given: Object.fromEntries([...seen].filter(([, mark]) => mark.slice(0, 19) >= oldest)) };
}

function secondsBefore(at: string, seconds: number): string {
  const millis = Math.max(0, Date.parse(`${at.replace(' ', 'T')}Z`) - seconds * 1000);
  return new Date(millis).toISOString().slice(0, 19).replace('T', ' ');
}
