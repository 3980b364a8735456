import { json, type RequestHandler, type Response } from 'express';
import { FaultTable } from '../lib/faults';
import { bearer, listen, loopbackApp, type Running } from '../lib/server';
import { State } from '../lib/state';
import { CrmObjects, type Outcome } from './objects';

export const CRM_API_KEY = 'key_sandbox_crm';

export interface CrmOptions {
  host?: string;
  /** 0 takes a free one. */
  port?: number;
  /** SQLite file; memory where left out. */
  dataFile?: string;
  apiKey?: string;
}

const refuse = (res: Response, status: number, message: string): void =>
  void res.status(status).json({ error: { message } });

function answer(res: Response, outcome: Outcome): void {
  if ('message' in outcome) refuse(res, outcome.status, outcome.message);
  else res.status(outcome.status).json(outcome.object);
}

/**
 * A CRM, or a billing system, that takes what others write to it.
 *
 * - `PUT /v1/:collection/:id` writes an object over, `POST /v1/:collection` makes one; with `Idempotency-Key` once: the
 *   same request gets the same answer, another one under the key 409
 * - `GET /v1/:collection/:id`, and `GET /v1/:collection?reference=…` for objects by their `reference`
 * - `POST /_sandbox/faults` for `write`, `read`; `GET /_sandbox/objects`, `GET /_sandbox/writes` in order
 *
 * @throws FinanceError CONFIG_INVALID for an address that is not a loopback
 */
export async function startCrm(options: CrmOptions = {}): Promise<Running> {
  const state = new State(options.dataFile);
  const objects = new CrmObjects(state);
  const faults = new FaultTable();
  const app = loopbackApp();
  faults.mount(app);
  app.get('/_sandbox/objects', (_req, res) => void res.json(objects.all()));
  app.get('/_sandbox/writes', (_req, res) => void res.json(objects.log()));

  app.use('/v1', bearer(options.apiKey ?? CRM_API_KEY), json({ limit: '1mb' }));
  const write: RequestHandler = (req, res) => {
    if (typeof req.body !== 'object' || req.body === null || Array.isArray(req.body))
      return refuse(res, 422, 'The body is not a JSON object.');
    const { collection, id } = req.params;
    answer(res, objects.write(collection!, id, req.get('idempotency-key'), req.body));
  };
  app.put('/v1/:collection/:id', faults.at('write'), write);
  app.post('/v1/:collection', faults.at('write'), write);
  app.get('/v1/:collection/:id', faults.at('read'), (req, res) => {
    const object = objects.get(req.params.collection!, req.params.id!);
    if (object) res.json(object);
    else refuse(res, 404, 'There is no such object.');
  });
  app.get('/v1/:collection', faults.at('read'), (req, res) => {
    const { reference } = req.query;
    if (typeof reference !== 'string') return refuse(res, 422, 'Say which reference.');
    res.json(objects.withReference(req.params.collection!, reference));
  });
  return listen(app, options, () => state.close());
}
