import { keyError, OdooFault, typeError } from '../core/fault';
import { isStruct, type Value } from '../core/value';
import { missingDatabase } from '../odoo';
import type { Gateway } from './gateway';

/** `common`, `object` and `db` as XML-RPC and JSON-RPC share them: a method of a service with positional arguments. */
export async function callService(
  gateway: Gateway,
  service: string,
  method: string,
  args: Value[],
): Promise<Value> {
  if (service === 'common') return common(gateway, method, args);
  if (service === 'object') return object(gateway, method, args);
  if (service === 'db' && method === 'list') return [gateway.odoo.database];
  throw keyError(service);
}

async function common(gateway: Gateway, method: string, args: Value[]): Promise<Value> {
  if (method === 'version') return versionOf(gateway);
  if (method !== 'authenticate' && method !== 'login')
    throw new OdooFault('builtins.Exception', `Method not found: ${method}`);
  const [database, login, secret] = args;
  checkDatabase(gateway, database);
  return gateway.authenticate(String(login), String(secret));
}

function versionOf({ odoo: { version } }: Gateway): Value {
  return {
    server_version: `${version}.0`,
    server_version_info: [version, 0, 0, 'final', 0, ''],
    server_serie: `${version}.0`,
    protocol_version: 1,
  };
}

async function object(gateway: Gateway, method: string, args: Value[]): Promise<Value> {
  const [database, uid, secret, model, name, ...rest] = args;
  if (method !== 'execute_kw' && method !== 'execute')
    throw new OdooFault('builtins.NameError', `Method not available ${method}`);
  if (typeof model !== 'string' || typeof name !== 'string')
    throw typeError(`${method}() missing required positional arguments`);
  checkDatabase(gateway, database);
  gateway.odoo.checkSecret(Number(uid), String(secret));
  const [positional, named] = rest;
  const call =
    method === 'execute'
      ? { model, method: name, args: rest, kwargs: {} }
      : {
          model,
          method: name,
          args: Array.isArray(positional) ? positional : [],
          kwargs: isStruct(named) ? named : {},
        };
  return gateway.call(Number(uid), call, 'positional');
}

function checkDatabase({ odoo }: Gateway, database: Value | undefined): void {
  if (database !== odoo.database) throw missingDatabase(String(database));
}
