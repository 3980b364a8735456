import { type ParseArgsConfig, parseArgs } from 'node:util';
import { FinanceError } from '../errors';

/** Options of every command that starts something. */
export const COMMON = {
  data: { type: 'string' },
  port: { type: 'string' },
  host: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsConfig['options'];

/**
 * Options of a command line.
 * @throws CONFIG_INVALID naming the option that is not known
 */
export function readOptions<Options extends NonNullable<ParseArgsConfig['options']>>(
  args: string[],
  options: Options,
) {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: true });
  } catch (error) {
    throw new FinanceError('CONFIG_INVALID', { message: (error as Error).message, cause: error });
  }
}

/**
 * A whole number option.
 * @throws CONFIG_INVALID where it is none, or below `least`
 */
export function wholeNumber(name: string, text: string | undefined, fallback: number, least = 0): number {
  const value = text === undefined ? fallback : Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new FinanceError('CONFIG_INVALID', {
      message: `--${name} wants a whole number of at least ${least}, not "${text}".`,
    });
  return value;
}
