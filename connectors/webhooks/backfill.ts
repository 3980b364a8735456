import Ajv from 'ajv';
import { FinanceError, toFinanceError } from '../../errors';
import { exchange, type HttpAnswer, readJson } from '../http';
import { parseEvent, readerOf, type SourceEvent } from './events';

export interface BackfillOptions {
  /** `https://api.stripe.com` or a stand-in. */
  baseUrl: string;
  /** Secret or restricted key with the right to read events. */
  apiKey: string;
  /** A connected account (`Stripe-Account`). */
  account?: string;
  /** Id of the last event that was stored; without it everything that the source still has is read (30 days). */
  cursor?: string;
  /** Types to ask for, at most 20; all where left out. */
  types?: string[];
  /** 1 to 100 */
  pageSize?: number;
  /** For one page. */
  timeoutMs?: number;
  signal?: AbortSignal;
  fetch?: typeof fetch;
}

export interface BackfilledEvent {
  /** The event, or what is wrong with it (SOURCE_EVENT_INVALID): one bad event does not stop the others. */
  event: SourceEvent | FinanceError;
  /** The event as JSON, as the webhook would have brought it. */
  rawBody: Buffer;
  /** To be kept in the transaction that stores the event: the backfill goes on behind it. */
  cursor: string;
}

interface Page {
  /** Newest first. */
  data: { id: string }[];
  has_more: boolean;
}

const isPage = new Ajv().compile<Page>({
  type: 'object',
  required: ['data', 'has_more'],
  properties: {
    data: {
      type: 'array',
      items: { type: 'object', required: ['id'], properties: { id: { type: 'string', minLength: 1 } } },
    },
    has_more: { type: 'boolean' },
  },
});

const readStripe = readerOf('stripe');

/**
 * The events that webhooks missed, oldest first, from Stripe's list of events (`GET /v1/events`, newest first,
 * docs.stripe.com/api/events/list). It keeps one page in memory.
 *
 * @throws FinanceError SOURCE_UNAVAILABLE (with kind `throttled` for 429), SOURCE_UNAUTHORIZED, SOURCE_CURSOR_LOST,
 * SOURCE_EVENT_INVALID where the list itself is not of the agreed shape
 */
export async function* backfillEvents(
  options: BackfillOptions,
): AsyncGenerator<BackfilledEvent, void, undefined> {
  let page = options.cursor
    ? await fetchPage(options, { ending_before: options.cursor })
    : await oldestPage(options);
  for (;;) {
    for (const item of page.data.toReversed()) yield eventOf(item, options.account);
    const newest = page.data[0];
    if (!newest) return;
    page = await fetchPage(options, { ending_before: newest.id });
  }
}

/** Walks down to the end of the list: only there does the oldest event stand. */
async function oldestPage(options: BackfillOptions): Promise<Page> {
  let page = await fetchPage(options, {});
  while (page.has_more && page.data.length > 0)
    page = await fetchPage(options, { starting_after: page.data[page.data.length - 1]!.id });
  return page;
}

async function fetchPage(options: BackfillOptions, place: Record<string, string>): Promise<Page> {
  const url = new URL('/v1/events', options.baseUrl);
  const query = { limit: String(options.pageSize ?? 100), ...place };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  for (const type of options.types ?? []) url.searchParams.append('types[]', type);
  const headers: Record<string, string> = {
    authorization: `Bearer ${options.apiKey}`,
    accept: 'application/json',
  };
  if (options.account) headers['stripe-account'] = options.account;
  const { timeoutMs = 30_000, signal } = options;
  const answer = await exchange(
    {
      method: 'GET',
      url: url.href,
      headers,
      timeoutMs,
      signal,
      fetch: options.fetch,
      maxAnswerBytes: 64 * 1024 * 1024,
    },
    { unreachable: 'SOURCE_UNAVAILABLE', unknown: 'SOURCE_UNAVAILABLE' },
  );
  if (answer.status !== 200) throw refusal(answer, 'ending_before' in place);
  const page = readJson(answer.body, 'SOURCE_EVENT_INVALID');
  if (isPage(page)) return page;
  throw new FinanceError('SOURCE_EVENT_INVALID', {
    message: 'The list of events is not of the agreed shape.',
  });
}

function refusal({ status, retryAfterMs }: HttpAnswer, behindCursor: boolean): FinanceError {
  const message = `The list of events answered HTTP ${status}.`;
  if (status === 401 || status === 403) return new FinanceError('SOURCE_UNAUTHORIZED', { message });
  if (status === 429)
    return new FinanceError('SOURCE_UNAVAILABLE', { kind: 'throttled', message, retryAfterMs });
  if (status >= 500) return new FinanceError('SOURCE_UNAVAILABLE', { message, retryAfterMs });
  if (behindCursor) return new FinanceError('SOURCE_CURSOR_LOST', { message });
  return new FinanceError('SOURCE_UNAVAILABLE', { kind: 'invalid', message });
}

function eventOf(item: { id: string }, account?: string): BackfilledEvent {
  // A list that was asked for one connected account need not repeat its name in each event.
  const complete = account && !('account' in item) ? { ...item, account } : item;
  const rawBody = Buffer.from(JSON.stringify(complete));
  return { event: readOrRefuse(rawBody), rawBody, cursor: item.id };
}

function readOrRefuse(rawBody: Buffer): SourceEvent | FinanceError {
  try {
    return parseEvent(readStripe, rawBody);
  } catch (error) {
    return toFinanceError(error);
  }
}
