import { FinanceError } from '../../../errors';
import { faultError, unreadable } from '../faults';
import type { HttpAnswer } from '../http';
import type { Protocol } from './protocol';

const NAME = /^[A-Za-z_][\w.]*$/;
const HEADER = /^[\x21-\x7e]+$/;

async function read(answer: HttpAnswer, write: boolean): Promise<unknown> {
  let body: unknown;
  try {
    body = JSON.parse(answer.body);
  } catch {
    throw unreadable(answer, write);
  }
  if (answer.status === 200) return body;
  const { name, message } = (body ?? {}) as { name?: unknown; message?: unknown };
  if (typeof name !== 'string') throw unreadable(answer, write);
  throw faultError({ exception: name, message: String(message ?? '') });
}

/** JSON-2 over `/json/2/<model>/<method>`: from 19 on. Arguments by name only, an API key as the bearer. */
export const json2: Protocol = {
  name: 'json2',
  version: {
    request: { method: 'GET', path: '/web/version', headers: {} },
    read: (answer) => read(answer, false),
  },
  write({ model, method, ids, named, context }, { database, secret }) {
    if (!NAME.test(model) || !NAME.test(method))
      throw new FinanceError('ODOO_MODEL', { message: 'The name of the model or method is not one.' });
    if (!HEADER.test(secret) || !HEADER.test(database))
      throw new FinanceError('ODOO_UNAUTHORIZED', {
        message: 'An API key or database name has a character that a header cannot carry.',
      });
    return {
      method: 'POST',
      path: `/json/2/${model}/${method}`,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        accept: 'application/json',
        authorization: `bearer ${secret}`,
        'x-odoo-database': database,
      },
      body: JSON.stringify({
        ...named,
        ...(ids && { ids }),
        ...(Object.keys(context).length && { context }),
      }),
    };
  },
  read,
};
