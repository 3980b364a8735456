import { PassThrough } from 'node:stream';
import { CustomType } from 'xmlrpc';
import Deserializer from 'xmlrpc/lib/deserializer';
import { serializeMethodCall } from 'xmlrpc/lib/serializer';
import { FinanceError, isFinanceError } from '../../../errors';
import { badAnswer, faultError, unreadable, xmlrpcFault } from '../faults';
import type { HttpAnswer, HttpRequest } from '../http';
import { commonService, executeArguments, type Protocol } from './protocol';

/** The package writes text that holds markup as CDATA, out of which a second `]]>` breaks; this one always escapes. */
class Text extends CustomType {
  override tagName = 'string';
}

/** A struct whose member is named `__proto__` would get a prototype of the sender's choice. */
class SafeDeserializer extends Deserializer {
  override endStruct(data: string): void {
    const names = this.stack.slice(this.marks.at(-1)).filter((_, index) => index % 2 === 0);
    if (names.includes('__proto__')) throw badAnswer('a struct has a member named __proto__');
    super.endStruct(data);
  }
}

const serializable = (value: unknown): unknown => {
  if (typeof value === 'string') return value === '' ? '' : new Text(value);
  if (Array.isArray(value)) return value.map(serializable);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, serializable(member)]));
};

function request(service: 'common' | 'object', method: string, args: unknown[]): HttpRequest {
  let body: string;
  try {
    body = serializeMethodCall(method, args.map(serializable));
  } catch {
    // the thrown text would quote the value
    throw new FinanceError('ODOO_VALIDATION', {
      message: 'A text holds a character that XML cannot carry; take it out, or use JSON-RPC.',
    });
  }
  return {
    method: 'POST',
    path: `/xmlrpc/2/${service}`,
    headers: { 'content-type': 'text/xml; charset=utf-8' },
    body,
  };
}

const parse = (body: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const stream = new PassThrough();
    new SafeDeserializer().deserializeMethodResponse(stream, (error, result) =>
      error ? reject(error) : resolve(result),
    );
    stream.end(body);
  });

const NONE_IN_ANSWER = /cannot marshal None unless allow_none is enabled/;

async function read(answer: HttpAnswer, write: boolean): Promise<unknown> {
  if (answer.status !== 200) throw unreadable(answer, write);
  try {
    return (await parse(answer.body)) ?? null;
  } catch (error) {
    if (isFinanceError(error)) throw error;
    const { faultCode, faultString } = error as { faultCode?: unknown; faultString?: unknown };
    if (typeof faultCode !== 'number') throw unreadable(answer, write);
    // the method returned None, and its transaction was committed before the answer was written
    if (faultCode === 1 && NONE_IN_ANSWER.test(String(faultString))) return null;
    throw faultError(xmlrpcFault(faultCode, String(faultString)));
  }
}

/** XML-RPC over `/xmlrpc/2/common` and `/xmlrpc/2/object`: all versions up to 21. */
export const xmlrpc: Protocol = {
  name: 'xmlrpc',
  ...commonService(request, read),
  write(call, { database, uid, secret }) {
    const { args, kwargs } = executeArguments(call);
    return request('object', 'execute_kw', [database, uid, secret, call.model, call.method, args, kwargs]);
  },
  read,
};
