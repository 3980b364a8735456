import type { ExceptionView, Proposal, Store } from '../engine';
import { FinanceError } from '../errors';
import { configOf, limitsOf, storeOf } from '../runtime';
import { COMMON, readOptions } from './arguments';

const USAGE = `Say: ledgerway exceptions list [--entity KEY] | proposals
or, with --actor NAME --reason TEXT:
  retry | skip | reject DOCUMENT [--latest-mapping] [--from STEP | --not-done] [--effects-kept]
  approve | refuse PROPOSAL
  assign EXCEPTION --owner NAME | comment EXCEPTION (the reason is the comment)`;

const OPTIONS = {
  ...COMMON,
  entity: { type: 'string' },
  actor: { type: 'string' },
  reason: { type: 'string' },
  owner: { type: 'string' },
  from: { type: 'string' },
  'latest-mapping': { type: 'boolean' },
  'effects-kept': { type: 'boolean' },
  'not-done': { type: 'boolean' },
} as const;

type Values = ReturnType<typeof readOptions<typeof OPTIONS>>['values'];

interface Said {
  /** Document, proposal or exception. */
  id: string;
  actor: string;
  reason: string;
  values: Values;
}

/** What became of it: facts for `--json`, and in words. */
interface Result {
  facts: object;
  words: string;
}

const VERBS: Record<string, (store: Store, said: Said) => Promise<Result>> = {
  retry: (store, said) => decide(store, said, 'retry'),
  skip: (store, said) => decide(store, said, 'skip'),
  reject: (store, said) => decide(store, said, 'reject'),
  approve,
  refuse: async (store, { id: proposalId, actor, reason }) => {
    await store.refuse({ proposalId, actor, reason });
    return { facts: { proposalId, state: 'refused' }, words: `${proposalId} is refused.` };
  },
  assign: async (store, { id: exceptionId, actor, values: { owner } }) => {
    await store.assign({ exceptionId, actor, owner: owner ?? null });
    return {
      facts: { exceptionId, owner },
      words: `${exceptionId} is ${owner ? `${owner}’s` : 'nobody’s'}.`,
    };
  },
  comment: async (store, { id: exceptionId, actor, reason }) => {
    const { commentId } = await store.comment({ exceptionId, actor, text: reason });
    return { facts: { exceptionId, commentId }, words: 'The comment is kept.' };
  },
};

/**
 * `ledgerway exceptions`: what is held, and a person's decision about it, with name and reason. Above the limits of
 * LEDGERWAY_APPROVAL_ABOVE a decision is proposed, and another person approves it. The lists only read; a decision
 * needs the store: on SQLite the runtime must be stopped (STORE_OWNED), on Postgres it may run.
 */
export async function exceptions(args: string[]): Promise<number> {
  const { values, positionals } = readOptions(args, OPTIONS);
  const [verb = 'list', id = ''] = positionals;
  const config = configOf(values);
  if (verb === 'list' || verb === 'proposals') {
    const show = verb === 'list' ? list : listProposals;
    return await using(await storeOf(config, true), (store) => show(store, values));
  }
  const { actor, reason } = values;
  const act = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (!act || !id || !actor?.trim() || !reason?.trim())
    throw new FinanceError('CONFIG_INVALID', { message: USAGE });
  return await using(await storeOf(config), async (store) => {
    const { facts, words } = await act(store, { id, actor, reason, values });
    console.log(values.json ? JSON.stringify(facts) : words);
  });
}

async function using(store: Store, work: (store: Store) => Promise<void>): Promise<number> {
  try {
    await work(store);
    return 0;
  } finally {
    await store.close();
  }
}

async function decide(
  store: Store,
  { id: documentId, actor, reason, values }: Said,
  action: 'retry' | 'skip' | 'reject',
): Promise<Result> {
  const kept = values['effects-kept'] ? { effects: 'kept' as const } : {};
  const mapping = values['latest-mapping'] ? 'latest' : 'pinned';
  const act =
    action === 'retry'
      ? ({ action, mapping, from: values.from, notDone: values['not-done'] } as const)
      : { action, ...kept };
  const limits = await limitsOf(store);
  const decided = await store.decide({ documentId, actor, reason, act, limits, mayApprove: true });
  if (decided.status === 'proposed') return await waits(store, documentId, decided.proposalId);
  return await stateOf(store, documentId);
}

async function waits(store: Store, documentId: string, proposalId: string): Promise<Result> {
  const { state, outcome } = await store.documentRow({ documentId });
  const words = `${documentId} waits for a second person: ledgerway exceptions approve ${proposalId}`;
  return { facts: { documentId, state, outcome, proposalId }, words };
}

async function approve(store: Store, { id: proposalId, actor, reason }: Said): Promise<Result> {
  const { act, versions } = await store.proposal({ proposalId });
  if (versions || act.action === 'link')
    throw new FinanceError('STORE_STATE', {
      message: `The proposal ${proposalId} wants a look at the mappings or the target: approve it in the console.`,
    });
  const { status, documentId } = await store.approve({ proposalId, actor, reason });
  if (status === 'void') throw new FinanceError('DECISION_VOID', { documentId });
  return await stateOf(store, documentId);
}

async function stateOf(store: Store, documentId: string): Promise<Result> {
  const { state, outcome } = await store.documentRow({ documentId });
  return { facts: { documentId, state, outcome }, words: `${documentId} is ${outcome ?? state}.` };
}

async function list(store: Store, { entity, json }: Values): Promise<void> {
  const open = await store.exceptions({ entity, limit: 10_000 });
  if (json) console.log(JSON.stringify({ exceptions: open }));
  else for (const exception of open) console.log(lineOf(exception));
}

async function listProposals(store: Store, { entity, json }: Values): Promise<void> {
  const entities = entity === undefined ? undefined : [entity];
  const open = await store.proposals({ state: 'open', entities, limit: 10_000 });
  if (json) console.log(JSON.stringify({ proposals: open }));
  else for (const proposal of open) console.log(proposalLine(proposal));
}

function lineOf(exception: ExceptionView): string {
  const { document_id, entity, code, owner, cause, hint } = exception;
  const head = `${document_id}  ${entity || '(no entity)'}  ${code}  ${money(exception)}  ${owner ?? '-'}`;
  return printable(head, `${cause} ${hint}`);
}

function proposalLine(proposal: Proposal): string {
  const { id, document_id, kind, author, reason, current } = proposal;
  const stale = current ? '' : '  (void: the document changed)';
  return printable(`${id}  ${kind} ${document_id}  ${money(proposal)}  ${author}${stale}`, reason);
}

/** Causes quote what strangers sent: nothing of it may steer the terminal. */
const printable = (...lines: string[]): string =>
  lines.map((line) => line.replaceAll(/\p{C}/gu, ' ')).join('\n    ');

function money({ amount, currency }: { amount: string | null; currency: string | null }): string {
  return amount ? `${amount} ${currency}` : '-';
}
