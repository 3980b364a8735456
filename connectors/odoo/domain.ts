import { FinanceError } from '../../errors';
import { Budget, compileExpression } from '../../finance/expression';

/** A whole domain of Odoo, with its operators: `['|', ['a', '=', 1], ['b', '=', 2]]`. */
export type FullDomain = readonly unknown[];

const wrong = (what: string): FinanceError =>
  new FinanceError('MAP_EXPRESSION', { message: `The domain ${what}.`, details: { pointer: 'domain' } });

/** How many terms an operator takes. */
const TERMS: Readonly<Record<string, number>> = { '|': 2, '&': 2, '!': 1 };

/**
 * Holds a value to the form of a domain. An expression whose value is missing leaves a condition of two parts, which
 * Odoo would take for something else.
 * @throws FinanceError MAP_EXPRESSION
 */
export function readDomain(value: unknown): FullDomain {
  if (!Array.isArray(value)) throw wrong('is not a list of conditions');
  let missing = 0;
  for (const [index, term] of value.entries()) {
    const terms = typeof term === 'string' ? TERMS[term] : 0;
    const isTerm = terms !== 0 || (Array.isArray(term) && isCondition(term));
    if (terms === undefined || !isTerm) throw wrong(`is wrong at its term ${index + 1}`);
    missing = Math.max(0, missing - 1) + terms;
  }
  if (missing > 0) throw wrong('lacks a condition behind its last operator');
  return value;
}

const isCondition = ([field, operator, value, ...more]: unknown[]): boolean =>
  (typeof field === 'string' || field === 0 || field === 1) &&
  typeof operator === 'string' &&
  value !== undefined &&
  more.length === 0;

/**
 * Compiles a domain: JSON, or JSONata where a value comes from outside – `[["ref", "=", payload.id]]`. A list as a
 * value stands in brackets of its own, `["id", "in", [payload.ids]]`, since JSONata flattens lists.
 * @throws FinanceError MAP_EXPRESSION on a syntax error, and when it gives no domain
 */
export function domainOf(source: string): (input: unknown) => Promise<FullDomain> {
  const expression = compileExpression(source.trim() || '[]', 'domain');
  return async (input) => {
    const value = await expression(input, {}, new Budget(Date.now()));
    return readDomain(value === undefined ? value : JSON.parse(JSON.stringify(value)));
  };
}
