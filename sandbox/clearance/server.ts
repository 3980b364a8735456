import { raw } from 'express';
import { FaultTable } from '../lib/faults';
import { bearer, listen, loopbackApp, type Running } from '../lib/server';
import { State } from '../lib/state';
import { readEnvelope } from './document';
import { Notifier, type NotifyTarget } from './notifier';
import { Registry, viewOf } from './registry';

export const CLEARANCE_TOKEN = 'token_sandbox_clearance';

export interface ClearanceOptions {
  host?: string;
  /** 0 takes a free one. */
  port?: number;
  /** SQLite file; memory where left out. */
  dataFile?: string;
  token?: string;
  /** From `submitted` to the decision. */
  delayMs?: number;
  notify?: NotifyTarget;
}

/**
 * A Peppol access point with a REST API of the usual kind, asynchronous.
 *
 * - `POST /v1/documents` (UBL, `Idempotency-Key`) → 202 new, 200 the identical bytes again, 409 other bytes under the
 *   same natural key or idempotency key, 422 with messages where it is refused at the door
 * - `GET /v1/documents/:id`, `GET /v1/documents?naturalKey=`
 * - a receiver whose id begins with `REJECT` is rejected after the delay
 * - `POST /_sandbox/faults` for the operations `submit`, `status`, `lookup`; `GET /_sandbox/documents`
 *
 * @throws FinanceError CONFIG_INVALID for an address that is not a loopback
 */
export async function startClearance(options: ClearanceOptions = {}): Promise<Running> {
  const state = new State(options.dataFile);
  const registry = new Registry(state, options.delayMs ?? 300);
  const notifier = options.notify && new Notifier(registry, options.notify);
  const faults = new FaultTable();
  const app = loopbackApp();
  faults.mount(app);
  app.get('/_sandbox/documents', (_req, res) => {
    res.json(
      registry.all().map((submission) => ({ ...viewOf(submission), submittedAt: submission.submittedAt })),
    );
  });

  app.use('/v1', bearer(options.token ?? CLEARANCE_TOKEN));
  app.post('/v1/documents', faults.at('submit'), raw({ type: () => true, limit: '5mb' }), (req, res) => {
    const idempotencyKey = req.get('idempotency-key');
    if (!idempotencyKey)
      return void res.status(400).json({ error: { message: 'Idempotency-Key is missing.' } });
    const body = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
    const envelope = readEnvelope(body.toString('utf8'));
    if (Array.isArray(envelope)) return void res.status(422).json({ messages: envelope });
    const outcome = registry.submit(envelope, body, idempotencyKey);
    if (outcome.kind === 'conflict')
      return void res.status(409).json({ error: { message: outcome.message } });
    if (outcome.kind === 'new') notifier?.watch(outcome.submission);
    res.status(outcome.kind === 'new' ? 202 : 200).json(viewOf(outcome.submission));
  });
  app.get('/v1/documents/:id', faults.at('status'), (req, res) => {
    const found = registry.byId(req.params.id!);
    if (!found) return void res.status(404).json({ error: { message: 'There is no such document.' } });
    res.json(viewOf(found));
  });
  app.get('/v1/documents', faults.at('lookup'), (req, res) => {
    const found = registry.byNaturalKey(String(req.query.naturalKey ?? ''));
    res.json({ data: found ? [viewOf(found)] : [] });
  });

  return listen(app, options, () => {
    notifier?.stop();
    state.close();
  });
}
