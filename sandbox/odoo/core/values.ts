import type { Environment } from './environment';
import { valueError } from './fault';
import { isStruct, toDecimal, type Value } from './value';

/**
 * A value from outside as the field stores it: selections and dates are checked, numbers become decimal strings,
 * commands become lists of ids.
 *
 * @throws ValueError as Odoo words it.
 */
export function checkValue(env: Environment, model: string, name: string, value: Value): Value {
  const field = env.model(model).fields[name]!;
  if (value === null) return false;
  switch (field.type) {
    case 'selection':
      if (value === false || field.selection?.some(([key]) => key === value)) return value;
      throw valueError(`Wrong value for ${model}.${name}: '${String(value)}'`);
    case 'date':
      return checkDate(value);
    case 'float':
    case 'monetary':
      return checkNumber(value);
    case 'many2many':
      return Array.isArray(value) ? applyLinks([], value) : [];
    case 'many2one':
      return Array.isArray(value) ? (value[0] ?? false) : value;
    case 'json':
      return typeof value === 'string' && value !== ''
        ? (JSON.parse(value) as Value)
        : isStruct(value)
          ? value
          : false;
    case 'char':
    case 'text':
      return typeof value === 'number' ? String(value) : value;
    default:
      return value;
  }
}

function checkDate(value: Value): Value {
  if (value === false || value === '') return false;
  const text = String(value);
  if (isDate(text)) return text;
  throw valueError(`time data '${text}' does not match format '%Y-%m-%d'`);
}

/** Whether a text is an ISO date that the calendar has. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}

function checkNumber(value: Value): string {
  if (value === false || value === '') return '0';
  if (typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value.trim())))
    return toDecimal(typeof value === 'string' ? value.trim() : value).toString();
  throw valueError(`could not convert string to float: '${String(value)}'`);
}

/** Many-to-many commands: (6, _, ids) replaces, (4, id) links, (3, id) unlinks, (5) empties; plain ids replace. */
export function applyLinks(ids: number[], commands: Value[]): number[] {
  let linked = ids;
  for (const command of commands) {
    if (typeof command === 'number') linked = [...linked, command];
    if (!Array.isArray(command)) continue;
    const [kind, id, list] = command;
    if (kind === 6 && Array.isArray(list))
      linked = list.filter((item): item is number => typeof item === 'number');
    if (kind === 5) linked = [];
    if (kind === 4 && typeof id === 'number') linked = [...linked, id];
    if (kind === 3 || kind === 2) linked = linked.filter((item) => item !== id);
  }
  return [...new Set(linked)];
}
