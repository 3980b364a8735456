import { type ErrorCode, FinanceError } from '../errors';

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  body?: string;
  /** For the whole exchange, the body of the answer included. */
  timeoutMs: number;
  signal?: AbortSignal;
  /** The runtime may give one that keeps to its list of hosts; the global one otherwise. */
  fetch?: typeof fetch;
  /** 8 MB where left out. */
  maxAnswerBytes?: number;
}

export interface HttpAnswer {
  status: number;
  body: string;
  /** Milliseconds of a Retry-After, in seconds or as a date. */
  retryAfterMs?: number;
}

/** What to throw where no answer came. */
export interface HttpErrors {
  /** No connection was made: nothing can have happened at the other side. */
  unreachable: ErrorCode;
  /** It broke or timed out after that: what happened is not known. */
  unknown: ErrorCode;
}

/** Codes of Node and undici that come before the first byte is sent. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_INVALID_URL',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/**
 * One HTTP exchange, with any status as its answer. Redirects are not followed: they would carry the credentials to
 * a host that nobody allowed.
 *
 * @throws FinanceError with one of the given codes
 */
export async function exchange(request: HttpRequest, errors: HttpErrors): Promise<HttpAnswer> {
  const { method, url, headers, body, timeoutMs, maxAnswerBytes = 8 * 1024 * 1024 } = request;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = request.signal ? AbortSignal.any([timeout, request.signal]) : timeout;
  try {
    const init: RequestInit = { method, headers, body, signal, redirect: 'manual' };
    const answer = await (request.fetch ?? fetch)(url, init);
    const text = await readText(answer, maxAnswerBytes);
    return {
      status: answer.status,
      body: text,
      retryAfterMs: readRetryAfter(answer.headers.get('retry-after')),
    };
  } catch (error) {
    throw failureOf(error, request, timeout.aborted, errors);
  }
}

async function readText(answer: Response, limit: number): Promise<string> {
  if (!answer.body) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > limit) throw new Error(`the answer is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function readRetryAfter(header: string | null): number | undefined {
  if (!header) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const time = Date.parse(header);
  return Number.isNaN(time) ? undefined : Math.max(0, time - Date.now());
}

function failureOf(
  error: unknown,
  request: HttpRequest,
  timedOut: boolean,
  errors: HttpErrors,
): FinanceError {
  const cause = (error as { cause?: { code?: unknown; errors?: { code?: unknown }[] } }).cause;
  const code = String(cause?.code ?? cause?.errors?.[0]?.code ?? '');
  const neverSent = NEVER_SENT.has(code);
  const what = timedOut ? `no answer within ${request.timeoutMs} ms` : code || (error as Error).message;
  return new FinanceError(neverSent ? errors.unreachable : errors.unknown, {
    message: `${request.method} ${placeOf(request.url)}: ${what}.`,
    cause: error,
  });
}

/** Host and path: a query may hold what does not belong into a log. */
function placeOf(url: string): string {
  if (!URL.canParse(url)) return 'an address that is none';
  const { host, pathname } = new URL(url);
  return host + pathname;
}

/**
 * The JSON of an answer, still to be checked by a schema.
 *
 * @throws FinanceError with the given code
 */
export function readJson(text: string, bad: ErrorCode): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FinanceError(bad, { message: 'The answer is not JSON.', cause: error });
  }
}
