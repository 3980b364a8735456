import type { Environment } from './environment';
import { keyError } from './fault';
import type { Value } from './value';

/** A record as extracted from rows: cells by field; relations as lists of records. */
export type RawRecord = Map<string, string | RawRecord[]>;

export interface Span {
  record: RawRecord;
  from: number;
  to: number;
}

type Path = string[];

/** `partner_id/.id` and `partner_id.id` are one path of two names. */
export function splitColumn(column: string): Path {
  return column
    .replace(/([^/])\.id$/, '$1/.id')
    .replace(/([^/]):id$/, '$1/id')
    .split('/');
}

/**
 * Rows as records: a record starts where a cell outside the one-to-many columns is filled, and the rows after it
 * with only such cells are its further lines.
 *
 * @throws KeyError for a column that the model has not.
 */
export function extractRecords(env: Environment, model: string, paths: Path[], rows: string[][]): Span[] {
  const fields = env.model(model).fields;
  const typeOf = (name: string) => {
    if (name === '.id') return 'integer';
    const field = fields[name];
    if (!field) throw keyError(name);
    return field.type;
  };
  const columns = paths.map((path, at) => ({ path, at, type: typeOf(path[0] ?? '') }));
  const lines = columns.filter(({ type }) => type === 'one2many');
  const own = columns.filter(({ type }) => type !== 'one2many');
  const isContinuation = (row: string[]) => lines.some(({ at }) => row[at]) && !own.some(({ at }) => row[at]);
  const spans: Span[] = [];
  for (let from = 0; from < rows.length; ) {
    let to = from + 1;
    while (to < rows.length && isContinuation(rows[to]!)) to += 1;
    spans.push({ record: recordOf(env, model, columns, rows.slice(from, to)), from, to: to - 1 });
    from = to;
  }
  return spans;
}

function recordOf(
  env: Environment,
  model: string,
  columns: Array<{ path: Path; at: number; type: string }>,
  rows: string[][],
): RawRecord {
  const record: RawRecord = new Map();
  const relations = new Set<string>();
  for (const { path, at, type } of columns) {
    const name = path[0] ?? '';
    const isRelation = type === 'many2one' || type === 'many2many' || type === 'one2many';
    if (isRelation) relations.add(name);
    else record.set(name, rows[0]?.[at] ?? '');
  }
  for (const name of relations) {
    const cells = columns.filter(({ path }) => path[0] === name);
    const data = rows.map((row) => cells.map(({ at }) => row[at] ?? '')).filter((row) => row.some(Boolean));
    record.set(
      name,
      relatedRecords(
        env,
        model,
        name,
        cells.map(({ path }) => path.slice(1)),
        data,
      ),
    );
  }
  return record;
}

function relatedRecords(
  env: Environment,
  model: string,
  name: string,
  paths: Path[],
  data: string[][],
): RawRecord[] {
  const field = env.model(model).fields[name]!;
  if (field.type === 'one2many')
    return extractRecords(env, field.relation ?? '', paths, data).map(({ record }) => record);
  return data.slice(0, 1).map((row) => new Map(paths.map((path, at) => [path[0] ?? '', row[at] ?? ''])));
}

/** A cell of a call as text; `false` and `null` are empty. */
export function cellText(value: Value): string {
  if (value === false || value === null) return '';
  if (value === true) return '1';
  return typeof value === 'string' ? value : String(value);
}
