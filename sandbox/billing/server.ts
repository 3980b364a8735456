import { type Express, json, type Request, type Response } from 'express';
import { bearer, listen, loopbackApp, type Running } from '../lib/server';
import { State } from '../lib/state';
import { PROFILES } from './catalog';
import { type DayOptions, DEMO_DAY, dayOfEvents } from './day';
import { Ledger, type Run, type WebhookTarget } from './ledger';
import { mountMoney } from './money';
import { type Patience, Sender } from './sender';

/** Secret key of the sandbox's API, and the signing secret of a target that names none. */
export const BILLING_API_KEY = 'sk_live_sandbox';
export const BILLING_WEBHOOK_SECRET = 'whsec_sandbox_billing';

export interface BillingOptions {
  host?: string;
  /** 0 takes a free one. */
  port?: number;
  /** SQLite file; memory where left out. */
  dataFile?: string;
  /** For runs that name none. */
  targets?: WebhookTarget[];
  apiKey?: string;
  patience?: Partial<Patience>;
}

/** Body of `POST /_sandbox/send`. */
export interface SendRequest extends Partial<DayOptions> {
  /** Equal ids are one run; made of seed and count where left out. */
  runId?: string;
  targets?: WebhookTarget[];
  concurrency?: number;
  ratePerSecond?: number;
  deliver?: boolean;
}

const PATIENCE: Patience = { timeoutMs: 10_000, baseMs: 200, mostMs: 5_000 };

/**
 * A billing system that makes Stripe-shaped events and sends them as webhooks.
 *
 * - `POST /_sandbox/send` {@link SendRequest} starts a run, or moves the target of a run that exists
 * - `GET /_sandbox/run[?id=]` progress, `GET /_sandbox/deliveries[?run=]` the ledger
 * - `GET /v1/events` the list of events, as Stripe's; charges, refunds and balance transactions: see {@link mountMoney}
 *
 * @throws FinanceError CONFIG_INVALID for an address that is not a loopback
 */
export async function startBilling(options: BillingOptions = {}): Promise<Running> {
  const state = new State(options.dataFile);
  const ledger = new Ledger(state);
  const senders = new Map<string, Sender>();
  const patience = { ...PATIENCE, ...options.patience };

  const resume = (run: Run): void => {
    if (!run.deliver) return;
    const sender = new Sender(ledger, run, patience);
    senders.set(run.id, sender);
    sender.start();
  };

  const app = loopbackApp();
  mountControl(app, ledger, options.targets ?? [], {
    start: resume,
    retarget: (run) => senders.get(run.id)?.retarget(run),
  });
  const apiKey = options.apiKey ?? BILLING_API_KEY;
  mountEvents(app, ledger, apiKey);
  mountMoney(app, state, apiKey);
  const running = await listen(app, options, () => state.close());
  for (const run of ledger.allRuns()) resume(run);
  const close = async () => {
    await Promise.all([...senders.values()].map((sender) => sender.stop()));
    await running.close();
  };
  return { ...running, close };
}

interface Runner {
  start(run: Run): void;
  retarget(run: Run): void;
}

function mountControl(app: Express, ledger: Ledger, targets: WebhookTarget[], runner: Runner): void {
  app.post('/_sandbox/send', json(), (req, res) => {
    const request = readSend(req.body);
    if (typeof request === 'string') return void res.status(400).json({ error: { message: request } });
    const day = dayOptionsOf(request);
    const id = request.runId ?? `${day.seed}:${day.documents}`;
    const before = ledger.run(id);
    if (before && request.targets) {
      const moved = { ...before, targets: request.targets };
      ledger.put(moved);
      runner.retarget(moved);
    }
    if (!before) {
      const run: Run = {
        id,
        targets: request.targets ?? targets,
        concurrency: request.concurrency ?? 8,
        ratePerSecond: request.ratePerSecond,
        deliver: request.deliver ?? true,
        startedAt: Date.now(),
      };
      ledger.start(run, dayOfEvents(day));
      runner.start(run);
    }
    res.status(before ? 200 : 201).json(ledger.progress(id));
  });
  app.get('/_sandbox/run', (req, res) => {
    const id = queryText(req, 'id');
    if (id === undefined) return void res.json(ledger.allRuns().map((run) => ledger.progress(run.id)));
    if (!ledger.run(id)) return void res.status(404).json({ error: { message: `There is no run ${id}.` } });
    res.json(ledger.progress(id));
  });
  app.get('/_sandbox/deliveries', (req, res) => void res.json(ledger.rows(queryText(req, 'run'))));
}

function dayOptionsOf(request: SendRequest): DayOptions {
  const {
    seed = DEMO_DAY.seed,
    documents = DEMO_DAY.documents,
    entities = DEMO_DAY.entities,
    day,
    oddities,
  } = request;
  return { seed, documents, entities, day, oddities };
}

function mountEvents(app: Express, ledger: Ledger, apiKey: string): void {
  app.get('/v1/events', bearer(apiKey), (req, res) => {
    const limit = Number(req.query.limit ?? 10);
    if (!Number.isInteger(limit) || limit < 1 || limit > 100) return refuse(res, 'limit: 1 to 100');
    const [after, before] = [queryText(req, 'starting_after'), queryText(req, 'ending_before')];
    const named = after ?? before;
    const place = named === undefined ? undefined : ledger.seqOf(named);
    if (named !== undefined && place === undefined) return refuse(res, `No such event: '${named}'`);
    const types = [req.query.type, req.query.types, req.query['types[]']]
      .flat()
      .filter((type) => typeof type === 'string');
    const bounds = before === undefined ? { below: place } : { above: place };
    const account = req.get('stripe-account');
    const found = ledger.events({ ...bounds, account, types, limit: limit + 1 });
    const page = found.slice(0, limit);
    const newestFirst = before === undefined ? page : page.reverse();
    res
      .type('json')
      .send(
        `{"object":"list","url":"/v1/events","has_more":${found.length > limit},"data":[${newestFirst.join(',')}]}`,
      );
  });
}

function refuse(res: Response, message: string): void {
  res.status(400).json({ error: { type: 'invalid_request_error', code: 'resource_missing', message } });
}

function queryText(req: Request, name: string): string | undefined {
  const value = req.query[name];
  return typeof value === 'string' ? value : undefined;
}

/** The request, or what is wrong with it. */
function readSend(body: unknown): SendRequest | string {
  if (typeof body !== 'object' || body === null) return 'the body is no JSON object';
  const given = body as Record<string, unknown>;
  const isText = (value: unknown) => typeof value === 'string' && value !== '';
  const isCount = (value: unknown) => Number.isInteger(value) && (value as number) > 0;
  const isList = (value: unknown, isItem: (item: Record<string, unknown>) => boolean) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => typeof item === 'object' && item !== null && isItem(item));
  const checks: [keyof SendRequest, (value: unknown) => boolean][] = [
    ['runId', isText],
    ['seed', isText],
    ['documents', isCount],
    ['day', (value) => isText(value) && /^\d{4}-\d\d-\d\d$/.test(value as string)],
    ['concurrency', isCount],
    ['ratePerSecond', (value) => typeof value === 'number' && value > 0],
    ['deliver', (value) => typeof value === 'boolean'],
    ['oddities', (value) => typeof value === 'boolean'],
    [
      'entities',
      (value) =>
        isList(
          value,
          ({ account, profile }) =>
            isText(account) && (profile === undefined || Object.hasOwn(PROFILES, String(profile))),
        ),
    ],
    ['targets', (value) => isList(value, (item) => URL.canParse(String(item.url)) && isText(item.secret))],
  ];
  const wrong = checks.find(([name, passes]) => given[name] !== undefined && !passes(given[name]));
  return wrong ? `${wrong[0]} is not valid` : (given as SendRequest);
}
