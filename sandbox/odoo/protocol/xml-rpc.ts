import { Readable } from 'node:stream';
import type { Request, Response } from 'express';
import { OdooFault, typeError } from '../core/fault';
import { isStruct, type Value } from '../core/value';
import { answerFailure } from './answers';
import type { Gateway } from './gateway';
import { callService } from './service';

/** The package's own parts: its server and client would bring a transport that we do not want. */
const serializer = require('xmlrpc/lib/serializer') as {
  serializeMethodResponse(value: unknown): string;
  serializeFault(fault: { faultCode: number; faultString: string }): string;
};
const Deserializer = require('xmlrpc/lib/deserializer') as new () => {
  deserializeMethodCall(
    stream: Readable,
    done: (error: Error | null, method?: string, params?: unknown[]) => void,
  ): void;
};

/** `POST /xmlrpc/2/common` and `/xmlrpc/2/object`: always HTTP 200, faults by number. */
export const xmlRpc =
  (gateway: Gateway) =>
  async (request: Request, response: Response): Promise<void> => {
    const send = (xml: string) => response.set('Content-Type', 'text/xml; charset=utf-8').send(xml);
    try {
      const { method, params } = await parseCall(String(request.body));
      const service = request.params.service ?? '';
      const result = await callService(gateway, service, method, params);
      // The call has committed by now; the answer fails all the same.
      if (holdsNone(result)) throw typeError('cannot marshal None unless allow_none is enabled');
      send(serializer.serializeMethodResponse(result));
    } catch (error) {
      answerFailure(response, error, (fault) => send(serializer.serializeFault(faultOf(fault))));
    }
  };

function holdsNone(value: Value): boolean {
  if (value === null) return true;
  if (Array.isArray(value)) return value.some(holdsNone);
  return isStruct(value) && Object.values(value).some(holdsNone);
}

const WARNINGS = ['UserError', 'ValidationError', 'MissingError', 'RedirectWarning'];

function faultOf(fault: OdooFault): { faultCode: number; faultString: string } {
  const name = fault.pythonName.replace('odoo.exceptions.', '');
  if (name === 'AccessDenied') return { faultCode: 3, faultString: fault.message };
  if (name === 'AccessError') return { faultCode: 4, faultString: fault.message };
  if (WARNINGS.includes(name)) return { faultCode: 2, faultString: fault.message };
  return { faultCode: 1, faultString: fault.debug };
}

async function parseCall(xml: string): Promise<{ method: string; params: Value[] }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ method: string; params: Value[] }>();
  new Deserializer().deserializeMethodCall(Readable.from([xml]), (error, method, params) => {
    if (error || method === undefined) reject(expatError(reasonFor(xml)));
    else if ((params ?? []).some(isTampered))
      reject(expatError('not well-formed (invalid token): line 1, column 0'));
    else resolve({ method, params: (params ?? []).map(plain) });
  });
  return promise;
}

const expatError = (reason: string) => new OdooFault('xml.parsers.expat.ExpatError', reason);
const reasonFor = (xml: string): string =>
  xml.includes('>') ? 'syntax error: line 1, column 0' : 'unclosed token: line 1, column 0';

/** A member named `__proto__` changed the prototype of a struct when the package assigned it. */
function isTampered(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Date || Buffer.isBuffer(value))
    return false;
  if (Array.isArray(value)) return value.some(isTampered);
  return Object.getPrototypeOf(value) !== Object.prototype || Object.values(value).some(isTampered);
}

/** What the package parsed as plain values: dates as texts, bytes as base64. */
function plain(value: unknown): Value {
  if (value instanceof Date) return value.toISOString().slice(0, 19).replace('T', ' ');
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  return value as Value;
}
