import type { Environment } from './environment';
import { findExternalId } from './external-ids';
import type { RawRecord } from './import-rows';
import type { Field } from './model';
import { idOf, textOf, toDecimal, type Value, type Values } from './value';
import { isDate } from './values';

/** A cell that could not be understood, as `load` reports it. */
export interface CellError {
  field: string;
  fieldName: string;
  /** The message, given the path of labels to the field. */
  say: (label: string) => string;
  moreinfo?: Value;
}

class Unconvertible extends Error {
  constructor(
    /** The message, given the path of labels to the field. */
    readonly say: (label: string) => string,
    readonly moreinfo?: Value,
  ) {
    super(say(''));
  }
}

const REFERENCES = new Set(['id', '.id']);

/** Cells as values for `create` or `write`; what cannot be converted is left out and reported. */
export function convertRecord(
  env: Environment,
  model: string,
  record: RawRecord,
): { values: Values; errors: CellError[] } {
  const values: Values = {};
  const errors: CellError[] = [];
  for (const [name, cell] of record) {
    if (REFERENCES.has(name)) continue;
    const field = env.model(model).fields[name]!;
    try {
      values[name] = cell.length === 0 ? false : convert(env, name, field, cell);
    } catch (error) {
      if (!(error instanceof Unconvertible)) throw error;
      errors.push({ field: name, fieldName: field.label, say: error.say, moreinfo: error.moreinfo });
    }
  }
  return { values, errors };
}

function convert(env: Environment, name: string, field: Field, cell: string | RawRecord[]): Value {
  if (typeof cell !== 'string') return convertRelation(env, field, cell);
  switch (field.type) {
    case 'float':
    case 'monetary':
    case 'integer':
      if (/^\s*-?(\d+(\.\d*)?|\.\d+)\s*$/.test(cell))
        return Number(toDecimal(cell.trim().replace(/\.$/, '')).toString());
      throw new Unconvertible(
        (label) =>
          `'${cell}' does not seem to be ${field.type === 'integer' ? 'an integer' : 'a number'} for field '${label}'`,
      );
    case 'boolean':
      return /^(1|true|yes)$/i.test(cell);
    case 'date':
      if (isDate(cell)) return cell;
      throw new Unconvertible(
        (label) => `'${cell}' does not seem to be a valid date for field '${label}'`,
        "Use the format '2012-12-31'",
      );
    case 'selection':
      return convertSelection(field, cell);
    case 'json':
      return convertJson(name, cell);
    default:
      return cell;
  }
}

function convertSelection(field: Field, cell: string): Value {
  const options = field.selection ?? [];
  const found = options.find(([key, label]) => key === cell || label.toLowerCase() === cell.toLowerCase());
  if (found) return found[0];
  throw new Unconvertible(
    (label) => `Value '${cell}' not found in selection field '${label}'`,
    options.map(([, label]) => label),
  );
}

function convertJson(name: string, cell: string): Value {
  try {
    return JSON.parse(cell) as Value;
  } catch {
    throw new Unconvertible(
      (label) => `'${cell}' does not seem to be a valid JSON for field '${label}'`,
      name,
    );
  }
}

function convertRelation(env: Environment, field: Field, cells: RawRecord[]): Value {
  if (field.type === 'one2many') return cells.map((cell) => convertLine(env, field, cell));
  const [reference] = cells;
  const [[by, text] = ['', '']] = reference ?? new Map<string, string>();
  const value = typeof text === 'string' ? text : '';
  if (field.type === 'many2one') return findRecord(env, field, by, value);
  return [
    [
      6,
      0,
      value
        .split(',')
        .filter(Boolean)
        .map((part) => findRecord(env, field, by, part.trim())),
    ],
  ];
}

/** A line is a new one, or with an external id that is known an update of that one. */
function convertLine(env: Environment, field: Field, cell: RawRecord): Value {
  const relation = field.relation ?? '';
  const { values, errors } = convertRecord(env, relation, cell);
  const [error] = errors;
  if (error) throw new Unconvertible((label) => error.say(`${label}/${error.fieldName}`), error.moreinfo);
  const externalId = cell.get('id');
  if (typeof externalId !== 'string' || externalId === '') return [0, 0, values];
  const known = findExternalId(env, externalId);
  if (known && textOf(known, 'model') === relation) return [1, idOf(known, 'res_id'), values];
  return [0, 0, { ...values, $externalId: externalId }];
}

function findRecord(env: Environment, field: Field, by: string, text: string): Value {
  const relation = field.relation ?? '';
  const [id, kind] =
    by === '.id' ? [byId(env, relation, text), 'database id'] : byText(env, relation, by, text);
  if (id) return id;
  throw new Unconvertible(
    (label) => `No matching record found for ${kind} '${text}' in field '${label}'`,
    possibleValues(env, relation, by),
  );
}

function byId(env: Environment, relation: string, text: string): number {
  const id = Number(text);
  if (!Number.isInteger(id))
    throw new Unconvertible((label) => `Invalid database id '${text}' for the field '${label}'`);
  return env.find(relation, id) ? id : 0;
}

function byText(env: Environment, relation: string, by: string, text: string): [id: number, kind: string] {
  if (by === 'id') {
    const known = findExternalId(env, text);
    return [known && textOf(known, 'model') === relation ? idOf(known, 'res_id') : 0, 'external id'];
  }
  const named = env.db
    .all(relation)
    .find(
      (record) =>
        env.displayName(relation, record.id) === text || record.name === text || record.code === text,
    );
  return [named?.id ?? 0, 'name'];
}

function possibleValues(env: Environment, relation: string, by: string): Value {
  const action = {
    name: 'Possible Values',
    type: 'ir.actions.act_window',
    target: 'new',
    view_mode: env.version === 19 ? 'list,form' : 'tree,form',
    views: [
      [false, 'list'],
      [false, 'form'],
    ],
    context: { create: false },
    help: 'See all possible values',
  };
  if (by === '' || by === undefined) return { ...action, res_model: relation };
  return { ...action, res_model: 'ir.model.data', domain: [['model', '=', relation]] };
}
