import { checkModelAccess, isVisible, requireRecords } from './access';
import { compileDomain, fieldValue } from './domain';
import type { Environment } from './environment';
import { missingError, validationError, valueError } from './fault';
import type { Field } from './model';
import { idsOf, isSet, type OdooRecord, type Value, type Values } from './value';
import { checkValue } from './values';

/** Ids that match, in the model's order or the given one. */
export function search(
  env: Environment,
  model: string,
  domain: Value,
  options: { offset?: number; limit?: number; order?: string } = {},
): number[] {
  checkModelAccess(env, model, 'read');
  const test = compileDomain(env, model, activeOnly(env, model, domain));
  const found = candidates(env, model, domain).filter(
    (record) => isVisible(env, model, record) && test(record),
  );
  const sorted = sort(env, model, found, options.order || env.model(model).order || 'id');
  const offset = options.offset ?? 0;
  return sorted.slice(offset, options.limit ? offset + options.limit : undefined).map((record) => record.id);
}

/** Records worth testing: by id or by an index where the domain's first level names them, otherwise all. */
function candidates(env: Environment, model: string, domain: Value): OdooRecord[] {
  const leaves =
    Array.isArray(domain) && !domain.some((token) => token === '|' || token === '!') ? domain : [];
  for (const leaf of leaves) {
    if (!Array.isArray(leaf) || typeof leaf[0] !== 'string' || (leaf[1] !== '=' && leaf[1] !== 'in'))
      continue;
    const ids = idsUnder(env, model, leaf[0], [leaf[2] ?? null].flat());
    if (ids) return ids.map((id) => env.find(model, id)).filter((record) => record !== undefined);
  }
  return env.db.all(model);
}

/** Ids of records whose field holds one of the values, where that costs no search. */
function idsUnder(env: Environment, model: string, field: string, values: Value[]): number[] | undefined {
  if (field === 'id') return [...new Set(idsOf({ ids: values }, 'ids'))];
  const isPlain = values.every(
    (value) => typeof value === 'number' || (typeof value === 'string' && value !== ''),
  );
  const isName =
    env.model(model).fields[field]?.relation !== undefined &&
    values.some((value) => typeof value === 'string');
  if (!isPlain || isName || !env.db.isIndexed(model, field)) return undefined;
  return [...new Set(values.flatMap((value) => env.db.lookup(model, field, String(value))))];
}

function activeOnly(env: Environment, model: string, domain: Value): Value {
  if (!env.model(model).fields.active || env.context.active_test === false || !Array.isArray(domain))
    return domain;
  if (domain.some((leaf) => Array.isArray(leaf) && leaf[0] === 'active')) return domain;
  return [['active', '=', true], ...domain];
}

function sort(env: Environment, model: string, records: OdooRecord[], order: string): OdooRecord[] {
  const terms = order.split(',').map((term) => {
    const [name = 'id', direction = 'asc'] = term.trim().split(/\s+/);
    if (!env.registry.field(model, name)) throw valueError(`Invalid field '${name}' on model '${model}'`);
    return { name, factor: direction.toLowerCase() === 'desc' ? -1 : 1 };
  });
  const keyed = records.map((record) => ({
    record,
    keys: terms.map(({ name }) => sortKey(env, model, name, record)),
  }));
  keyed.sort((a, b) => {
    for (const [at, { factor }] of terms.entries()) {
      const difference = compare(a.keys[at]!, b.keys[at]!);
      if (difference !== 0) return difference * factor;
    }
    return a.record.id - b.record.id;
  });
  return keyed.map(({ record }) => record);
}

function sortKey(env: Environment, model: string, name: string, record: OdooRecord): string | number {
  const field = env.model(model).fields[name]!;
  const value = fieldValue(env, model, name, record);
  if (field.type === 'many2one' && typeof value === 'number')
    return env.displayName(field.relation ?? '', value);
  if (field.type === 'monetary' || field.type === 'float') return Number(value || 0);
  if (typeof value === 'number') return value;
  // Postgres sorts an empty value last when ascending.
  return value === false || value === null ? '\uffff' : String(value);
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}

/** Records as `read` answers them; ids that are not there are left out silently. */
export function read(env: Environment, model: string, ids: number[], fields: string[]): Values[] {
  checkModelAccess(env, model, 'read');
  const definitions = env.model(model).fields;
  for (const name of fields)
    if (!env.registry.field(model, name)) throw valueError(`Invalid field '${name}' on model '${model}'`);
  const names =
    fields.length > 0 ? fields : Object.keys(definitions).filter((name) => !definitions[name]?.internal);
  const there = ids.filter((id) => env.find(model, id));
  return requireRecords(env, model, there).map((record) => {
    const row: Values = { id: record.id };
    for (const name of names) row[name] = shown(env, model, name, definitions[name]!, record);
    return row;
  });
}

function shown(env: Environment, model: string, name: string, field: Field, record: OdooRecord): Value {
  if (field.type === 'one2many') return manyOf(env, field, record);
  const value = fieldValue(env, model, name, record);
  switch (field.type) {
    case 'many2one':
      return typeof value === 'number' && value > 0
        ? [value, env.displayName(field.relation ?? '', value)]
        : false;
    case 'float':
    case 'monetary':
      return Number(value || 0);
    case 'integer':
      return typeof value === 'number' ? value : 0;
    case 'many2many':
      return Array.isArray(value) ? value : [];
    default:
      return value;
  }
}

function manyOf(env: Environment, field: Field, record: OdooRecord): number[] {
  const relation = field.relation ?? '';
  const ids = env.inverse(relation, field.inverse ?? '', record.id);
  const { only } = field;
  return only ? ids.filter((id) => only(env.record(relation, id))) : ids;
}

/** Creates records; a model's own `create` decides how. */
export function create(env: Environment, model: string, list: Values[]): number[] {
  checkModelAccess(env, model, 'create');
  const own = env.model(model).create;
  for (const values of list) {
    checkFields(env, model, values);
    checkRequired(env, model, values);
  }
  const ids = own ? own(env, list) : list.map((values) => insert(env, model, values));
  requireRecords(env, model, ids);
  return ids;
}

/** Puts one record in with its defaults and stamps, past any rule of its model. */
export function insert(env: Environment, model: string, values: Values): number {
  const record: Values = {};
  for (const [name, field] of Object.entries(env.model(model).fields)) {
    if (field.get || field.type === 'one2many') continue;
    record[name] = name in values ? checkValue(env, model, name, values[name]!) : defaultOf(env, field);
  }
  const stamp = { create_uid: env.uid, create_date: env.now, write_uid: env.uid, write_date: env.now };
  if (record.id === false) delete record.id;
  return env.db.insert(model, { ...record, ...stamp }).id;
}

function defaultOf(env: Environment, field: Field): Value {
  const value = typeof field.default === 'function' ? field.default(env) : field.default;
  if (value !== undefined) return value;
  return field.type === 'many2many' ? [] : field.type === 'monetary' || field.type === 'float' ? '0' : false;
}

export function write(env: Environment, model: string, ids: number[], values: Values): void {
  checkModelAccess(env, model, 'write');
  requireRecords(env, model, ids);
  checkFields(env, model, values);
  const own = env.model(model).write;
  if (own) own(env, ids, values);
  else for (const id of ids) patch(env, model, id, values);
}

/** Changes stored fields of one record, past any rule of its model. */
export function patch(env: Environment, model: string, id: number, values: Values): void {
  const checked: Values = { write_uid: env.uid, write_date: env.now };
  for (const [name, value] of Object.entries(values)) {
    const field = env.model(model).fields[name];
    if (field && !field.get && field.type !== 'one2many') checked[name] = checkValue(env, model, name, value);
  }
  env.db.update(model, id, checked);
}

export function unlink(env: Environment, model: string, ids: number[]): void {
  checkModelAccess(env, model, 'unlink');
  requireRecords(env, model, ids);
  const own = env.model(model).unlink;
  if (own) own(env, ids);
  else for (const id of ids) remove(env, model, id);
}

/** Deletes a record with its external ids. */
export function remove(env: Environment, model: string, id: number): void {
  if (!env.find(model, id)) throw missingError(model, id, env.uid);
  for (const row of env.db.lookup('ir.model.data', 'of record', `${model},${id}`))
    env.db.delete('ir.model.data', row);
  env.db.delete(model, id);
}

function checkFields(env: Environment, model: string, values: Values): void {
  for (const name of Object.keys(values))
    if (!env.registry.field(model, name)) {
      const message =
        env.version === 19
          ? `Invalid field '${name}' in '${model}'`
          : `Invalid field '${name}' on model '${model}'`;
      throw valueError(message, env.version === 19 ? {} : { before: `KeyError: '${name}'` });
    }
}

/** A required field that is given as empty reaches the database so, and is refused there. */
function checkRequired(env: Environment, model: string, values: Values): void {
  for (const [name, field] of Object.entries(env.model(model).fields)) {
    if (!field.required || !(name in values) || isSet(values[name])) continue;
    const { description } = env.model(model);
    throw validationError(
      `The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n- Delete: another model requires the record being deleted. If possible, archive it instead.\n\nModel: ${description} (${model})\nField: ${field.label} (${name})\n`,
      { loadMessage: `Missing required value for the field '${field.label}' (${name})` },
    );
  }
}
