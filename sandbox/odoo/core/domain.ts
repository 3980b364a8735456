import type { Environment } from './environment';
import { valueError } from './fault';
import { idOf, idsOf, isSet, type OdooRecord, pythonRepr, type Value } from './value';

type Test = (record: OdooRecord) => boolean;

/**
 * A domain as a test of records.
 *
 * @throws ValueError for an unknown field, worded as the version words it.
 */
export function compileDomain(env: Environment, model: string, domain: Value): Test {
  if (!Array.isArray(domain)) throw valueError(`Domain() invalid item in domain: ${pythonRepr(domain)}`);
  const tokens = [...domain];
  const tests: Test[] = [];
  while (tokens.length > 0) tests.push(compileNext(env, model, tokens));
  return (record) => tests.every((test) => test(record));
}

function compileNext(env: Environment, model: string, tokens: Value[]): Test {
  const token = tokens.shift();
  if (token === '!') {
    const inner = compileNext(env, model, tokens);
    return (record) => !inner(record);
  }
  if (token === '&' || token === '|') {
    const left = compileNext(env, model, tokens);
    const right = compileNext(env, model, tokens);
    return token === '&'
      ? (record) => left(record) && right(record)
      : (record) => left(record) || right(record);
  }
  if (!Array.isArray(token) || token.length !== 3)
    throw valueError(`Invalid leaf ${pythonRepr(token ?? null)}`);
  const [path, operator, value] = token;
  if (path === 1 || path === 0) return () => path === value;
  if (typeof path !== 'string' || typeof operator !== 'string')
    throw valueError(`Invalid leaf ${pythonRepr(token)}`);
  return compileLeaf(env, model, path.split('.'), operator, value ?? null);
}

function compileLeaf(env: Environment, model: string, path: string[], operator: string, value: Value): Test {
  const [name = '', ...rest] = path;
  const field = env.registry.field(model, name);
  if (!field) throw unknownField(env, model, name, operator, value);
  if (rest.length > 0 && field.relation) {
    const { relation } = field;
    const inner = compileLeaf(env, relation, rest, operator, value);
    return (record) =>
      relatedIds(env, model, name, record).some((id) => {
        const related = env.find(relation, id);
        return related !== undefined && inner(related);
      });
  }
  const isRelation = field.relation !== undefined;
  if (operator === 'child_of' || operator === 'parent_of')
    return compileLeaf(env, model, path, 'in', [value].flat());
  const matches = comparison(operator, value, isRelation ? 'relation' : field.type);
  if (field.relation) {
    const { relation } = field;
    const byName = typeof value === 'string';
    return (record) => {
      const ids = relatedIds(env, model, name, record);
      if (ids.length === 0) return matches(false);
      const seen = ids.map((id): Value => (byName ? env.displayName(relation, id) : id));
      return operator === '!=' || operator.startsWith('not') ? seen.every(matches) : seen.some(matches);
    };
  }
  return (record) => matches(fieldValue(env, model, name, record));
}

function relatedIds(env: Environment, model: string, name: string, record: OdooRecord): number[] {
  const field = env.model(model).fields[name];
  if (field?.type === 'one2many') return env.inverse(field.relation ?? '', field.inverse ?? '', record.id);
  const value = fieldValue(env, model, name, record);
  if (Array.isArray(value)) return idsOf({ value }, 'value');
  const id = idOf({ value }, 'value');
  return id ? [id] : [];
}

/** What a field holds, computed fields included. */
export function fieldValue(env: Environment, model: string, name: string, record: OdooRecord): Value {
  const field = env.model(model).fields[name];
  return field?.get ? field.get(env, record, model) : (record[name] ?? false);
}

function unknownField(env: Environment, model: string, name: string, operator: string, value: Value) {
  const leaf = `('${name}', '${operator}', ${pythonRepr(value)})`;
  const where = env.version === 19 ? 'condition' : 'leaf';
  return valueError(
    `Invalid field ${model}.${name} in ${where} ${leaf}`,
    env.version === 19 ? { before: `KeyError: '${name}'` } : {},
  );
}

type Matcher = (seen: Value) => boolean;

function comparison(operator: string, wanted: Value, type: string): Matcher {
  switch (operator) {
    case '=':
    case '==':
      if (Array.isArray(wanted)) return (seen) => wanted.some((item) => isEqual(seen, item, type));
      return (seen) => isEqual(seen, wanted, type);
    case '!=':
    case '<>':
      return (seen) => !isEqual(seen, wanted, type);
    case 'in':
      return (seen) => [wanted].flat().some((item) => isEqual(seen, item, type));
    case 'not in':
      return (seen) => ![wanted].flat().some((item) => isEqual(seen, item, type));
    case '<':
      return (seen) => isSet(seen) && order(seen, wanted) < 0;
    case '<=':
      return (seen) => isSet(seen) && order(seen, wanted) <= 0;
    case '>':
      return (seen) => isSet(seen) && order(seen, wanted) > 0;
    case '>=':
      return (seen) => isSet(seen) && order(seen, wanted) >= 0;
    case '=like':
      return pattern(wanted, false, true);
    case '=ilike':
      return pattern(wanted, true, true);
    case 'like':
      return pattern(wanted, false, false);
    case 'ilike':
      return pattern(wanted, true, false);
    case 'not like':
      return (seen) => !pattern(wanted, false, false)(seen);
    case 'not ilike':
      return (seen) => !pattern(wanted, true, false)(seen);
    case '=?':
      return isSet(wanted) ? (seen) => isEqual(seen, wanted, type) : () => true;
    default:
      throw valueError(`Invalid operator '${operator}'`);
  }
}

const NUMERIC = new Set(['integer', 'float', 'monetary']);

function isEqual(seen: Value, wanted: Value, type: string): boolean {
  if (NUMERIC.has(type)) return Number(seen || 0) === Number(wanted || 0);
  if (!isSet(wanted)) return !isSet(seen);
  return seen === wanted;
}

function order(left: Value, right: Value): number {
  const numbers = [Number(left), Number(right)] as const;
  if (!Number.isNaN(numbers[0]) && !Number.isNaN(numbers[1])) return numbers[0] - numbers[1];
  return String(left) < String(right) ? -1 : String(left) > String(right) ? 1 : 0;
}

/** SQL LIKE: `%` any text, `_` any character; without `whole` the text may stand anywhere. */
function pattern(wanted: Value, ignoreCase: boolean, whole: boolean): Matcher {
  const source = String(wanted || '')
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('%', '.*')
    .replaceAll('_', '.');
  const expression = new RegExp(whole ? `^${source}$` : source, ignoreCase ? 'is' : 's');
  return (seen) => isSet(seen) && expression.test(String(seen));
}
