import express, { type NextFunction, type Request, type Response } from 'express';
import { isStruct, type Value } from './core/value';
import { applyEdit } from './edit';
import { ledgerOf } from './ledger';
import { ledgerPage } from './ledger-page';
import type { CallLog } from './protocol/call-log';
import type { FaultSwitch } from './protocol/fault-switch';
import type { Gateway } from './protocol/gateway';
import { jsonRpc } from './protocol/json-rpc';
import { json2 } from './protocol/json2';
import { JsonRefused, parseJson } from './protocol/python-json';
import { xmlRpc } from './protocol/xml-rpc';

type Handler = (request: Request, response: Response) => Promise<void> | void;

const guarded = (handler: Handler) => (request: Request, response: Response, next: NextFunction) => {
  Promise.resolve()
    .then(() => handler(request, response))
    .catch(next);
};

function bodyOf(request: Request): Value {
  return parseJson(String(request.body) || '{}');
}

/** The HTTP surface: Odoo's three protocols, the ledger page, and the sandbox's own switches below `/_sandbox`. */
export function odooServer(gateway: Gateway, faults: FaultSwitch, log: CallLog): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(express.text({ type: () => true, limit: '64mb' }));

  app.post('/xmlrpc/2/:service(common|object|db)', guarded(xmlRpc(gateway)));
  app.post('/jsonrpc', guarded(jsonRpc(gateway)));
  app.post('/json/2/*', guarded(json2(gateway)));
  app.get('/web/version', (_request, response) => {
    response.json({
      version_info: [gateway.odoo.version, 0, 0, 'final', 0, ''],
      version: `${gateway.odoo.version}.0`,
    });
  });
  app.get('/web/health', (_request, response) => {
    response.json({ status: 'pass' });
  });

  app.get(
    '/ledger',
    guarded((_request, response) => {
      response.set('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'");
      response.type('html').send(ledgerPage(gateway.odoo));
    }),
  );
  app.get(
    '/_sandbox/ledger',
    guarded((_request, response) => {
      response.json(ledgerOf(gateway.odoo));
    }),
  );
  app.get('/_sandbox/log', (_request, response) => {
    response.json(log.report());
  });
  app.get('/_sandbox/faults', (_request, response) => {
    response.json(faults.list());
  });
  app.delete('/_sandbox/faults', (_request, response) => {
    faults.clear();
    response.status(204).end();
  });
  app.post(
    '/_sandbox/faults',
    guarded((request, response) => {
      const rule = faults.add(bodyOf(request));
      response
        .status(typeof rule === 'string' ? 400 : 201)
        .json(typeof rule === 'string' ? { error: rule } : rule);
    }),
  );
  app.post(
    '/_sandbox/edit',
    guarded((request, response) => {
      const edit = bodyOf(request);
      const problem = isStruct(edit) ? applyEdit(gateway.odoo, edit) : 'an edit is an object';
      response.status(problem ? 400 : 200).json(problem ? { error: problem } : { ok: true });
    }),
  );
  app.use((error: Error, _request: Request, response: Response, _next: NextFunction) => {
    response.status(error instanceof JsonRefused ? 400 : 500).json({ error: error.message });
  });
  return app;
}
