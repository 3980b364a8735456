import { ACTION_CODE, installAction as install, removeAction } from '../../connectors/odoo';
import { readOptions } from '../arguments';
import { administrator, connectionOf, PLACE } from './connection';

/**
 * `ledgerway odoo install-action`: puts the server action into Odoo that creates and posts a move in one transaction,
 * or brings it to the present code; `--remove` takes it away. Without `--yes` it only shows what it would install: the
 * code runs in Odoo with the rights of who posts. Exit code 0 only where the change was made.
 */
export async function installAction(args: string[]): Promise<number> {
  const { values, positionals } = readOptions(args, {
    ...PLACE,
    yes: { type: 'boolean' },
    remove: { type: 'boolean' },
  });
  const connection = connectionOf(positionals[0], values);
  const { url, database } = connection.options();
  const say = (result: object, words: string): void =>
    console.log(values.json ? JSON.stringify({ url, database, ...result }) : words);
  if (!values.yes) {
    const code = values.remove ? undefined : ACTION_CODE;
    const deed = values.remove ? 'would be removed' : `would be installed:\n\n${ACTION_CODE}`;
    say(
      { done: false, code },
      `At ${url}, database ${database}, this server action ${deed}\nSay --yes to do it.`,
    );
    return 1;
  }
  const admin = administrator(connection, values);
  try {
    if (values.remove) {
      const actionId = await removeAction(admin);
      say(
        { done: true, removed: actionId ?? null },
        actionId ? `Removed: ${actionId}.` : 'It was not installed.',
      );
      return 0;
    }
    const actionId = await install(admin);
    say({ done: true, actionId }, `Installed as ${actionId}: name it in the odoo post nodes.`);
    return 0;
  } finally {
    admin.close();
  }
}
