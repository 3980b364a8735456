import type { Request, Response } from 'express';
import { httpError, type OdooFault } from '../core/fault';
import { isStruct, type Value } from '../core/value';
import { answerFailure, sendHtml } from './answers';
import type { Gateway } from './gateway';
import { JsonRefused, parseJson } from './python-json';

const NO_DATABASE =
  '<!DOCTYPE html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>No database is selected and the requested URL was not found in the server-wide controllers.</p>\n<p>Please verify the hostname, <a href=/web/login>login</a> and try again.</p>\n\n<!-- Alternatively, use the X-Odoo-Database header. -->\n';
const NO_ROUTE =
  "<!DOCTYPE html>\n<html>\n<head><title>404</title></head>\n<body><h1>Error 404</h1><h2>We couldn't find the page you're looking for!</h2></body>\n</html>";

/** `POST /json/2/<model>/<method>` of Odoo 19: named arguments, a bearer key, HTTP statuses. */
export const json2 =
  (gateway: Gateway) =>
  async (request: Request, response: Response): Promise<void> => {
    if (gateway.odoo.version !== 19) return sendHtml(response, 404, NO_ROUTE);
    const database = request.get('X-Odoo-Database');
    if (database !== undefined && database !== gateway.odoo.database)
      return sendHtml(response, 404, NO_DATABASE);
    const send = (status: number, body: Value) =>
      response
        .status(status)
        .set('Content-Type', 'application/json; charset=utf-8')
        .send(JSON.stringify(body));
    try {
      send(200, await answer(gateway, request));
    } catch (error) {
      answerFailure(response, error, (fault) => send(fault.status, bodyOf(fault)));
    }
  };

function bodyOf(fault: OdooFault): Value {
  return {
    name: fault.pythonName,
    message: fault.message,
    arguments: fault.args,
    context: {},
    debug: fault.debug,
  };
}

async function answer(gateway: Gateway, request: Request): Promise<Value> {
  const [model, method, ...more] = request.path.replace(/^\/json\/2\//, '').split('/');
  if (!model || !method || more.length > 0)
    throw httpError('NotFound', 'Did you mean POST /json/2/<model>/<method>?');
  const uid = userOf(gateway, request);
  const body = bodyFrom(String(request.body));
  const kwargs = isStruct(body) ? body : {};
  return gateway.call(uid, { model, method, args: [], kwargs }, 'named');
}

function userOf(gateway: Gateway, request: Request): number {
  const [, key] = /^Bearer\s+(.+)$/i.exec(request.get('Authorization') ?? '') ?? [];
  if (!key)
    throw httpError(
      'Unauthorized',
      'User not authenticated, use an API Key with a Bearer Authorization header.',
    );
  const uid = gateway.odoo.userOfKey(key);
  if (uid === undefined) throw httpError('Unauthorized', 'Invalid apikey');
  return uid;
}

function bodyFrom(text: string): Value {
  try {
    return text === '' ? {} : parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonRefused)) throw error;
    throw httpError('BadRequest', `could not parse the body as json: ${error.message}`, {
      before: `json.decoder.JSONDecodeError: ${error.message}`,
      link: 'cause',
    });
  }
}
