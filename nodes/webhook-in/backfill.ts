import { backfillEvents } from '../../connectors/webhooks';
import type { Host, Store } from '../../engine';
import { isFinanceError } from '../../errors';
import type { WebhookRules } from './config';
import { receivedOf, unreadable } from './intake';

export interface BackfillInput {
  host: Host;
  store: Store;
  rules: WebhookRules;
  url: string;
  apiKey: string;
  signal: AbortSignal;
}

/** How many event types one question of the list may name. */
const MOST_TYPES = 20;

/**
 * Receives the events that webhooks missed, account by account. The cursor moves in the transaction that stores the
 * event, so a crash in between repeats nothing and leaves nothing out.
 * @returns how many documents are new
 * @throws FinanceError of the source and of the store; the cursor stays where it is
 */
export async function backfill(input: BackfillInput): Promise<number> {
  const accounts = new Set(input.rules.routes.map(({ account }) => account));
  let received = 0;
  for (const account of accounts) received += await backfillAccount(input, account);
  return received;
}

async function backfillAccount(input: BackfillInput, account: string | undefined): Promise<number> {
  const name = `backfill/${input.rules.system}/${account ?? ''}`;
  const cursor = await input.store.getCursor({ name });
  try {
    return await receiveFrom(input, account, name, cursor);
  } catch (error) {
    // the source has forgotten the event that the cursor names: what is here already counts as delivered again
    if (!isFinanceError(error) || error.code !== 'SOURCE_CURSOR_LOST') throw error;
    return await receiveFrom(input, account, name, undefined);
  }
}

async function receiveFrom(
  { host, store, rules, url, apiKey, signal }: BackfillInput,
  account: string | undefined,
  name: string,
  cursor: string | undefined,
): Promise<number> {
  const types = [...rules.kinds.keys()];
  const events = backfillEvents({
    baseUrl: url,
    apiKey,
    account,
    cursor,
    types: types.length > 0 && types.length <= MOST_TYPES ? types : undefined,
    signal,
  });
  let received = 0;
  for await (const { event, rawBody, cursor: value } of events) {
    if (signal.aborted || host.paused) break;
    const input = isFinanceError(event)
      ? unreadable(event, rawBody, 'application/json', rules)
      : receivedOf(event, rawBody, rules, 'backfill');
    const { status } = await store.receive({ ...input, fetched: true, cursor: { name, value } });
    if (status !== 'duplicate') received++;
  }
  return received;
}
