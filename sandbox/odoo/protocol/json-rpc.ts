import type { Request, Response } from 'express';
import type { OdooFault } from '../core/fault';
import { isStruct, type Value } from '../core/value';
import { answerFailure, sendHtml } from './answers';
import type { Gateway } from './gateway';
import { JsonRefused, parseJson } from './python-json';
import { callService } from './service';

const WRONG_TYPE =
  '<!doctype html>\n<html lang=en>\n<title>400 Bad Request</title>\n<h1>Bad Request</h1>\n<p>Request inferred type is compatible with [&#39;http&#39;] but &#39;/jsonrpc&#39; is type=&#39;json&#39;.</p>\n';

/** `POST /jsonrpc`: always HTTP 200 with `result` or `error`; a method that returns None has neither. */
export const jsonRpc =
  (gateway: Gateway) =>
  async (request: Request, response: Response): Promise<void> => {
    if (!request.is('json')) return sendHtml(response, 400, WRONG_TYPE);
    let body: Value;
    try {
      body = parseJson(String(request.body));
    } catch (error) {
      if (!(error instanceof JsonRefused)) throw error;
      return sendHtml(response, 400, 'Invalid JSON data');
    }
    const id = isStruct(body) ? (body.id ?? null) : null;
    const params = isStruct(body) && isStruct(body.params) ? body.params : {};
    const args = Array.isArray(params.args) ? params.args : [];
    const send = (answer: { [key: string]: Value }) =>
      response
        .set('Content-Type', 'application/json; charset=utf-8')
        .send(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
    try {
      const result = await callService(gateway, String(params.service), String(params.method), args);
      send(result === null ? {} : { result });
    } catch (error) {
      answerFailure(response, error, (fault) => send({ error: errorOf(gateway, fault) }));
    }
  };

function errorOf(gateway: Gateway, fault: OdooFault): Value {
  return {
    code: gateway.odoo.version === 19 ? 0 : 200,
    message: 'Odoo Server Error',
    data: {
      name: fault.pythonName,
      debug: fault.debug,
      message: fault.message,
      arguments: fault.args,
      context: {},
    },
  };
}
