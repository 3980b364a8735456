import Ajv from 'ajv';
import { FinanceError } from '../../errors';
import { assertClean, checkInvoice, checkPeppol, toUbl } from '../../finance/en16931';
import { exchange, type HttpAnswer, type HttpRequest, readJson } from '../http';
import { assertSame, classify, type EInvoiceChannel, type Submission } from './channel';
import { assertUnbroken, seal } from './seal';

export interface PeppolRestOptions {
  /** Of the access point, e.g. `https://ap.example/`; `v1/documents` comes behind it. */
  baseUrl: string;
  token: string;
  /** 30 s where left out. */
  timeoutMs?: number;
  /** Name of the channel in documents; `peppol` where left out. */
  name?: string;
  fetch?: typeof fetch;
}

interface Answer {
  id: string;
  status: Submission['transport'];
  naturalKey: string;
  sha256?: string;
  buyerResponse?: Submission['buyerResponse'] | null;
  messages?: { code: string; text: string }[];
}

const text = { type: 'string', minLength: 1, maxLength: 2000 };
const messages = {
  type: 'array',
  maxItems: 1000,
  items: { type: 'object', required: ['code', 'text'], properties: { code: text, text } },
};
const answer = {
  type: 'object',
  required: ['id', 'status', 'naturalKey'],
  properties: {
    id: text,
    status: { enum: ['submitted', 'accepted', 'accepted_warn', 'rejected'] },
    naturalKey: text,
    sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    buyerResponse: { enum: ['acknowledged', 'accepted', 'rejected', 'paid', null] },
    messages,
  },
};
const ajv = new Ajv({ allowUnionTypes: true });
const isAnswer = ajv.compile<Answer>(answer);
const isList = ajv.compile<{ data: Answer[] }>({
  type: 'object',
  required: ['data'],
  properties: { data: { type: 'array', items: answer } },
});
const isRefusal = ajv.compile<{ messages: { code: string; text: string }[] }>({
  type: 'object',
  required: ['messages'],
  properties: { messages },
});

const badAnswer = (message: string) => new FinanceError('EINVOICE_BAD_ANSWER', { message });

function submissionOf({ id, status, naturalKey, sha256, buyerResponse, messages = [] }: Answer): Submission {
  const said = messages.map(({ code, text }) => ({ code, text }));
  return {
    id,
    naturalKey,
    sha256,
    transport: status,
    buyerResponse: buyerResponse ?? undefined,
    messages: said,
  };
}

function readSubmission({ body }: HttpAnswer): Submission {
  const read = readJson(body, 'EINVOICE_BAD_ANSWER');
  if (isAnswer(read)) return submissionOf(read);
  throw badAnswer('The access point answered in another shape than agreed.');
}

/** What the access point says about the document; any other body is not repeated. */
function messagesIn(body: string): { code: string; text: string }[] {
  try {
    const read: unknown = JSON.parse(body);
    return isRefusal(read) ? read.messages.map(({ code, text }) => ({ code, text })) : [];
  } catch {
    return [];
  }
}

function refusal({ status, body, retryAfterMs }: HttpAnswer): FinanceError {
  const message = `The access point answered HTTP ${status}.`;
  switch (status) {
    case 401:
    case 403:
      return new FinanceError('EINVOICE_UNAUTHORIZED', { message });
    case 408:
    case 504:
      return new FinanceError('EINVOICE_TIMEOUT', { message });
    case 409:
      return new FinanceError('EINVOICE_CONFLICT');
    case 429:
      return new FinanceError('EINVOICE_THROTTLED', { message, retryAfterMs });
    case 400:
    case 413:
    case 415:
    case 422: {
      const messages = messagesIn(body);
      const said = messages.map(({ code, text }) => `${code}: ${text}`).join(' ');
      return new FinanceError('EINVOICE_REJECTED', { message: said || message, details: { messages } });
    }
  }
  // Who answers so may have taken the document: it is looked up before it is sent again.
  if (status >= 500) return new FinanceError('EINVOICE_TIMEOUT', { message, retryAfterMs });
  return badAnswer(message);
}

/**
 * A Peppol access point with a REST API: `POST v1/documents` (UBL, bearer token, `Idempotency-Key`) answers 202, or 200
 * for bytes it has; the decision is polled at `v1/documents/:id` and found by `?naturalKey=`.
 *
 * `submit` throws EINVOICE_TIMEOUT (in doubt) where the document may have arrived: look it up, or resend the identical
 * bytes. Reads throw EINVOICE_UNAVAILABLE then, since asking again changes nothing.
 */
export function peppolRest(options: PeppolRestOptions): EInvoiceChannel {
  const { token, timeoutMs = 30_000, name = 'peppol' } = options;
  const base = options.baseUrl.endsWith('/') ? options.baseUrl : `${options.baseUrl}/`;
  if (!URL.canParse(base))
    throw new FinanceError('CONFIG_INVALID', { message: 'The address of the access point is not valid.' });
  if (!token)
    throw new FinanceError('CONFIG_SECRET_MISSING', { message: 'The token of the access point is not set.' });

  const call = (
    method: HttpRequest['method'],
    path: string,
    rest: Pick<HttpRequest, 'headers' | 'body'> = {},
  ) => {
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json', ...rest.headers };
    const url = new URL(path, base).href;
    const unknown = method === 'GET' ? 'EINVOICE_UNAVAILABLE' : 'EINVOICE_TIMEOUT';
    const request = { method, url, headers, body: rest.body, timeoutMs, fetch: options.fetch };
    return exchange(request, { unreachable: 'EINVOICE_UNAVAILABLE', unknown });
  };

  return {
    name,
    capabilities: { mode: 'async', lookup: true, chain: false },
    classify,

    build(invoice, seller) {
      assertClean([...checkInvoice(invoice, seller), ...checkPeppol(invoice, seller)]);
      return seal(invoice, seller, toUbl(invoice, seller), 'application/xml');
    },

    async submit(sealed, idempotencyKey) {
      assertUnbroken(sealed);
      const headers = {
        'content-type': `${sealed.mediaType}; charset=utf-8`,
        'idempotency-key': idempotencyKey,
      };
      const got = await call('POST', 'v1/documents', { headers, body: sealed.bytes });
      if (got.status !== 200 && got.status !== 201 && got.status !== 202) throw refusal(got);
      const submission = readSubmission(got);
      assertSame(sealed, submission);
      return submission;
    },

    async status(id) {
      const got = await call('GET', `v1/documents/${encodeURIComponent(id)}`);
      if (got.status !== 200) throw readRefusal(got);
      return readSubmission(got);
    },

    async lookup(naturalKey) {
      const got = await call('GET', `v1/documents?naturalKey=${encodeURIComponent(naturalKey)}`);
      if (got.status !== 200) throw readRefusal(got);
      const read = readJson(got.body, 'EINVOICE_BAD_ANSWER');
      if (!isList(read)) throw badAnswer('The access point answered in another shape than agreed.');
      if (read.data.length > 1)
        throw badAnswer(`The access point holds several documents under ${naturalKey}.`);
      const found = read.data[0];
      return found && submissionOf(found);
    },
  };
}

/** A read changes nothing: what would be in doubt for a submission is only a delay here. */
function readRefusal(got: HttpAnswer): FinanceError {
  const error = refusal(got);
  if (error.kind === 'in_doubt') return new FinanceError('EINVOICE_UNAVAILABLE', { message: error.message });
  if (error.kind === 'rejected' || error.kind === 'conflict') return badAnswer(error.message);
  return error;
}
