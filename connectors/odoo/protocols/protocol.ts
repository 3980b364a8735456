import type { HttpAnswer, HttpRequest } from '../http';

/** One call of a model's method, the same for all three protocols. */
export interface OdooCall {
  model: string;
  method: string;
  /** Records that the method runs on; left out for methods of the model itself. */
  ids?: readonly number[];
  /** Arguments by their Python names. */
  named: Readonly<Record<string, unknown>>;
  context: Readonly<Record<string, unknown>>;
}

/** Who calls; added after the call was recorded, so that no record holds it. */
export interface Credentials {
  database: string;
  secret: string;
  /** Absent where the protocol needs none. */
  uid?: number;
}

/** How calls are written and answers read. Both pure; HTTP stays outside. */
export interface Protocol {
  readonly name: 'jsonrpc' | 'json2' | 'xmlrpc';
  /** `authenticate` comes first and gives the uid of every further call; without it the secret alone is enough. */
  readonly login?: {
    write(database: string, login: string, secret: string): HttpRequest;
    /** @returns the uid, or `false` when the login was refused */
    read(answer: HttpAnswer): Promise<unknown>;
  };
  version: { request: HttpRequest; read(answer: HttpAnswer): Promise<unknown> };
  write(call: OdooCall, credentials: Credentials): HttpRequest;
  /**
   * The result; `null` for a method that returns None.
   * @throws FinanceError every code of `faults.ts`
   */
  read(answer: HttpAnswer, write: boolean): Promise<unknown>;
}

/** Login and version, asked of the service `common` as both RPC protocols do. */
export const commonService = (
  request: (service: 'common', method: string, args: unknown[]) => HttpRequest,
  read: Protocol['read'],
): Required<Pick<Protocol, 'login' | 'version'>> => ({
  login: {
    write: (database, login, secret) => request('common', 'authenticate', [database, login, secret, {}]),
    read: (answer) => read(answer, false),
  },
  version: { request: request('common', 'version', []), read: (answer) => read(answer, false) },
});

/**
 * Positional arguments of the methods used, as 16 to 19 declare them: `create` insists on position in 16 and 17, and
 * names of other methods changed between versions. What is not in this table goes by name.
 */
const SIGNATURES: Readonly<Record<string, readonly string[]>> = {
  load: ['fields', 'data'],
  create: ['vals_list'],
  write: ['vals'],
  read: ['fields'],
  search: ['domain'],
  search_read: ['domain', 'fields'],
  search_count: ['domain'],
  fields_get: ['allfields', 'attributes'],
  check_object_reference: ['module', 'xml_id'],
};

/** `execute_kw`'s positional and keyword arguments for a call. */
export function executeArguments(call: OdooCall): { args: unknown[]; kwargs: Record<string, unknown> } {
  const rest = { ...call.named };
  const args: unknown[] = call.ids ? [call.ids] : [];
  for (const name of SIGNATURES[call.method] ?? []) {
    if (!(name in rest)) break;
    args.push(rest[name]);
    delete rest[name];
  }
  const context = Object.keys(call.context).length ? { context: call.context } : {};
  return { args, kwargs: { ...rest, ...context } };
}
