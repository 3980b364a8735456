import { text } from 'node:stream/consumers';
import { FinanceError } from '../errors';
import { hashPassword } from '../runtime';
import { COMMON, readOptions } from './arguments';

/** Shorter passwords are refused. */
const SHORTEST = 12;

/**
 * `ledgerway user hash`: reads a password from standard input and prints its salted scrypt hash, for the file that
 * `LEDGERWAY_USERS` names. The password itself is kept nowhere.
 */
export async function user(args: string[]): Promise<number> {
  const { values, positionals } = readOptions(args, COMMON);
  if (positionals[0] !== 'hash')
    throw new FinanceError('CONFIG_INVALID', { message: 'Say: ledgerway user hash < password' });
  const password = (await text(process.stdin)).replace(/\r?\n$/, '');
  if (password.length < SHORTEST)
    throw new FinanceError('CONFIG_INVALID', {
      message: `A password of at least ${SHORTEST} characters is read from standard input.`,
    });
  const scryptHash = await hashPassword(password);
  console.log(values.json ? JSON.stringify({ scryptHash }) : scryptHash);
  return 0;
}
