import type { Value } from '../core/value';

/** A body that Python's `json` would refuse, with its words. */
export class JsonRefused extends Error {}

/**
 * JSON as the server parses it; a member named `__proto__` is refused, since it would change an object's prototype
 * on its way.
 */
export function parseJson(text: string): Value {
  try {
    const value = JSON.parse(text) as Value;
    if (text.includes('__proto__') && hasPrototype(value))
      throw new JsonRefused('a member may not be named __proto__');
    return value;
  } catch (error) {
    if (error instanceof JsonRefused) throw error;
    if (/^\{\s*[^\s"}]/.test(text))
      throw new JsonRefused('Expecting property name enclosed in double quotes: line 1 column 2 (char 1)');
    throw new JsonRefused('Expecting value: line 1 column 1 (char 0)');
  }
}

function hasPrototype(value: Value): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(hasPrototype);
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(hasPrototype);
}
