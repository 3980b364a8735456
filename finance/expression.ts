import jsonata from 'jsonata';
import { FinanceError, isFinanceError } from '../errors';
import { BoundedRegExp } from './bounded-regexp';

/** Variables and functions that an expression sees, by name without `$`. */
export type Scope = Record<string, unknown>;

export interface Limits {
  /** Evaluated syntax nodes over a whole document. */
  steps: number;
  /** Wall time over a whole document. */
  milliseconds: number;
}

export const DEFAULT_LIMITS: Limits = { steps: 1_000_000, milliseconds: 10_000 };

const DEEPEST = 500;
const LONGEST_SEQUENCE = 100_000;
/** After so many steps other work gets its turn. */
const BREATH = 5_000;

/** What one document may spend in all its expressions, and the instant that is its "now". */
export class Budget {
  #steps = 0;
  readonly #deadline: number;

  constructor(
    readonly now: number,
    readonly limits: Limits = DEFAULT_LIMITS,
  ) {
    this.#deadline = performance.now() + limits.milliseconds;
  }

  /** Counts one step; a promise now and then, so that the event loop breathes. */
  spend(): Promise<void> | undefined {
    this.#steps += 1;
    if (this.#steps > this.limits.steps) throw new Error(`it takes more than ${this.limits.steps} steps`);
    if (this.#steps % BREATH !== 0) return undefined;
    if (performance.now() > this.#deadline)
      throw new Error(`it takes more than ${this.limits.milliseconds} ms`);
    return new Promise((resolve) => setImmediate(resolve));
  }
}

/** Holds a space, so that no expression can name it. */
const BUDGET = 'ledgerway budget';
const ENTRY = Symbol.for('jsonata.__evaluate_entry');

/** jsonata asks its entry hook before each syntax node. The time stamp it fills dates from is the document's. */
function onEntry(
  _node: unknown,
  _input: unknown,
  environment: jsonata.Environment,
): Promise<void> | undefined {
  const budget = environment.lookup(BUDGET) as Budget;
  environment.timestamp.setTime(budget.now);
  return budget.spend();
}

function failed(where: string, cause: unknown): FinanceError {
  const said = cause as { message?: unknown; code?: unknown; position?: unknown };
  const place = typeof said?.position === 'number' ? ` (at character ${said.position})` : '';
  return new FinanceError('MAP_EXPRESSION', {
    message: `The expression at ${where} failed: ${typeof said?.message === 'string' ? said.message : String(cause)}${place}.`,
    details: { pointer: where, ...(typeof said?.code === 'string' ? { code: said.code } : {}) },
    cause,
  });
}

/** The scope as far as an expression names it: jsonata copies every binding that it is given. */
function namedIn(source: string): (scope: Scope) => Scope {
  const names = [
    ...new Set(
      Array.from(source.matchAll(/\$([^\s$()[\]{}.,;:?!+\-*/%|=<>^&@#~"'`]+)/g), ([, name]) => name!),
    ),
  ];
  return (scope) => {
    const named: Scope = Object.create(null);
    for (const name of names) if (name in scope) named[name] = scope[name];
    return named;
  };
}

/** A scope with more in it; the outer one is seen through it, not copied. */
export const widen = (scope: Scope, more: Scope): Scope => Object.assign(Object.create(scope), more);

export type Expression = (input: unknown, scope: Scope, budget: Budget) => Promise<unknown>;

/**
 * Compiles a JSONata expression. It runs under limits of steps, time, depth and size; everything that goes wrong in
 * it is a MAP_EXPRESSION that names `where`, and a FinanceError of a function passes as it is.
 * @param where JSON pointer of the expression in its mapping
 * @throws FinanceError MAP_EXPRESSION on a syntax error
 */
export function compileExpression(source: string, where: string): Expression {
  let compiled: jsonata.Expression;
  try {
    compiled = jsonata(source, {
      RegexEngine: BoundedRegExp as RegExpConstructor,
      stack: DEEPEST,
      sequence: LONGEST_SEQUENCE,
    });
  } catch (cause) {
    throw failed(where, cause);
  }
  compiled.assign(ENTRY as unknown as string, onEntry);
  const bindings = namedIn(source);
  return async (input, scope, budget) => {
    try {
      return await compiled.evaluate(input, Object.assign(bindings(scope), { [BUDGET]: budget }));
    } catch (cause) {
      throw isFinanceError(cause) ? cause : failed(where, cause);
    }
  };
}
