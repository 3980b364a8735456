import { type Express, json, type Request } from 'express';
import { bearer } from '../lib/server';
import type { State } from '../lib/state';
import type { StripeObject } from './objects';

/** What the API gives beside events: how money moved. Where another object stands in it, it gives an id unless asked. */
const PLACES: Record<string, string> = { charges: 'charge', refunds: 'refund' };
const EXPANDABLE = ['balance_transaction', 'charge'];

/**
 * Charges, refunds and balance transactions, put there whole.
 *
 * - `POST /_sandbox/objects` a list of objects, each with `id` and `object`; a balance transaction may name its `payout`
 * - `GET /v1/charges/:id`, `GET /v1/refunds/:id` with `expand[]`, `GET /v1/balance_transactions?payout=`
 *   with `limit` and `starting_after`, as Stripe's
 */
export function mountMoney(app: Express, state: State, apiKey: string): void {
  const objects = state.table<StripeObject>('objects');
  app.post('/_sandbox/objects', json({ limit: '1mb' }), (req, res) => {
    const given: unknown = req.body;
    if (!Array.isArray(given) || !given.every(isObject))
      return void res.status(400).json({ error: { message: 'the body is no list of objects' } });
    for (const each of given) objects.put(each.id, each);
    res.status(201).json({ objects: given.length });
  });
  for (const [place, kind] of Object.entries(PLACES))
    app.get(`/v1/${place}/:id`, bearer(apiKey), (req, res) => {
      const id = String(req.params.id);
      const found = objects.get(id);
      if (found?.object !== kind) return void res.status(404).json(missing(kind, id));
      res.json(withIds(found, expanded(req)));
    });
  app.get('/v1/balance_transactions', bearer(apiKey), (req, res) => {
    const { limit: most = 10, payout: wanted, starting_after: after } = req.query;
    const limit = Math.min(Number(most), 100);
    const all = objects
      .values()
      .filter(({ object, payout }) => object === 'balance_transaction' && payout === wanted);
    const found = all.slice(all.findIndex(({ id }) => id === after) + 1);
    const data = found.slice(0, limit).map(({ payout: _payout, ...shown }) => shown);
    res.json({ object: 'list', url: '/v1/balance_transactions', has_more: found.length > limit, data });
  });
}

const isObject = (value: unknown): value is StripeObject => {
  const { id, object } = (value ?? {}) as Record<string, unknown>;
  return typeof id === 'string' && typeof object === 'string';
};

const expanded = (req: Request): string[] => [req.query.expand, req.query['expand[]']].flat().map(String);

/** The object with an id in place of every other one that is not asked for. */
function withIds(whole: StripeObject, asked: readonly string[]): StripeObject {
  const shown = { ...whole };
  for (const name of EXPANDABLE.filter((each) => !asked.includes(each))) {
    const part = shown[name];
    if (isObject(part)) shown[name] = part.id;
  }
  return shown;
}

const missing = (kind: string, id: string) => ({
  error: { type: 'invalid_request_error', code: 'resource_missing', message: `No such ${kind}: '${id}'` },
});
