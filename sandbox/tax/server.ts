import Ajv from 'ajv';
import { json, type RequestHandler, type Response } from 'express';
import { FaultTable } from '../lib/faults';
import { bearer, listen, loopbackApp, type Running } from '../lib/server';
import { State } from '../lib/state';
import { type TaxRequest, UnknownRate } from './engine';
import { type Outcome, TaxRecords } from './records';

export const TAX_API_KEY = 'key_sandbox_tax';

export interface TaxOptions {
  host?: string;
  /** 0 takes a free one. */
  port?: number;
  /** SQLite file; memory where left out. */
  dataFile?: string;
  apiKey?: string;
}

type Coded = TaxRequest & { code: string };

const text = { type: 'string', minLength: 1 };
const decimal = { type: 'string', pattern: '^-?\\d{1,15}(\\.\\d{1,6})?$' };
const ajv = new Ajv();
const isRequest = ajv.compile<TaxRequest>({
  type: 'object',
  required: ['type', 'date', 'currency', 'rounding', 'reference', 'seller', 'buyer', 'lines'],
  properties: {
    type: { enum: ['sale', 'return'] },
    date: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\d$' },
    currency: { type: 'string', pattern: '^[A-Z]{3}$' },
    rounding: { enum: ['line', 'total'] },
    reference: text,
    seller: { type: 'object', required: ['country'], properties: { country: text } },
    buyer: { type: 'object', required: ['country'], properties: { country: text } },
    lines: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['id', 'amount', 'category', 'rate'],
        properties: { id: text, amount: decimal, category: text, rate: decimal, taxCode: text },
      },
    },
  },
});
const hasCode = ajv.compile<{ code: string }>({
  type: 'object',
  required: ['code'],
  properties: { code: text },
});

const refuse = (res: Response, status: number, message: string): void =>
  void res.status(status).json({ error: { message } });

function answer(res: Response, outcome: Outcome): void {
  if ('message' in outcome) refuse(res, outcome.status, outcome.message);
  else res.status(outcome.status).json(outcome.record);
}

/** 422 says what is wrong with the content; anything else is the server's fault. */
function guarded(handle: RequestHandler): RequestHandler {
  return (req, res, next) => {
    try {
      handle(req, res, next);
    } catch (error) {
      if (!(error instanceof UnknownRate)) throw error;
      refuse(res, 422, error.message);
    }
  };
}

/**
 * A tax service in two phases.
 *
 * - `POST /v1/transactions/quote|commit|adjust|void`; a code stands for one content: again with the same one answers
 *   the record, with another 409
 * - `GET /v1/transactions/:code`
 * - `POST /_sandbox/faults` for `quote`, `commit`, `adjust`, `void`, `lookup`; `GET /_sandbox/transactions`
 *
 * @throws FinanceError CONFIG_INVALID for an address that is not a loopback
 */
export async function startTax(options: TaxOptions = {}): Promise<Running> {
  const state = new State(options.dataFile);
  const records = new TaxRecords(state);
  const faults = new FaultTable();
  const app = loopbackApp();
  faults.mount(app);
  app.get('/_sandbox/transactions', (_req, res) => void res.json(records.all()));

  app.use('/v1', bearer(options.apiKey ?? TAX_API_KEY), json({ limit: '2mb' }));
  const post = (operation: string, handle: RequestHandler) =>
    app.post(`/v1/transactions/${operation}`, faults.at(operation), guarded(handle));
  const withContent =
    (coded: boolean, work: (res: Response, request: Coded) => void): RequestHandler =>
    (req, res) => {
      if (coded && !hasCode(req.body)) return refuse(res, 422, 'code is missing');
      if (!isRequest(req.body)) {
        const first = isRequest.errors?.[0];
        return refuse(res, 422, `${first?.instancePath || 'body'} ${first?.message}`);
      }
      work(res, req.body as Coded);
    };
  post(
    'quote',
    withContent(false, (res, request) => void res.json(records.quote(request))),
  );
  post(
    'commit',
    withContent(true, (res, request) => answer(res, records.commit(request.code, request))),
  );
  post(
    'adjust',
    withContent(true, (res, request) => answer(res, records.adjust(request.code, request))),
  );
  post('void', (req, res) => {
    if (!hasCode(req.body)) return refuse(res, 422, 'code is missing');
    answer(res, records.void(req.body.code));
  });
  app.get('/v1/transactions/:code', faults.at('lookup'), (req, res) => {
    const record = records.get(req.params.code!);
    if (record) res.json(record);
    else refuse(res, 404, 'There is no record under this code.');
  });
  return listen(app, options, () => state.close());
}
