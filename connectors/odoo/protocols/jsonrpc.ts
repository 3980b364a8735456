import { badAnswer, faultError, unreadable } from '../faults';
import type { HttpAnswer, HttpRequest } from '../http';
import { commonService, executeArguments, type Protocol } from './protocol';

function request(service: 'common' | 'object', method: string, args: unknown[]): HttpRequest {
  return {
    method: 'POST',
    path: '/jsonrpc',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', method: 'call', id: 1, params: { service, method, args } }),
  };
}

async function read(answer: HttpAnswer, write: boolean): Promise<unknown> {
  const body = parse(answer, write);
  if (body.error !== undefined) throw faultError(readFault(body.error));
  // None has no `result` at all
  return body.result ?? null;
}

function parse(answer: HttpAnswer, write: boolean): { jsonrpc: unknown; result?: unknown; error?: unknown } {
  let body: unknown;
  try {
    body = JSON.parse(answer.body);
  } catch {
    throw unreadable(answer, write);
  }
  if (typeof body !== 'object' || body === null || !('jsonrpc' in body))
    throw badAnswer('JSON, but not JSON-RPC');
  return body;
}

/** The class stands in `error.data.name`; `error.code` is 200 in 17 and 0 in 19. */
function readFault(error: unknown): { exception: string; message: string } {
  const { message, data } = (error ?? {}) as {
    message?: unknown;
    data?: { name?: unknown; message?: unknown };
  };
  return { exception: String(data?.name ?? ''), message: String(data?.message ?? message ?? '') };
}

/** JSON-RPC over `/jsonrpc`: all versions up to 21. */
export const jsonrpc: Protocol = {
  name: 'jsonrpc',
  ...commonService(request, read),
  write(call, { database, uid, secret }) {
    const { args, kwargs } = executeArguments(call);
    const named = Object.keys(kwargs).length ? [kwargs] : [];
    return request('object', 'execute_kw', [database, uid, secret, call.model, call.method, args, ...named]);
  },
  read,
};
