import http from 'node:http';
import https from 'node:https';
import { FinanceError } from '../../errors';

export interface HttpLimits {
  /** Milliseconds to connect, TLS included. */
  connectMs: number;
  /** Milliseconds from the connection to the last byte of the answer. */
  answerMs: number;
  requestBytes: number;
  answerBytes: number;
}

export interface HttpRequest {
  method: 'GET' | 'POST';
  /** Below the configured address; never another host. */
  path: string;
  headers: Record<string, string>;
  body?: string;
}

export interface HttpAnswer {
  status: number;
  contentType: string;
  body: string;
  retryAfterMs?: number;
}

/** An Odoo behind a proxy keeps idle connections for longer; one without a proxy closes them after 2 s. */
const IDLE_MS = 1500;

/**
 * HTTP to the one configured host over its own keep-alive connections. Redirects are answers, never followed; TLS is
 * verified against the system's authorities, or against `ca` alone where given.
 */
export class HttpChannel {
  readonly #base: URL;
  readonly #limits: HttpLimits;
  readonly #agent: http.Agent;
  #closed = false;

  /** @throws FinanceError CONFIG_INVALID when the address is not plain http(s) */
  constructor(url: string, limits: HttpLimits, ca?: string) {
    this.#base = readAddress(url);
    this.#limits = limits;
    const options = { keepAlive: true, timeout: IDLE_MS };
    this.#agent =
      this.#base.protocol === 'https:'
        ? new https.Agent({ ...options, ca, rejectUnauthorized: true })
        : new http.Agent(options);
  }

  /**
   * Sends a request and reads the whole answer, whatever its status.
   * @param write the request may change something: without an answer its outcome is in doubt
   * @throws FinanceError ODOO_UNAVAILABLE, ODOO_TIMEOUT (kind `in_doubt` for a write that was sent), ODOO_TOO_LARGE
   */
  async send(request: HttpRequest, write: boolean, answerMs = this.#limits.answerMs): Promise<HttpAnswer> {
    if (this.#closed) throw unavailable('the connection is closed', false);
    if (request.body && Buffer.byteLength(request.body) > this.#limits.requestBytes)
      throw new FinanceError('ODOO_TOO_LARGE', {
        message: `The request is larger than ${this.#limits.requestBytes} bytes.`,
      });
    const first = await this.#exchange(request, write, answerMs);
    if (first.answer) return first.answer;
    // the server closed an idle connection while we sent: harmless to repeat where nothing is written
    if (first.stale && !write && !this.#closed) {
      const second = await this.#exchange(request, write, answerMs);
      if (second.answer) return second.answer;
      throw second.error;
    }
    throw first.error;
  }

  close(): void {
    this.#closed = true;
    this.#agent.destroy();
  }

  #exchange(request: HttpRequest, write: boolean, answerMs: number): Promise<Exchange> {
    return new Promise((resolve) => {
      const { connectMs, answerBytes } = this.#limits;
      const { request: open } = this.#base.protocol === 'https:' ? https : http;
      const body = request.body === undefined ? undefined : Buffer.from(request.body);
      const sending = open({
        hostname: this.#base.hostname.replace(/^\[|\]$/g, ''),
        port: this.#base.port || undefined,
        path: this.#base.pathname.replace(/\/$/, '') + request.path,
        method: request.method,
        agent: this.#agent,
        headers: { ...request.headers, ...(body && { 'content-length': String(body.length) }) },
      });
      let sent = false;
      const fail = (error: FinanceError, stale = false) => {
        clearTimeout(timer);
        sending.destroy();
        resolve({ error, stale });
      };
      const lost = (what: string) => fail(unavailable(what, sent && write), sent && sending.reusedSocket);
      const late = () =>
        sent
          ? fail(timedOut(answerMs, write))
          : fail(unavailable(`no connection within ${connectMs} ms`, false));
      let timer = setTimeout(late, connectMs);
      const connected = () => {
        sent = true;
        clearTimeout(timer);
        timer = setTimeout(late, answerMs);
      };
      sending.on('socket', (socket) => {
        if (!socket.connecting) return connected();
        socket.once(this.#base.protocol === 'https:' ? 'secureConnect' : 'connect', connected);
      });
      sending.on('error', (error: NodeJS.ErrnoException) => lost(error.code ?? error.message));
      sending.on('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > answerBytes) fail(tooLarge(answerBytes, write));
          else chunks.push(chunk);
        });
        response.on('error', () => lost('the answer broke off'));
        response.on('end', () => {
          clearTimeout(timer);
          resolve({ answer: readAnswer(response, Buffer.concat(chunks)) });
        });
      });
      sending.end(body);
    });
  }
}

type Exchange = { answer: HttpAnswer } | { answer?: undefined; error: FinanceError; stale: boolean };

function readAddress(url: string): URL {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  const plain = address && /^https?:$/.test(address.protocol) && !address.username && !address.password;
  if (address && plain && !address.search && !address.hash) return address;
  throw new FinanceError('CONFIG_INVALID', {
    message: 'The address of Odoo is http(s)://host[:port][/path], without a login or a query in it.',
  });
}

function readAnswer(response: http.IncomingMessage, body: Buffer): HttpAnswer {
  const wait = response.headers['retry-after'];
  return {
    status: response.statusCode ?? 0,
    contentType: response.headers['content-type'] ?? '',
    body: body.toString('utf8'),
    retryAfterMs: wait && /^\d{1,6}$/.test(wait) ? Number(wait) * 1000 : undefined,
  };
}

const unavailable = (what: string, inDoubt: boolean): FinanceError =>
  new FinanceError('ODOO_UNAVAILABLE', {
    kind: inDoubt ? 'in_doubt' : 'unavailable',
    message: `Odoo does not answer: ${what}.`,
  });

const timedOut = (ms: number, write: boolean): FinanceError =>
  new FinanceError('ODOO_TIMEOUT', {
    kind: write ? 'in_doubt' : 'transient',
    message: `Odoo did not answer within ${ms} ms.`,
  });

const tooLarge = (bytes: number, write: boolean): FinanceError =>
  new FinanceError('ODOO_TOO_LARGE', {
    kind: write ? 'in_doubt' : 'invalid',
    message: `The answer of Odoo is larger than ${bytes} bytes.`,
  });
