import { FinanceError } from '../../errors';
import type { OdooClient } from './client';
import { type LoadMessage, loadError } from './faults';

/** A record to be created exactly once. Cells are texts: ISO dates, plain numbers, ids as `.id` columns. */
export interface LoadRecord {
  /** External id `<prefix>.<key>`: the same key never makes a second record, whatever the content. */
  key: string;
  header: Cells;
  /** Rows of one2many columns, e.g. of `invoice_line_ids`. */
  lines?: { field: string; rows: Cells[] };
}

/** Column → text. A column that no record has is left out; an empty text writes "nothing" on purpose. */
export type Cells = Readonly<Record<string, string | undefined>>;

/** A `load` call as JSON, so that it can be recorded before it is sent and sent again as it is. */
export interface LoadRequest {
  model: string;
  fields: string[];
  data: string[][];
  /** Number of records; each may have several rows. */
  records: number;
  /** Company whose rules apply. */
  company?: number;
}

/** `<prefix>.<key>`: one dot, no spaces. */
const EXTERNAL_ID = /^[a-z][a-z0-9_]{0,59}\.[A-Za-z0-9_-]{1,200}$/;

/**
 * Holds an external id to Odoo's form.
 * @throws FinanceError ODOO_VALIDATION
 */
export function assertExternalId(key: string): void {
  if (!EXTERNAL_ID.test(key))
    throw new FinanceError('ODOO_VALIDATION', {
      message: `"${key.slice(0, 80)}" is no external id <prefix>.<key>.`,
    });
}

/**
 * Writes records as one `load` call: rows of further lines have blank header cells.
 * @throws FinanceError ODOO_VALIDATION when a key is malformed or comes twice, since `load` would give one id for both
 */
export function buildLoad(model: string, records: readonly LoadRecord[], company?: number): LoadRequest {
  for (const { key } of records) assertExternalId(key);
  if (new Set(records.map(({ key }) => key)).size < records.length)
    throw new FinanceError('ODOO_VALIDATION', { message: 'An external id comes twice in one call.' });
  const headers = columnsOf(records.map(({ header }) => header));
  const field = records.find(({ lines }) => lines)?.lines?.field ?? '';
  const columns = columnsOf(records.flatMap(({ lines }) => lines?.rows ?? []));
  const data = records.flatMap(({ key, header, lines }) => {
    const rows = lines?.rows.length ? lines.rows : [{}];
    return rows.map((line: Cells, index) => [
      index === 0 ? key : '',
      ...headers.map((column) => (index === 0 ? (header[column] ?? '') : '')),
      ...columns.map((column) => line[column] ?? ''),
    ]);
  });
  const fields = ['id', ...headers, ...columns.map((column) => `${field}/${column}`)];
  return { model, fields, data, records: records.length, company };
}

/**
 * Several requests as one call. Only such as have the same columns: a blank cell in a column of another record would
 * write "nothing" there.
 * @throws FinanceError ODOO_VALIDATION
 */
export function mergeLoads(requests: readonly [LoadRequest, ...LoadRequest[]]): LoadRequest {
  const [first] = requests;
  const shapeOf = ({ model, fields, company }: LoadRequest) => JSON.stringify([model, fields, company]);
  const data = requests.flatMap((request) => request.data);
  const keys = data.map(([key]) => key).filter(Boolean);
  if (requests.some((request) => shapeOf(request) !== shapeOf(first)) || new Set(keys).size < keys.length)
    throw new FinanceError('ODOO_VALIDATION', { message: 'These records cannot be loaded in one call.' });
  return { ...first, data, records: keys.length };
}

const columnsOf = (cells: readonly Cells[]): string[] => [
  ...new Set(cells.flatMap((row) => Object.keys(row).filter((column) => row[column] !== undefined))),
];

/**
 * Creates the records that are not there yet, all or none, and gives the ids of all. Repeating it is safe at any
 * time: a record that exists is neither changed nor made again.
 * @returns ids in the order of the records
 * @throws FinanceError of `load`'s messages (`details.messages[].record` names the bad one), or any of a call
 */
export async function load(client: OdooClient, request: LoadRequest): Promise<number[]> {
  const { model, fields, data, company } = request;
  const context = { mode: 'update', noupdate: true, ...(company && { allowed_company_ids: [company] }) };
  const result = await client.call(model, 'load', { named: { fields, data }, context });
  const { ids, messages } = (result ?? {}) as { ids?: unknown; messages?: unknown };
  if (ids === false) throw loadError(readMessages(messages));
  if (Array.isArray(ids) && ids.length === request.records && ids.every(Number.isInteger)) return ids;
  // the records may be there: the look-up by external id tells
  throw new FinanceError('ODOO_BAD_ANSWER', {
    kind: 'in_doubt',
    message: 'load gave no id for each record.',
  });
}

function readMessages(messages: unknown): LoadMessage[] {
  if (!Array.isArray(messages)) return [];
  return messages.map((one: { message?: unknown; record?: unknown; field?: unknown }) => ({
    message: String(one?.message ?? ''),
    record: typeof one?.record === 'number' ? one.record : undefined,
    field: typeof one?.field === 'string' ? one.field : undefined,
  }));
}

/**
 * The record that an external id stands for.
 * @returns its id; `undefined` when there is none (it was never made, or was deleted together with its key)
 * @throws FinanceError ODOO_ACCESS when it is there but not for this user, DOCUMENT_CONFLICT when of another model
 */
export async function findByExternalId(
  client: OdooClient,
  model: string,
  key: string,
): Promise<number | undefined> {
  assertExternalId(key);
  const [module, xml_id] = key.split('.') as [string, string];
  let found: unknown;
  try {
    found = await client.call('ir.model.data', 'check_object_reference', { named: { module, xml_id } });
  } catch (error) {
    if (error instanceof FinanceError && error.code === 'ODOO_MISSING') return undefined;
    throw error;
  }
  const [foundModel, id] = Array.isArray(found) ? found : [];
  if (foundModel !== model)
    throw new FinanceError('DOCUMENT_CONFLICT', {
      message: `The external id ${key} stands for a ${String(foundModel)}, not for a ${model}.`,
    });
  if (id === false)
    throw new FinanceError('ODOO_ACCESS', {
      message: `The integration user may not read the ${model} ${key}.`,
    });
  return Number(id);
}
