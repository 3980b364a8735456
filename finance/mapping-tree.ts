import { FinanceError } from '../errors';
import { type Budget, compileExpression, type Expression, type Scope, widen } from './expression';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Evaluate = (input: unknown, scope: Scope, budget: Budget) => Promise<unknown>;

/** Names that would reach a prototype. */
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);
const OPERATORS = new Set(['$if', '$let', '$each', '$item', '$all', '$extend']);
const MOST_VALUES = 200_000;
const LONGEST_TEXT = 100_000;
const DEEPEST = 40;

const wrong = (pointer: string, why: string): FinanceError =>
  new FinanceError('CONFIG_INVALID', {
    message: `The mapping is not valid at ${pointer}: ${why}.`,
    details: { pointer },
  });

/** A copy of what an expression gave: plain JSON only, without nulls, of bounded size. */
function toJson(value: unknown, pointer: string, left: { values: number }, depth = 0): unknown {
  const refuse = (why: string): FinanceError =>
    new FinanceError('MAP_EXPRESSION', {
      message: `The expression at ${pointer} gives ${why}.`,
      details: { pointer },
    });
  if (value === null || value === undefined) return undefined;
  if (left.values-- <= 0) throw refuse('too many values');
  if (depth > DEEPEST) throw refuse('too deep a value');
  if (typeof value === 'string' && value.length > LONGEST_TEXT) throw refuse('too long a text');
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value !== 'object') throw refuse(`a ${typeof value}`);
  const copy = (item: unknown): unknown => toJson(item, pointer, left, depth + 1);
  if (Array.isArray(value)) return value.map(copy).filter((item) => item !== undefined);
  const made: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (FORBIDDEN.has(key)) throw refuse(`a field named ${key}`);
    const copied = copy(item);
    if (copied !== undefined) made[key] = copied;
  }
  return made;
}

function compileText(text: string, pointer: string): Evaluate {
  if (!text.startsWith('=')) return async () => text;
  const expression = compileExpression(text.slice(1), pointer);
  return async (input, scope, budget) =>
    toJson(await expression(input, scope, budget), pointer, { values: MOST_VALUES });
}

function compileList(items: Json[], pointer: string): Evaluate {
  const parts = items.map((item, index) => compileTree(item, `${pointer}/${index}`));
  return async (input, scope, budget) => {
    const made: unknown[] = [];
    for (const part of parts) made.push(await part(input, scope, budget));
    return made.filter((item) => item !== undefined);
  };
}

function expressionAt(node: { [key: string]: Json }, key: string, pointer: string): Expression | undefined {
  const source = node[key];
  if (source === undefined) return undefined;
  if (typeof source !== 'string' || !source.startsWith('='))
    throw wrong(`${pointer}/${key}`, 'must be an expression');
  return compileExpression(source.slice(1), `${pointer}/${key}`);
}

/**
 * Variables one after the other, each seen by the next: an expression (which may give a function), or a tree.
 * @throws FinanceError CONFIG_INVALID, MAP_EXPRESSION
 */
export function compileVariables(
  variables: { [name: string]: Json },
  pointer: string,
): (input: unknown, scope: Scope, budget: Budget) => Promise<Scope> {
  const parts = Object.entries(variables).map(([name, node]) => {
    const compiled =
      typeof node === 'string'
        ? expressionAt(variables, name, pointer)!
        : compileTree(node, `${pointer}/${name}`);
    return [name, compiled] as const;
  });
  return async (input, scope, budget) => {
    const wider = widen(scope, {});
    for (const [name, expression] of parts) wider[name] = await expression(input, wider, budget);
    return wider;
  };
}

function listIn(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** `$each` with `$item`: the results of an element in one list; an `$all` gives several. */
function compileEach(node: { [key: string]: Json }, pointer: string): Evaluate {
  const each = expressionAt(node, '$each', pointer)!;
  if (node.$item === undefined) throw wrong(pointer, '$each needs $item');
  const item = compileTree(node.$item, `${pointer}/$item`);
  return async (input, scope, budget) => {
    const made: unknown[] = [];
    for (const [index, element] of listIn(await each(input, scope, budget)).entries())
      made.push(...listIn(await item(element, widen(scope, { index }), budget)));
    return made;
  };
}

function compileMembers(node: { [key: string]: Json }, pointer: string): Evaluate {
  const members = Object.entries(node)
    .filter(([key]) => !OPERATORS.has(key))
    .map(([key, item]) => [key, compileTree(item, `${pointer}/${key}`)] as const);
  const extend = expressionAt(node, '$extend', pointer);
  return async (input, scope, budget) => {
    const base = extend && toJson(await extend(input, scope, budget), pointer, { values: MOST_VALUES });
    const made: Record<string, unknown> = { ...(base as object | undefined) };
    for (const [key, evaluate] of members) {
      const value = await evaluate(input, scope, budget);
      if (value !== undefined) made[key] = value;
    }
    return made;
  };
}

function bodyOf(node: { [key: string]: Json }, pointer: string): Evaluate {
  if (node.$each !== undefined) return compileEach(node, pointer);
  if (Array.isArray(node.$all)) return compileList(node.$all, `${pointer}/$all`);
  return compileMembers(node, pointer);
}

function compileObject(node: { [key: string]: Json }, pointer: string): Evaluate {
  for (const key of Object.keys(node)) {
    if (FORBIDDEN.has(key)) throw wrong(pointer, `no field may be named ${key}`);
    if (key.startsWith('$') && !OPERATORS.has(key)) throw wrong(pointer, `${key} is not known`);
  }
  const condition = expressionAt(node, '$if', pointer);
  const variables =
    node.$let === undefined
      ? undefined
      : compileVariables(node.$let as { [name: string]: Json }, `${pointer}/$let`);
  const body = bodyOf(node, pointer);
  return async (input, scope, budget) => {
    const wider = variables ? await variables(input, scope, budget) : scope;
    if (condition && !(await condition(input, wider, budget))) return undefined;
    return body(input, wider, budget);
  };
}

/**
 * Compiles the output tree of a mapping. Strings that start with `=` are expressions; all else is constant. What
 * gives nothing (or null) is left out. An object may carry
 * - `$let`: variables for what is below it,
 * - `$if`: leave the object out unless this is true,
 * - `$each` and `$item`: an array, with `$item` evaluated for every element (`$index` counts),
 * - `$all`: several results in place of one, below `$item`,
 * - `$extend`: an object to start from; the other members are laid over it.
 * @param pointer JSON pointer of the node in its mapping
 * @throws FinanceError CONFIG_INVALID, MAP_EXPRESSION
 */
export function compileTree(node: Json, pointer: string): Evaluate {
  if (typeof node === 'string') return compileText(node, pointer);
  if (Array.isArray(node)) return compileList(node, pointer);
  if (typeof node === 'object' && node !== null) return compileObject(node, pointer);
  return async () => node;
}
