import { FinanceError } from '../../errors';
import { hashOf } from '../../finance/canonical';
import type { TaxDecision } from '../../finance/documents';
import { exchange, type HttpAnswer, readJson } from '../http';
import type { TaxCall, TaxEngine } from './engine';
import { decisionOf, readAnswer, requestOf } from './wire';

export interface HttpJsonOptions {
  /** `v1/transactions/…` comes behind it. */
  baseUrl: string;
  apiKey: string;
  /** 20 s where left out. */
  timeoutMs?: number;
  /** Name of the engine in decisions; `http-json` where left out. */
  name?: string;
  fetch?: typeof fetch;
}

type Operation = 'quote' | 'commit' | 'adjust' | 'void';

/** What the service says, if it says it as agreed; cut, since it goes into messages. */
function messageIn({ body, status }: HttpAnswer): string {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: unknown } };
    if (typeof error?.message === 'string') return error.message.slice(0, 500);
  } catch {
    // an answer without a message is told by its status
  }
  return `The tax service answered HTTP ${status}.`;
}

function refusal(answer: HttpAnswer, writes: boolean): FinanceError {
  const { status, retryAfterMs } = answer;
  const message = `The tax service answered HTTP ${status}.`;
  if (status === 401 || status === 403) return new FinanceError('TAX_UNAUTHORIZED', { message });
  if (status === 409) return new FinanceError('TAX_CONFLICT', { message: messageIn(answer) });
  if (status === 429)
    return new FinanceError('TAX_UNAVAILABLE', { kind: 'throttled', message, retryAfterMs });
  // Who answers so may have passed the request on: a proxy's 502 comes after a commit as well.
  if (writes && (status === 408 || status >= 500)) return new FinanceError('TAX_TIMEOUT', { message });
  if (status === 408 || status >= 500) return new FinanceError('TAX_UNAVAILABLE', { message, retryAfterMs });
  if (status === 400 || status === 404 || status === 422)
    return new FinanceError('TAX_REJECTED', { message: messageIn(answer) });
  return new FinanceError('TAX_BAD_ANSWER', { message });
}

/**
 * A tax service with a JSON API: `POST v1/transactions/quote|commit|adjust|void`, `GET v1/transactions/:code`, bearer
 * key; the code is the idempotency key.
 *
 * A commit, adjust or void without an answer throws TAX_TIMEOUT (in doubt): ask `lookup`, then send it again, which the
 * service takes for the same. Errors: TAX_UNAVAILABLE, TAX_UNAUTHORIZED, TAX_REJECTED, TAX_CONFLICT, TAX_BAD_ANSWER.
 */
export function httpJson(options: HttpJsonOptions): TaxEngine {
  const { apiKey, timeoutMs = 20_000, name = 'http-json' } = options;
  const base = options.baseUrl.endsWith('/') ? options.baseUrl : `${options.baseUrl}/`;
  if (!URL.canParse(base))
    throw new FinanceError('CONFIG_INVALID', { message: 'The address of the tax service is not valid.' });
  if (!apiKey)
    throw new FinanceError('CONFIG_SECRET_MISSING', { message: 'The key of the tax service is not set.' });
  const url = (path: string) => new URL(`v1/transactions/${path}`, base).href;
  const headers = {
    authorization: `Bearer ${apiKey}`,
    accept: 'application/json',
    'content-type': 'application/json',
  };

  const read = (answer: HttpAnswer, call: TaxCall): TaxDecision =>
    decisionOf(readAnswer(readJson(answer.body, 'TAX_BAD_ANSWER'), call), call, name);

  const post = async (operation: Operation, call: TaxCall): Promise<TaxDecision> => {
    const writes = operation !== 'quote';
    const request = requestOf(call);
    const body = JSON.stringify({
      ...(writes && { code: call.code }),
      reference: hashOf(request),
      ...request,
    });
    const errors = {
      unreachable: 'TAX_UNAVAILABLE',
      unknown: writes ? 'TAX_TIMEOUT' : 'TAX_UNAVAILABLE',
    } as const;
    const answer = await exchange(
      { method: 'POST', url: url(operation), headers, body, timeoutMs, fetch: options.fetch },
      errors,
    );
    if (answer.status !== 200 && answer.status !== 201) throw refusal(answer, writes);
    return read(answer, call);
  };

  return {
    name,
    keepsRecords: true,
    quote: (call) => post('quote', call),
    commit: (call) => post('commit', call),
    adjust: (call) => post('adjust', call),
    void: (call) => post('void', call),

    async lookup(call) {
      const request = {
        method: 'GET',
        url: url(encodeURIComponent(call.code)),
        headers,
        timeoutMs,
        fetch: options.fetch,
      } as const;
      const answer = await exchange(request, { unreachable: 'TAX_UNAVAILABLE', unknown: 'TAX_UNAVAILABLE' });
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw refusal(answer, false);
      const found = readAnswer(readJson(answer.body, 'TAX_BAD_ANSWER'), call);
      // A record of other content is not ours, or not yet ours: to send again is what brings the conflict to light.
      return found.reference === hashOf(requestOf(call)) ? decisionOf(found, call, name) : undefined;
    },
  };
}
