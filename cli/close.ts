import type { OpenRow, Store } from '../engine';
import { FinanceError, type StoredError } from '../errors';
import {
  type CanonicalDocument,
  type CloseGate,
  closeGate,
  headlineOf,
  type OpenDocument,
  type OpenState,
  periodOf,
} from '../finance';
import { configOf, deployedEntity, storeOf } from '../runtime';
import { COMMON, readOptions } from './arguments';

const USAGE = 'Say: ledgerway close ENTITY PERIOD, e.g. ledgerway close acme_de 2026-10';
const PAGE = 1_000;

/**
 * `ledgerway close`: what holds up the close of an entity's period – held, in doubt, in flight – with amounts. It only
 * reads and may run beside the runtime. Exit code 0 only where nothing is open.
 */
export async function close(args: string[]): Promise<number> {
  const { values, positionals } = readOptions(args, COMMON);
  const [entity, text] = positionals;
  if (!entity || !text) throw new FinanceError('CONFIG_INVALID', { message: USAGE });
  const period = periodOf(text);
  const config = configOf(values);
  const store = await storeOf(config, true);
  try {
    // a key that nobody knows is misspelt: nothing would be open for it
    if ((await store.documents({ entity, limit: 1 })).length === 0) deployedEntity(config.dataDir, entity);
    const gate = closeGate(period, await openOf(store, entity));
    if (values.json) console.log(JSON.stringify({ entity, ...gate }));
    else console.log(gateInWords(entity, gate));
    return gate.clear ? 0 : 1;
  } finally {
    await store.close();
  }
}

async function openOf(store: Store, entity: string): Promise<OpenDocument[]> {
  const open: OpenDocument[] = [];
  for (let after = 0; ; ) {
    const page = await store.openDocuments({ entity, after, limit: PAGE });
    open.push(...page.map(openDocument));
    if (page.length < PAGE) return open;
    after = page.at(-1)!.seq;
  }
}

/** What a document has not told the store itself, its canonical body says. */
function openDocument(row: OpenRow): OpenDocument {
  const { id, entity, kind, text } = row;
  const known = text === null ? {} : headlineOf(JSON.parse(text) as CanonicalDocument);
  const error = row.error === null ? undefined : (JSON.parse(row.error) as StoredError);
  const state = stateOf(row, error);
  const date = row.date ?? known.date;
  const amount = row.amount ?? known.amount;
  const currency = row.currency ?? known.currency;
  const number = row.number ?? known.number;
  return {
    id,
    entity,
    kind,
    state,
    ...(date && { date }),
    ...(amount && { amount }),
    ...(currency && { currency }),
    ...(number && { number }),
    ...(error && { code: error.code, cause: error.message }),
  };
}

/** A step that somebody works on now is on its way; one that nobody works on is in doubt. */
function stateOf({ state, in_doubt }: OpenRow, error: StoredError | undefined): OpenState {
  if (state !== 'leased' && (Number(in_doubt) === 1 || error?.kind === 'in_doubt')) return 'in_doubt';
  return state === 'held' ? 'held' : 'in_flight';
}

const WORDS: Record<OpenState, string> = { held: 'held', in_doubt: 'in doubt', in_flight: 'in flight' };

function gateInWords(entity: string, { period, clear, open, earlier, undated, totals }: CloseGate): string {
  const span = `${entity} ${period.from} to ${period.to}`;
  if (clear) return `${span}: clear to close.`;
  const list = (title: string, documents: OpenDocument[]): string[] =>
    documents.length === 0 ? [] : ['', `${title}:`, ...documents.map(lineOf)];
  return [
    `${span}: not clear.`,
    ...totals.map(
      ({ state, count, amount, currency }) =>
        `  ${WORDS[state]}: ${count} ${count === 1 ? 'document' : 'documents'}, ${currency ? `${amount} ${currency}` : 'amount not known'}`,
    ),
    ...list('Of the period', open),
    ...list('Of earlier periods', earlier),
    ...list('Of a day that nobody knows yet', undated),
  ].join('\n');
}

function lineOf({
  id,
  entity,
  kind,
  number,
  date,
  state,
  amount,
  currency,
  code,
  cause,
}: OpenDocument): string {
  const money = amount ? `${amount} ${currency ?? ''}`.trim() : '-';
  const what = [id, entity || '(no entity)', kind, number ?? '-', date ?? '-', WORDS[state], money].join(
    '  ',
  );
  return code ? `  ${what}\n      ${code}: ${cause}` : `  ${what}`;
}
