import { FinanceError, isFinanceError } from '../../errors';
import { badAnswer } from './faults';
import { HttpChannel, type HttpLimits } from './http';
import { Login } from './login';
import { json2 } from './protocols/json2';
import { jsonrpc } from './protocols/jsonrpc';
import type { OdooCall, Protocol } from './protocols/protocol';
import { xmlrpc } from './protocols/xmlrpc';
import { Slots } from './slots';

export type ProtocolName = 'auto' | Protocol['name'];

export interface OdooOptions {
  /** `https://host[:port][/path]`; no other host is ever asked. */
  url: string;
  database: string;
  login: string;
  /** Password or API key (JSON-2 takes an API key only). Asked for at each call, so it rotates without a restart. */
  secret: () => string;
  /** `auto`: JSON-2 where the server is 19 or newer, else JSON-RPC. */
  protocol?: ProtocolName;
  /** Calls at once; Odoo's number of workers. Default 2. */
  concurrency?: number;
  /** Default 130 000 ms: the server retries serialization failures for up to 118 s before it answers. */
  timeoutMs?: number;
  /** PEM; verifies the server instead of the system's authorities. */
  ca?: string;
  /** Default 8 MiB. */
  maxRequestBytes?: number;
  /** Default 32 MiB. */
  maxAnswerBytes?: number;
}

export interface OdooVersion {
  /** e.g. `17.0` */
  serverVersion: string;
  major: number;
}

export type CallInput = Partial<Pick<OdooCall, 'ids' | 'named' | 'context'>>;

export interface CallOptions {
  timeoutMs?: number;
  /** The call may change something; by default all methods but the known readers. */
  write?: boolean;
}

/** A connection to one database of one Odoo. */
export interface OdooClient {
  readonly url: string;
  readonly database: string;
  /** Calls at once. */
  readonly concurrency: number;
  /** Asked once; a failed look is not remembered. */
  version(): Promise<OdooVersion>;
  /**
   * Calls a method of a model, in a transaction of its own. `context.lang` is never sent.
   * @returns the result as Odoo gives it, `null` for None
   * @throws FinanceError ODOO_*; kind `in_doubt` when a write was sent and no answer came
   */
  call(model: string, method: string, input?: CallInput, options?: CallOptions): Promise<unknown>;
  close(): void;
}

const READERS = new Set(
  'read search search_read search_count name_search fields_get check_object_reference get_metadata get_external_id context_get default_get'.split(
    ' ',
  ),
);

const PROTOCOLS = { jsonrpc, json2, xmlrpc };

/** Opens no connection by itself; the first call does. */
export const connectOdoo = (options: OdooOptions): OdooClient => new Connection(options);

class Connection implements OdooClient {
  readonly url: string;
  readonly database: string;
  readonly concurrency: number;
  readonly #options: OdooOptions;
  readonly #channel: HttpChannel;
  readonly #slots: Slots;
  readonly #login: Login;
  #version?: Promise<OdooVersion>;
  #hasWorked = false;

  constructor(options: OdooOptions) {
    this.url = options.url.replace(/\/+$/, '');
    this.database = options.database;
    this.#options = options;
    this.#channel = new HttpChannel(this.url, limitsOf(options), options.ca);
    this.concurrency = options.concurrency ?? 2;
    this.#slots = new Slots(this.concurrency);
    this.#login = new Login(options, this.#channel);
  }

  version(): Promise<OdooVersion> {
    this.#version ??= this.#askVersion().catch((error) => {
      this.#version = undefined;
      throw error;
    });
    return this.#version;
  }

  async call(
    model: string,
    method: string,
    input: CallInput = {},
    options: CallOptions = {},
  ): Promise<unknown> {
    const protocol = await this.#protocol();
    const { lang: _lang, ...context } = input.context ?? {};
    const call: OdooCall = { model, method, ids: input.ids, named: input.named ?? {}, context };
    return this.#slots.run(() => this.#attempt(protocol, call, options));
  }

  close(): void {
    this.#channel.close();
  }

  /** Refused before anything ran, so a call may be repeated at once when the secret was rotated meanwhile. */
  async #attempt(protocol: Protocol, call: OdooCall, options: CallOptions): Promise<unknown> {
    const secret = this.#secret();
    try {
      return await this.#send(protocol, call, secret, options);
    } catch (error) {
      if (!isUnauthorized(error)) throw error;
      this.#login.forget(secret);
      const renewed = this.#secret();
      if (renewed === secret) throw this.#refusal(error);
      return this.#send(protocol, call, renewed, options).catch((again: unknown) => {
        throw isUnauthorized(again) ? this.#refusal(again) : again;
      });
    }
  }

  /**
   * A key that worked before was revoked or has expired: that is an outage until the new one is there, not the fault of
   * each document that meets it.
   */
  #refusal(error: FinanceError): FinanceError {
    if (!this.#hasWorked) return error;
    return new FinanceError('ODOO_UNAUTHORIZED', {
      kind: 'unavailable',
      message: `${error.message} It worked before: the key was revoked, or has expired.`,
      hint: 'Give the odoo connection a new API key; documents go on by themselves.',
      cause: error,
    });
  }

  async #send(protocol: Protocol, call: OdooCall, secret: string, options: CallOptions): Promise<unknown> {
    const { write = !READERS.has(call.method), timeoutMs } = options;
    const uid = await this.#login.uid(protocol, secret);
    const request = protocol.write(call, { database: this.database, uid, secret });
    const result = await protocol.read(await this.#channel.send(request, write, timeoutMs), write);
    this.#hasWorked = true;
    return result;
  }

  async #protocol(): Promise<Protocol> {
    const { protocol = 'auto' } = this.#options;
    if (protocol !== 'auto') return PROTOCOLS[protocol];
    return (await this.version()).major >= 19 ? json2 : jsonrpc;
  }

  /** A mounted file often ends in a line break. */
  #secret(): string {
    const secret = this.#options.secret().trim();
    if (secret) return secret;
    throw new FinanceError('CONFIG_SECRET_MISSING', {
      message: 'The API key of the odoo connection is not set.',
    });
  }

  /** `common.version` goes with Odoo 22; `/web/version` is there from 19 on. */
  async #askVersion(): Promise<OdooVersion> {
    const { protocol = 'auto' } = this.#options;
    const asked = protocol === 'auto' ? jsonrpc : PROTOCOLS[protocol];
    const answer = await this.#channel.send(asked.version.request, false);
    if (answer.status !== 404 || asked === json2) return readVersion(await asked.version.read(answer));
    return readVersion(await json2.version.read(await this.#channel.send(json2.version.request, false)));
  }
}

const isUnauthorized = (error: unknown): error is FinanceError =>
  isFinanceError(error) && error.code === 'ODOO_UNAUTHORIZED';

function readVersion(result: unknown): OdooVersion {
  const { server_version, version } = (result ?? {}) as { server_version?: unknown; version?: unknown };
  const serverVersion = String(server_version ?? version ?? '');
  // `saas~18.2` on Odoo Online
  const major = Number(/^(?:saas[~-])?(\d+)/.exec(serverVersion)?.[1]);
  if (!Number.isInteger(major)) throw badAnswer('no version');
  return { serverVersion, major };
}

function limitsOf({ timeoutMs, maxRequestBytes, maxAnswerBytes }: OdooOptions): HttpLimits {
  return {
    connectMs: 10_000,
    answerMs: timeoutMs ?? 130_000,
    requestBytes: maxRequestBytes ?? 8 * 1024 * 1024,
    answerBytes: maxAnswerBytes ?? 32 * 1024 * 1024,
  };
}
