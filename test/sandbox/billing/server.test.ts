import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Stripe from 'stripe';
import { backfillEvents } from '../../../connectors/webhooks';
import { isFinanceError } from '../../../errors';
import {
  BILLING_API_KEY,
  DEMO_DAY,
  dayOfEvents,
  type LedgerRow,
  startBilling,
} from '../../../sandbox/billing';
import type { Running } from '../../../sandbox/lib/server';

const SECRET = 'whsec_test';
const FAST = { baseMs: 5, mostMs: 40, timeoutMs: 2000 };
const vendor = new Stripe('sk_test_1');

/** What a receiver saw and how it answered. */
interface Seen {
  body: string;
  status: number;
}
type Answer = (seen: {
  body: string;
  verified: boolean;
  nth: number;
}) => number | { status: number; retryAfter: number };

class Receiver {
  readonly seen: Seen[] = [];
  readonly times: number[] = [];
  private constructor(
    readonly server: Server,
    readonly url: string,
  ) {}

  static async start(answer: Answer): Promise<Receiver> {
    const server = createServer(async (req, res) => {
      const body = await text(req);
      const verified = isSigned(body, String(req.headers['stripe-signature']));
      const given = answer({ body, verified, nth: receiver.seen.length + 1 });
      const { status, retryAfter } =
        typeof given === 'number' ? { status: given, retryAfter: undefined } : given;
      receiver.seen.push({ body, status });
      receiver.times.push(Date.now());
      if (status === 0) return void req.socket.destroy();
      res.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const receiver = new Receiver(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`);
    return receiver;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

async function text(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function isSigned(body: string, header: string): boolean {
  try {
    vendor.webhooks.signature!.verifyHeader(body, header, SECRET, 300);
    return true;
  } catch {
    return false;
  }
}

const honest: Answer = ({ verified }) => (verified ? 200 : 401);
const get = async <T>(url: string, headers = {}): Promise<T> =>
  (await fetch(url, { headers })).json() as Promise<T>;
const post = (url: string, body: unknown) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

interface Progress {
  total: number;
  delivered: number;
  refused: number;
  waiting: number;
  attempts: number;
  done: boolean;
}

async function untilDone(billing: Running, id: string): Promise<Progress> {
  for (;;) {
    const progress = await get<Progress>(`${billing.url}/_sandbox/run?id=${id}`);
    if (progress.done) return progress;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('the billing sandbox', function () {
  this.timeout(15_000);
  let folder: string;
  const open: { close?(): Promise<void>; stop?(): void }[] = [];
  const keep = <T extends { close?(): Promise<void>; stop?(): void }>(thing: T): T => {
    open.push(thing);
    return thing;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'billing-'));
  });
  afterEach(async () => {
    for (const thing of open.splice(0)) await (thing.close?.() ?? thing.stop?.());
    rmSync(folder, { recursive: true, force: true });
  });

  it('sends a day until each event is taken, and the forged one only once', async () => {
    const receiver = keep(
      await Receiver.start(({ verified, nth }) =>
        nth % 4 === 0 ? [503, 0, 500][nth % 3]! : (honest({ verified, nth, body: '' }) as number),
      ),
    );
    const billing = keep(await startBilling({ patience: FAST }));
    const run = { runId: 'r1', seed: 's', documents: 30, targets: [{ url: receiver.url, secret: SECRET }] };
    assert.equal((await post(`${billing.url}/_sandbox/send`, run)).status, 201);
    const progress = await untilDone(billing, 'r1');
    assert.equal(progress.refused, 1);
    assert.equal(progress.delivered, progress.total - 1);

    const rows = await get<LedgerRow[]>(`${billing.url}/_sandbox/deliveries?run=r1`);
    assert.equal(
      rows.reduce((sum, row) => sum + row.attempts, 0),
      progress.attempts,
    );
    const taken = receiver.seen.filter(({ status }) => status === 200).map(({ body }) => body);
    const sent = dayOfEvents({ ...DEMO_DAY, seed: 's', documents: 30 }).filter(
      (d) => d.expected !== 'refused',
    );
    assert.deepEqual(taken.toSorted(), sent.map((d) => d.body).toSorted());
    const forged = rows.find((row) => row.expected === 'refused')!;
    assert.equal(forged.status, 'refused');
    assert.equal(receiver.seen.filter(({ status }) => status === 401).length, 1);
  });

  it('answers a run that it has with its progress, and sends nothing again', async () => {
    const receiver = keep(await Receiver.start(honest));
    const billing = keep(
      await startBilling({ patience: FAST, targets: [{ url: receiver.url, secret: SECRET }] }),
    );
    await post(`${billing.url}/_sandbox/send`, { runId: 'r', documents: 10 });
    const first = await untilDone(billing, 'r');
    const again = await post(`${billing.url}/_sandbox/send`, { runId: 'r', documents: 10 });
    assert.equal(again.status, 200);
    assert.deepEqual(await again.json(), first);
    assert.equal(receiver.seen.length, first.attempts);
  });

  it('keeps to Retry-After', async () => {
    const receiver = keep(
      await Receiver.start((seen) => (seen.nth === 1 ? { status: 503, retryAfter: 1 } : honest(seen))),
    );
    const billing = keep(await startBilling({ patience: FAST }));
    const targets = [{ url: receiver.url, secret: SECRET }];
    await post(`${billing.url}/_sandbox/send`, {
      runId: 'r',
      documents: 1,
      oddities: false,
      targets,
      entities: [{ account: 'acct_us' }],
    });
    await untilDone(billing, 'r');
    const repeated = receiver.seen.findIndex(({ body }, at) => at > 0 && body === receiver.seen[0]!.body);
    assert.ok(receiver.times[repeated]! - receiver.times[0]! >= 950);
  });

  it('goes on after a restart, and finds a receiver that has moved', async () => {
    const dataFile = join(folder, 'billing.db');
    const half = keep(await Receiver.start((seen) => (seen.nth <= 20 ? honest(seen) : 503)));
    const patience = { ...FAST, timeoutMs: 20_000 };
    const before = await startBilling({ dataFile, patience });
    await post(`${before.url}/_sandbox/send`, {
      runId: 'r',
      documents: 30,
      targets: [{ url: half.url, secret: SECRET }],
    });
    while (half.seen.length < 25) await new Promise((resolve) => setTimeout(resolve, 5));
    await before.close();
    half.stop();

    const rest = keep(await Receiver.start(honest));
    const billing = keep(await startBilling({ dataFile, patience: FAST }));
    await post(`${billing.url}/_sandbox/send`, { runId: 'r', targets: [{ url: rest.url, secret: SECRET }] });
    const progress = await untilDone(billing, 'r');
    assert.equal(progress.delivered, progress.total - 1);
    const takenFirst = half.seen.filter(({ status }) => status === 200).length;
    const takenThen = rest.seen.filter(({ status }) => status === 200).length;
    assert.equal(takenFirst + takenThen, progress.delivered, 'nothing is sent twice that was taken');
  });

  it('lists its events, and the backfill reads them oldest first, page by page, from any cursor', async () => {
    const billing = keep(await startBilling());
    await post(`${billing.url}/_sandbox/send`, { runId: 'r', documents: 40, deliver: false });
    const read = async (cursor?: string, account?: string, types?: string[]) => {
      const got: string[] = [];
      const options = { baseUrl: billing.url, apiKey: BILLING_API_KEY, cursor, account, types, pageSize: 7 };
      for await (const { event } of backfillEvents(options)) {
        assert.ok('eventId' in event, String(event));
        got.push(event.eventId);
      }
      return got;
    };
    const happened = [
      ...new Set(
        dayOfEvents({ ...DEMO_DAY, documents: 40 })
          .filter((d) => d.livemode && !d.malformed && !d.signedBody)
          .map((d) => d.eventId),
      ),
    ];
    assert.deepEqual(await read(), happened);
    assert.deepEqual(await read(happened[12]), happened.slice(13));
    assert.deepEqual(await read(happened.at(-1)), []);
    const us = await read(undefined, 'acct_us');
    assert.ok(us.length > 0 && us.length < happened.length);
    const notes = await read(undefined, undefined, ['credit_note.created']);
    assert.ok(notes.length > 0 && notes.length < us.length);
  });

  it("lists as Stripe does: the vendor's own library can walk through", async () => {
    const billing = keep(await startBilling());
    await post(`${billing.url}/_sandbox/send`, { runId: 'r', documents: 10, deliver: false });
    const { hostname, port } = new URL(billing.url);
    const stripe = new Stripe(BILLING_API_KEY, { host: hostname, port, protocol: 'http', telemetry: false });
    const walked: string[] = [];
    for await (const event of stripe.events.list({ limit: 3 })) walked.push(event.id);
    const ours: string[] = [];
    for await (const { cursor } of backfillEvents({ baseUrl: billing.url, apiKey: BILLING_API_KEY }))
      ours.push(cursor);
    assert.deepEqual(walked, ours.toReversed());
  });

  it('tells the backfill by name what is wrong', async () => {
    const billing = keep(await startBilling());
    const codeOf = async (options: { apiKey?: string; cursor?: string; baseUrl?: string }) => {
      try {
        for await (const _ of backfillEvents({ baseUrl: billing.url, apiKey: BILLING_API_KEY, ...options }));
      } catch (error) {
        return isFinanceError(error) ? error.code : error;
      }
    };
    assert.equal(await codeOf({ apiKey: 'wrong' }), 'SOURCE_UNAUTHORIZED');
    assert.equal(await codeOf({ cursor: 'evt_gone' }), 'SOURCE_CURSOR_LOST');
    assert.equal(await codeOf({ baseUrl: 'http://127.0.0.1:1' }), 'SOURCE_UNAVAILABLE');
    assert.equal(await codeOf({}), undefined);
  });

  it('tells how money moved: ids where nothing is asked for, whole where it is, and the items of a payout in pages', async () => {
    const billing = keep(await startBilling());
    const api = new Stripe(BILLING_API_KEY, {
      host: '127.0.0.1',
      port: new URL(billing.url).port,
      protocol: 'http',
    });
    const transaction = (at: number) => ({ id: `txn_${at}`, object: 'balance_transaction', payout: 'po_1' });
    const charge = { id: 'ch_1', object: 'charge', balance_transaction: transaction(0) };
    const objects = [charge, ...[0, 1, 2].map(transaction)];
    assert.equal((await post(`${billing.url}/_sandbox/objects`, objects)).status, 201);
    assert.equal((await post(`${billing.url}/_sandbox/objects`, [{ id: 1 }])).status, 400);
    assert.equal((await api.charges.retrieve('ch_1')).balance_transaction, 'txn_0');
    const whole = await api.charges.retrieve('ch_1', { expand: ['balance_transaction'] });
    assert.equal((whole.balance_transaction as Stripe.BalanceTransaction).id, 'txn_0');
    const listed: string[] = [];
    for await (const { id } of api.balanceTransactions.list({ payout: 'po_1', limit: 2 })) listed.push(id);
    assert.deepEqual(listed, ['txn_0', 'txn_1', 'txn_2']);
    await assert.rejects(api.refunds.retrieve('re_gone'), { statusCode: 404 });
  });

  it('stays on the loopback', async () => {
    await assert.rejects(
      startBilling({ host: '0.0.0.0' }),
      (error) => isFinanceError(error) && error.code === 'CONFIG_INVALID',
    );
    const billing = keep(await startBilling());
    const foreign = await new Promise<number | undefined>((resolve, reject) => {
      const { port } = new URL(billing.url);
      import('node:http').then(({ get }) =>
        get({ port, path: '/_sandbox/run', headers: { host: 'rebound.example' } }, (res) =>
          resolve(res.statusCode),
        ).on('error', reject),
      );
    });
    assert.equal(foreign, 421);
    assert.equal((await post(`${billing.url}/_sandbox/send`, { documents: -1 })).status, 400);
  });
});
