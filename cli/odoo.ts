import { FinanceError } from '../errors';
import { adopt } from './odoo/adopt';
import { check } from './odoo/check';
import { installAction } from './odoo/install-action';

const COMMANDS: Record<string, (args: string[]) => Promise<number>> = {
  check,
  adopt,
  'install-action': installAction,
};

/** `ledgerway odoo`: what concerns a connection to an Odoo, as the deployed flows name it. */
export async function odoo([verb = '', ...args]: string[]): Promise<number> {
  const command = COMMANDS[verb];
  if (command) return await command(args);
  throw new FinanceError('CONFIG_INVALID', {
    message: `Say: ledgerway odoo ${Object.keys(COMMANDS).join(' | ')} CONNECTION.`,
  });
}
