import { FinanceError } from '../../errors';
import { canonicalJson } from '../../finance/canonical';
import { exchange, type HttpAnswer } from '../http';

export type WriteMethod = 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ApiOptions {
  /** All paths lie below it; no other host is ever asked. */
  baseUrl: string;
  /** Asked for at each call, so that it rotates without a restart. */
  authentication?: () => { header: string; value: string };
  /** Header that carries the key of a write; none where left out. */
  keyHeader?: string;
  /** 20 s where left out. */
  timeoutMs?: number;
  fetch?: typeof fetch;
}

export interface ApiWrite {
  method: WriteMethod;
  /** Below the base address, with its query; values in it encoded. */
  path: string;
  /** JSON; none where left out. Sent in its canonical form: a repeat is the same to the byte. */
  body?: unknown;
  key: string;
}

export interface ApiAnswer {
  status: number;
  /** Parsed where it is JSON, its text otherwise, null where there is none. */
  body: unknown;
}

/** An HTTP API that is written to. */
export interface Api {
  /** @throws FinanceError CALL_*; CALL_TIMEOUT (in doubt) where it may have been done */
  write(write: ApiWrite): Promise<ApiAnswer>;
  /**
   * What lies at a path; undefined for 404 and for an empty list.
   * @throws FinanceError CALL_*, none of them in doubt
   */
  find(path: string): Promise<ApiAnswer | undefined>;
}

const MOST_ANSWER_BYTES = 1024 * 1024;

/**
 * Any HTTP API that speaks JSON.
 * @throws FinanceError CONFIG_INVALID for an address that is none
 */
export function httpApi(options: ApiOptions): Api {
  const base = baseOf(options.baseUrl);
  const { timeoutMs = 20_000, keyHeader, authentication } = options;
  const call = (
    method: WriteMethod | 'GET',
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<HttpAnswer> => {
    const { header, value } = authentication?.() ?? {};
    const request = {
      method,
      url: below(base, path),
      headers: { accept: 'application/json', ...headers, ...(header && { [header]: value ?? '' }) },
      body,
      timeoutMs,
      maxAnswerBytes: MOST_ANSWER_BYTES,
      fetch: options.fetch,
    };
    const unknown = method === 'GET' ? 'CALL_UNAVAILABLE' : 'CALL_TIMEOUT';
    return exchange(request, { unreachable: 'CALL_UNAVAILABLE', unknown });
  };
  return {
    async write({ method, path, body, key }) {
      const headers = {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(keyHeader && { [keyHeader]: key }),
      };
      const answer = await call(method, path, headers, body === undefined ? undefined : canonicalJson(body));
      if (answer.status >= 200 && answer.status < 300) return read(answer);
      throw refusal(answer, true);
    },
    async find(path) {
      const answer = await call('GET', path, {});
      if (answer.status === 404) return undefined;
      if (answer.status < 200 || answer.status >= 300) throw refusal(answer, false);
      const found = read(answer);
      return Array.isArray(found.body) && found.body.length === 0 ? undefined : found;
    },
  };
}

function baseOf(url: string): string {
  if (URL.canParse(url) && /^https?:/.test(url)) return url.endsWith('/') ? url : `${url}/`;
  throw new FinanceError('CONFIG_INVALID', { message: 'The field url is not an address.' });
}

/** Data in a path never leads to another host, nor out of the base. @throws CALL_REJECTED */
function below(base: string, path: string): string {
  const root = new URL(base).href;
  const target = `${root}${path.replace(/^\/+/, '')}`;
  if (URL.canParse(target) && new URL(target).href.startsWith(root)) return new URL(target).href;
  throw new FinanceError('CALL_REJECTED', {
    message: `The path ${path} leads out of the address of the node.`,
  });
}

function read({ status, body }: HttpAnswer): ApiAnswer {
  if (body === '') return { status, body: null };
  try {
    return { status, body: JSON.parse(body) as unknown };
  } catch {
    return { status, body };
  }
}

function refusal(answer: HttpAnswer, writes: boolean): FinanceError {
  const { status, retryAfterMs } = answer;
  const message = `The system answered HTTP ${status}${saidIn(answer)}.`;
  if (status === 401 || status === 403) return new FinanceError('CALL_UNAUTHORIZED', { message });
  if (status === 409 || status === 412) return new FinanceError('CALL_CONFLICT', { message });
  if (status === 429)
    return new FinanceError('CALL_UNAVAILABLE', { kind: 'throttled', message, retryAfterMs });
  // Who answers so may have passed the request on: a proxy's 502 comes after a commit as well.
  if (status === 408 || status >= 500)
    return new FinanceError(writes ? 'CALL_TIMEOUT' : 'CALL_UNAVAILABLE', { message, retryAfterMs });
  return new FinanceError('CALL_REJECTED', { message });
}

/** What the answer says of its cause, where it says it as most do; cut, since it goes into messages. */
function saidIn({ body }: HttpAnswer): string {
  try {
    const { error, message, detail } = JSON.parse(body) as Record<string, unknown>;
    const said = (error as { message?: unknown } | undefined)?.message ?? message ?? detail ?? error;
    return typeof said === 'string' && said !== '' ? `: ${said.slice(0, 300).replace(/\.$/, '')}` : '';
  } catch {
    return '';
  }
}
