import type { ExceptionView, Store } from '../engine';
import { FinanceError } from '../errors';
import { configOf, storeOf } from '../runtime';
import { COMMON, readOptions } from './arguments';

const USAGE =
  'Say: ledgerway exceptions list [--entity KEY], or retry | skip | reject DOCUMENT --actor NAME --reason TEXT [--latest-mapping] [--effects-kept]';

type Decide = (store: Store, decision: Decision) => Promise<void>;
interface Decision {
  documentId: string;
  actor: string;
  reason: string;
  latest: boolean;
  kept: boolean;
}

const DECISIONS: Record<string, Decide> = {
  retry: (store, { latest, kept: _kept, ...decision }) =>
    store.replay({ ...decision, mapping: latest ? 'latest' : 'pinned' }),
  skip: dismissAs('skipped'),
  reject: dismissAs('rejected'),
};

function dismissAs(outcome: 'skipped' | 'rejected'): Decide {
  return (store, { documentId, actor, reason, kept }) =>
    store.dismiss({ documentId, actor, reason, outcome, ...(kept ? { effects: 'kept' as const } : {}) });
}

/**
 * `ledgerway exceptions`: what is held, and a person's decision about it, with name and reason. The list only reads;
 * a decision needs the store: on SQLite the runtime must be stopped (STORE_OWNED), on Postgres it may run.
 */
export async function exceptions(args: string[]): Promise<number> {
  const { values, positionals } = readOptions(args, {
    ...COMMON,
    entity: { type: 'string' },
    actor: { type: 'string' },
    reason: { type: 'string' },
    'latest-mapping': { type: 'boolean' },
    'effects-kept': { type: 'boolean' },
  });
  const [verb = 'list', documentId = ''] = positionals;
  const config = configOf(values);
  if (verb === 'list') return await list(await storeOf(config, true), values);
  const decide = DECISIONS[verb];
  const { actor, reason } = values;
  if (!decide || !documentId || !actor?.trim() || !reason?.trim())
    throw new FinanceError('CONFIG_INVALID', { message: USAGE });
  const store = await storeOf(config);
  try {
    const latest = values['latest-mapping'] === true;
    await decide(store, { documentId, actor, reason, latest, kept: values['effects-kept'] === true });
    const { state, outcome } = await store.documentRow({ documentId });
    console.log(
      values.json ? JSON.stringify({ documentId, state, outcome }) : `${documentId} is ${outcome ?? state}.`,
    );
    return 0;
  } finally {
    await store.close();
  }
}

async function list(store: Store, { entity, json }: { entity?: string; json?: boolean }): Promise<number> {
  try {
    const open = await store.exceptions({ entity, limit: 10_000 });
    if (json) console.log(JSON.stringify({ exceptions: open }));
    else for (const exception of open) console.log(lineOf(exception));
    return 0;
  } finally {
    await store.close();
  }
}

function lineOf({ document_id, entity, code, amount, currency, owner, cause, hint }: ExceptionView): string {
  const money = amount ? `${amount} ${currency}` : '-';
  return `${document_id}  ${entity || '(no entity)'}  ${code}  ${money}  ${owner ?? '-'}\n    ${cause} ${hint}`;
}
