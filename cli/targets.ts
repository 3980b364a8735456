import { FinanceError } from '../errors';
import { configOf, storeOf } from '../runtime';
import { COMMON, readOptions } from './arguments';

const USAGE = 'Say: ledgerway targets list, or pause | resume TARGET --actor NAME --reason TEXT';

/**
 * `ledgerway targets`: the outside systems that an operator paused, and the decision to pause or resume one. Steps at
 * a paused target wait; documents lose nothing. On SQLite the runtime must be stopped for a decision (STORE_OWNED).
 */
export async function targets(args: string[]): Promise<number> {
  const { values, positionals } = readOptions(args, {
    ...COMMON,
    actor: { type: 'string' },
    reason: { type: 'string' },
  });
  const [verb = 'list', target = ''] = positionals;
  const { actor, reason } = values;
  const decides = verb === 'pause' || verb === 'resume';
  if (verb !== 'list' && !(decides && target && actor?.trim() && reason?.trim()))
    throw new FinanceError('CONFIG_INVALID', { message: USAGE });
  const store = await storeOf(configOf(values), !decides);
  try {
    if (decides)
      await store.pauseTarget({ target, paused: verb === 'pause', actor: actor!, reason: reason! });
    const known = await store.targets();
    if (values.json) console.log(JSON.stringify({ targets: known }));
    else for (const one of known) console.log(Object.values(one).join('  '));
    return 0;
  } finally {
    await store.close();
  }
}
