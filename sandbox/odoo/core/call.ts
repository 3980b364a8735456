import { checkModelAccess, isVisible, mayAccess } from './access';
import type { Environment } from './environment';
import { externalIdOf, metadataOf } from './external-ids';
import { accessError, httpError, OdooFault, typeError, userError } from './fault';
import { load } from './load';
import type { Method, Model, Operation, Version } from './model';
import { create, read, search, unlink, write } from './records';
import { idsOf, isStruct, type Value, type Values } from './value';

/** A call of a model's method, as any protocol brings it. */
export interface Call {
  model: string;
  method: string;
  /** Positional arguments (XML-RPC, JSON-RPC), ids first on record methods. */
  args: Value[];
  /** Named arguments, context taken out. */
  kwargs: Values;
}

type Run = (env: Environment, model: string, ids: number[], args: Values) => Value;

/** A method of every model, and the versions that have it. */
interface CommonMethod {
  on: Method['on'];
  params: string[];
  run: Run;
  from?: Version;
  until?: Version;
}

const method = (on: Method['on'], params: string[], run: Run) => ({ on, params, run });

const list = (value: Value | undefined): Value[] => (Array.isArray(value) ? value : []);
const texts = (value: Value | undefined): string[] =>
  list(value).filter((item): item is string => typeof item === 'string');
const numberOr = (value: Value | undefined, fallback: number): number =>
  typeof value === 'number' ? value : fallback;
const textOr = (value: Value | undefined): string => (typeof value === 'string' ? value : '');

/** Methods that every model has. */
const EVERY_MODEL: Record<string, CommonMethod> = {
  create: method('model', ['vals_list'], (env, model, _ids, { vals_list: values }) => {
    if (!Array.isArray(values)) return create(env, model, [isStruct(values) ? values : {}])[0] ?? false;
    return create(env, model, values.filter(isStruct));
  }),
  write: method('record', ['vals'], (env, model, ids, { vals }) => {
    write(env, model, ids, isStruct(vals) ? vals : {});
    return true;
  }),
  unlink: method('record', [], (env, model, ids) => {
    unlink(env, model, ids);
    return true;
  }),
  read: method('record', ['fields?', 'load?'], (env, model, ids, { fields }) =>
    read(env, model, ids, texts(fields)),
  ),
  search: method('model', ['domain', 'offset?', 'limit?', 'order?'], (env, model, _ids, args) =>
    search(env, model, args.domain ?? [], pageOf(args)),
  ),
  search_count: method(
    'model',
    ['domain', 'limit?'],
    (env, model, _ids, args) =>
      search(env, model, args.domain ?? [], { limit: numberOr(args.limit, 0) }).length,
  ),
  search_read: method(
    'model',
    ['domain?', 'fields?', 'offset?', 'limit?', 'order?'],
    (env, model, _ids, args) =>
      read(env, model, search(env, model, args.domain || [], pageOf(args)), texts(args.fields)),
  ),
  load: method('model', ['fields', 'data'], (env, model, _ids, { fields, data }) =>
    load(env, model, texts(fields), list(data)),
  ),
  exists: method('record', [], (env, model, ids) => ids.filter((id) => env.find(model, id))),
  name_search: method('model', ['name?', 'args?', 'operator?', 'limit?'], (env, model, _ids, args) => {
    const domain = [
      ...list(args.args ?? args.domain),
      ['display_name', textOr(args.operator) || 'ilike', textOr(args.name)],
    ];
    return search(env, model, domain, { limit: numberOr(args.limit, 100) }).map((id) => [
      id,
      env.displayName(model, id),
    ]);
  }),
  name_get: method('record', [], (env, model, ids) => ids.map((id) => [id, env.displayName(model, id)])),
  get_metadata: method('record', [], (env, model, ids) => metadataOf(env, model, ids)),
  get_external_id: method('record', [], (env, model, ids) =>
    Object.fromEntries(ids.map((id) => [String(id), externalIdOf(env, model, id)])),
  ),
  fields_get: method('model', ['allfields?', 'attributes?'], (env, model, _ids, { allfields, attributes }) =>
    describe(env.model(model), texts(allfields), texts(attributes)),
  ),
  check_access_rights: {
    ...method('model', ['operation', 'raise_exception?'], (env, model, _ids, args) => {
      const operation = textOr(args.operation) as Operation;
      if (args.raise_exception !== false) checkModelAccess(env, model, operation);
      return mayAccess(env, model, operation);
    }),
    until: 17,
  },
  has_access: {
    ...method('record', ['operation'], (env, model, ids, { operation }) => {
      const isSeen = ids.every((id) => {
        const record = env.find(model, id);
        return record !== undefined && isVisible(env, model, record);
      });
      return isSeen && mayAccess(env, model, textOr(operation) as Operation);
    }),
    from: 19,
  },
  message_subscribe: method('record', ['partner_ids?', 'subtype_ids?'], () => true),
};

function pageOf(args: Values): { offset: number; limit: number; order: string } {
  return { offset: numberOr(args.offset, 0), limit: numberOr(args.limit, 0), order: textOr(args.order) };
}

function describe(model: Model, only: string[], attributes: string[]): Values {
  const described: Values = {};
  for (const [name, field] of Object.entries(model.fields)) {
    if (field.internal || (only.length > 0 && !only.includes(name))) continue;
    const all: Values = {
      type: field.type,
      string: field.label,
      required: field.required === true,
      readonly: field.get !== undefined,
      store: field.get === undefined,
      ...(field.relation ? { relation: field.relation } : {}),
      ...(field.inverse ? { relation_field: field.inverse } : {}),
      ...(field.selection ? { selection: field.selection.map(([key, label]) => [key, label]) } : {}),
    };
    const shown = Object.entries(all).filter(([key]) => attributes.length === 0 || attributes.includes(key));
    described[name] = Object.fromEntries(shown);
  }
  return described;
}

export function findMethod(
  env: Environment,
  model: string,
  name: string,
): { on: Method['on']; params: string[]; run: Run } | undefined {
  const own = env.model(model).methods?.[name];
  if (own) return { on: own.on, params: own.params, run: (e, _model, ids, args) => own.run(e, ids, args) };
  const common = Object.hasOwn(EVERY_MODEL, name) ? EVERY_MODEL[name] : undefined;
  const { from = 16, until = 19 } = common ?? {};
  return env.version >= from && env.version <= until ? common : undefined;
}

/** A call of XML-RPC or JSON-RPC: `execute_kw(model, method, args, kwargs)`. */
export function callPositional(env: Environment, call: Call): Value {
  if (!env.registry.get(call.model)) throw userError(`Object ${call.model} doesn't exist`);
  refusePrivate(env, call);
  const found = findMethod(env, call.model, call.method);
  if (!found)
    throw new OdooFault(
      'builtins.AttributeError',
      `The method '${call.method}' does not exist on the model '${call.model}'`,
    );
  const [first, ...rest] = call.args;
  const ids = found.on === 'record' ? toIds(first) : [];
  const given = found.on === 'record' ? rest : call.args;
  const bound: Values = {};
  const names = found.params.map((name) => name.replace('?', ''));
  for (const [at, value] of given.entries()) {
    const name = names[at];
    if (!name)
      throw typeError(
        `${qualified(call.method)} takes ${names.length + 1} positional arguments but ${given.length + 1} were given`,
      );
    bound[name] = value;
  }
  for (const [name, value] of Object.entries(call.kwargs)) {
    if (!names.includes(name))
      throw typeError(`${qualified(call.method)} got an unexpected keyword argument '${name}'`);
    bound[name] = value;
  }
  const missing = found.params.filter((name) => !name.endsWith('?') && !(name in bound));
  if (missing.length > 0) throw missingArguments(call.method, missing);
  return found.run(env, call.model, ids, bound);
}

function missingArguments(method: string, missing: string[]): OdooFault {
  const names = missing.map((name) => `'${name}'`).join(' and ');
  const plural = missing.length > 1 ? 's' : '';
  return typeError(
    `${qualified(method)} missing ${missing.length} required positional argument${plural}: ${names}`,
  );
}

/** As Python names the function; `create` is wrapped and loses its class. */
function qualified(method: string): string {
  return method === 'create' ? 'create()' : `BaseModel.${method}()`;
}

/** A call of JSON-2: named arguments only, `ids` and `context` among them. */
export function callNamed(env: Environment, call: Call): Value {
  if (!env.registry.get(call.model))
    throw httpError('NotFound', `the model '${call.model}' does not exist`, {
      before: `KeyError: '${call.model}'`,
      link: 'cause',
    });
  refusePrivate(env, call);
  const found = findMethod(env, call.model, call.method);
  if (!found) {
    const message = `The method '${call.model}.${call.method}' does not exist`;
    throw httpError('NotFound', message, { before: `AttributeError: ${message}`, link: 'cause' });
  }
  const { ids: givenIds, ...named } = call.kwargs;
  if (found.on === 'model' && givenIds !== undefined)
    throw httpError('UnprocessableEntity', `cannot call ${call.model}.${call.method} with ids`);
  const names = found.params.map((name) => name.replace('?', ''));
  const unknown = Object.keys(named).find((name) => !names.includes(name));
  const missing = found.params.find((name) => !name.endsWith('?') && !(name in named));
  const problem = missing
    ? `missing a required argument: '${missing}'`
    : unknown && `got an unexpected keyword argument '${unknown}'`;
  if (problem) throw httpError('UnprocessableEntity', problem, { before: `TypeError: ${problem}` });
  const result = found.run(env, call.model, toIds(givenIds), named);
  return call.method === 'create' && !Array.isArray(result) ? [result] : result;
}

function refusePrivate(env: Environment, { model, method }: Call): void {
  if (!method.startsWith('_') && method !== 'init') return;
  const name = env.version === 19 ? `'${model}.${method}'` : method;
  throw accessError(`Private methods (such as ${name}) cannot be called remotely.`);
}

function toIds(value: Value | undefined): number[] {
  if (typeof value === 'number') return [value];
  return idsOf({ ids: value ?? [] }, 'ids');
}
