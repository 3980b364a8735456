import { strict as assert } from 'node:assert';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, it } from 'mocha';
import { signTestHeader } from '../../connectors/webhooks';
import { startBilling } from '../../sandbox/billing';
import { invoiceFinalized } from '../finance/stripe-events';
import { Bench, ENTITY, node, PIPELINE_IN } from './bench';

const SECRET = 'whsec_of_the_test';
const WEBHOOK = {
  path: '/hooks/stripe',
  scheme: 'stripe',
  system: 'stripe',
  toleranceSeconds: 300,
  bodyLimit: '100kb',
  kinds: '{"invoice.finalized":"invoice"}',
  ignore: '["customer.*"]',
  routes: JSON.stringify([
    { account: 'acct_1', livemode: true, entity: 'acme_de', mode: 'live' },
    { account: 'acct_t', livemode: false, entity: 'acme_test', mode: 'test' },
    { account: 'acct_l', entity: 'acme_de', mode: 'live' },
  ]),
};

const event = (more: object = {}) => ({
  ...invoiceFinalized({ lines: [{ id: 'il_1', amount: 100 }] }),
  livemode: true,
  ...more,
});

describe('webhook in', () => {
  let bench: Bench;
  let base: string;
  afterEach(() => bench.close());

  const flow = (more: object = {}) => [
    ENTITY,
    { ...PIPELINE_IN, wires: [['taken']] },
    node('web', 'webhook-in', { ...WEBHOOK, ...more, wires: [['told']] }),
    node('taken', 'helper'),
    node('told', 'helper'),
  ];

  async function load(more: object = {}, settings = {}, secrets = SECRET): Promise<void> {
    bench = await Bench.open(settings);
    await bench.load(flow(more), { web: { secrets } });
    base = await bench.http();
  }

  const signed = (text: string | Buffer, secret = SECRET, timestamp = new Date()) =>
    signTestHeader('stripe', { rawBody: Buffer.from(text), secret, timestamp });

  async function post(body: object | string, more: RequestInit = {}): Promise<Response> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const headers = { 'content-type': 'application/json', ...signed(text), ...(more.headers as object) };
    return await fetch(`${base}/hooks/stripe`, { method: 'POST', body: text, ...more, headers });
  }

  it('stores the exact bytes before it answers, and hands the document to its pipeline', async () => {
    await load();
    const text = `${JSON.stringify(event(), null, 1)}\n`;
    const answer = await post(text);
    assert.deepEqual([answer.status, await answer.json()], [200, { received: true }]);
    const { ledgerway, payload } = await bench.message('taken');
    assert.equal((payload as { id: string }).id, 'evt_1');
    assert.deepEqual([ledgerway?.entity, ledgerway?.kind], ['acme_de', 'invoice']);
    const { document, bodies } = await bench.store.trace({ documentId: ledgerway!.documentId });
    assert.equal(bodies[0]?.text, text);
    assert.deepEqual([document.receive_key, document.lane], ['stripe/acct_1/evt_1', 'acme_de/stripe/in_1']);
    const told = (await bench.message('told')).payload as { status: string; source: { objectId: string } };
    assert.deepEqual([told.status, told.source.objectId], ['received', 'in_1']);
  });

  it('goes on in the trace of its sender, where that is one', async () => {
    await load();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await post(event(), { headers: { traceparent } });
    assert.equal((await bench.message('taken')).ledgerway?.correlationId, traceparent);
    const next = JSON.stringify(event({ id: 'evt_2' }));
    await post(next, { headers: { ...signed(next), traceparent: '00-<script>-1-01' } });
    const documents = await bench.store.documents({});
    assert.deepEqual(
      documents.map(({ id, correlation_id }) => correlation_id === id || correlation_id),
      [true, traceparent],
    );
  });

  it('an event that comes again is answered 2xx and not a second document', async () => {
    await load();
    await post(event());
    const again = await post(event());
    assert.deepEqual([again.status, await again.json()], [200, { received: true, duplicate: true }]);
    assert.equal((await bench.store.documents({})).length, 1);
  });

  it('refuses what is not signed, signed with another secret, or signed long ago, and logs no body', async () => {
    await load();
    const body = event({ note: 'secret business' });
    const text = JSON.stringify(body);
    const wrong = signed(text, 'whsec_other');
    const old = signed(text, SECRET, new Date(Date.now() - 3_600_000));
    for (const headers of [wrong, old, { 'stripe-signature': '' }])
      assert.equal((await post(body, { headers })).status, 401);
    assert.deepEqual(await bench.store.documents({}), []);
    assert.doesNotMatch(JSON.stringify(bench.lines), /secret business|whsec_/);
    assert.equal(bench.lines.filter(({ text: said }) => said.includes('refused')).length, 3);
  });

  it('a packed body that is too large and damaged, signed or not, is refused and nothing more', async () => {
    await load();
    const packed = gzipSync(Buffer.alloc(4_000_000, 'a'));
    const broken = Buffer.concat([packed.subarray(0, packed.length - 200), Buffer.alloc(200, 7)]);
    for (let times = 0; times < 5; times++) {
      const headers = { 'content-encoding': 'gzip' };
      const answer = await fetch(`${base}/hooks/stripe`, { method: 'POST', body: broken, headers }).catch(
        () => undefined,
      );
      assert.ok(answer === undefined || [400, 413].includes(answer.status), String(answer?.status));
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal((await post(event())).status, 200, 'the process lives');
  });

  it('takes the id that the signature covers where the body has none: two events about one object are two', async () => {
    const secret = `whsec_${Buffer.from('key-of-the-standard').toString('base64')}`;
    const pointers = {
      type: '/type',
      occurredAt: '/timestamp',
      objectId: '/data/id',
      objectKind: '=invoice',
      account: '/account',
    };
    const standard = { scheme: 'standard-webhooks', schemeOptions: JSON.stringify({ event: pointers }) };
    await load(
      { ...standard, system: 'other', kinds: '{"invoice.created":"invoice","invoice.voided":"invoice"}' },
      {},
      secret,
    );
    for (const [id, type] of [
      ['msg_1', 'invoice.created'],
      ['msg_2', 'invoice.voided'],
      ['msg_2', 'invoice.voided'],
    ] as const) {
      const text = JSON.stringify({
        type,
        timestamp: '2026-11-20T10:00:00Z',
        account: 'acct_l',
        data: { id: 'in_1' },
      });
      const headers = signTestHeader('standard-webhooks', {
        rawBody: Buffer.from(text),
        secret,
        timestamp: new Date(),
        id,
      });
      assert.equal((await post(text, { headers })).status, 200);
    }
    const keys = (await bench.store.deliveries()).map(({ receive_key, count }) => [receive_key, count]);
    assert.deepEqual(keys, [
      ['other/acct_l/msg_1', 1],
      ['other/acct_l/msg_2', 2],
    ]);
  });

  it('takes the old and the new secret during a rotation', async () => {
    await load({}, {}, `whsec_next\n${SECRET}\n`);
    assert.equal((await post(event())).status, 200);
    const next = JSON.stringify(event({ id: 'evt_2' }));
    assert.equal((await post(next, { headers: signed(next, 'whsec_next') })).status, 200);
  });

  it('without a secret the sender shall come again', async () => {
    await load({}, {}, '');
    const answer = await post(event());
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '5']);
  });

  it('takes POST only', async () => {
    await load();
    const answer = await fetch(`${base}/hooks/stripe`);
    assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'POST']);
  });

  it('limits the size, of what is unpacked too', async () => {
    await load();
    const big = JSON.stringify(event({ filler: 'x'.repeat(200_000) }));
    assert.equal((await post(big)).status, 413);
    const packed = gzipSync(big);
    assert.ok(packed.length < 10_000);
    assert.equal((await post(big, { body: packed, headers: { 'content-encoding': 'gzip' } })).status, 413);
    assert.equal((await post('x', { headers: { 'content-encoding': 'lzma' } })).status, 415);
    assert.equal((await post('x', { headers: { 'content-encoding': 'gzip' } })).status, 400);
  });

  it('takes a packed body; the signature is over what it holds', async () => {
    await load();
    const text = JSON.stringify(event());
    const answer = await post(text, { body: gzipSync(text), headers: { 'content-encoding': 'gzip' } });
    assert.equal(answer.status, 200);
  });

  it('fails loudly where something in front has read the body', async () => {
    bench = await Bench.open();
    const parser = {
      use: (RED: { httpNode: { use(handler: unknown): void } }) =>
        RED.httpNode.use((req: { body?: unknown }, _res: unknown, next: () => void) => {
          req.body = {};
          next();
        }),
    };
    await bench.load(flow(), { web: { secrets: SECRET } }, [(RED) => parser.use(RED as never)]);
    base = await bench.http();
    assert.equal((await post(event())).status, 500);
    assert.match(bench.lines.find(({ level }) => level === 'error')?.text ?? '', /remove that middleware/);
  });

  it('stores a signed body that is no event, holds it, and answers 2xx', async () => {
    await load();
    for (const text of ['{half', '[]', JSON.stringify({ id: 'evt_9', type: 'invoice.finalized' })])
      assert.equal((await post(text)).status, 200);
    const again = await post('{half');
    assert.deepEqual(await again.json(), { received: true, duplicate: true });
    assert.deepEqual((await bench.codes()).sort(), [
      'SOURCE_EVENT_INVALID',
      'SOURCE_UNPARSABLE',
      'SOURCE_UNPARSABLE',
    ]);
    const figures = await bench.store.figures();
    assert.equal(figures['']?.exceptions, 3);
  });

  it('Routing: no entity, a test event at a live one, and a test event at its own', async () => {
    await load();
    await post(event({ id: 'a', account: 'acct_strange' }));
    await post(event({ id: 'b', account: 'acct_1', livemode: false }));
    await post(event({ id: 'c', account: 'acct_l', livemode: false }));
    await post(event({ id: 'd', account: 'acct_t', livemode: false }));
    await post(event({ id: 'e', account: undefined }));
    const documents = await bench.store.documents({});
    const seen = documents.map(({ receive_key, entity, error }) => [
      receive_key.split('/')[2],
      entity,
      error ? JSON.parse(error).code : null,
    ]);
    assert.deepEqual(seen.sort(), [
      ['a', '', 'SOURCE_UNROUTED'],
      ['b', 'acme_de', 'SOURCE_TEST_MODE'],
      ['c', 'acme_de', 'SOURCE_TEST_MODE'],
      ['d', 'acme_test', 'RUN_UNCLAIMED'],
      ['e', '', 'SOURCE_UNROUTED'],
    ]);
    assert.equal(bench.at('taken').length, 0);
  });

  it('stores and skips the types to ignore; an unknown type is an exception', async () => {
    await load();
    await post(event({ id: 'a', type: 'customer.updated' }));
    await post(event({ id: 'b', type: 'charge.refunded' }));
    const figures = await bench.store.figures();
    assert.deepEqual([figures.acme_de?.skipped, figures.acme_de?.exceptions], [1, 1]);
    assert.deepEqual(await bench.codes(), ['RUN_UNCLAIMED']);
  });

  it('puts senders off while it drains and above the high-water mark; nothing is acknowledged', async () => {
    await load({}, { highWater: 1 });
    const draining = bench.host.drain(10);
    assert.equal((await post(event())).status, 503);
    await draining;
    bench.host.resume();
    assert.equal((await post(event())).status, 200);
    const full = await post(event({ id: 'evt_2' }));
    assert.deepEqual([full.status, full.headers.get('retry-after')], [503, '5']);
    assert.equal((await bench.store.documents({})).length, 1);
  });

  it('a redeploy leaves one route, and its end none; a second node with the path is red', async () => {
    await load();
    const twin = node('web2', 'webhook-in', { ...WEBHOOK, wires: [[]] });
    await bench.redeploy([...flow(), twin], { web: { secrets: SECRET }, web2: { secrets: SECRET } });
    const reds = ['web', 'web2'].filter((id) => bench.status(id).fill === 'red');
    assert.equal(reds.length, 1);
    assert.equal((await post(event())).status, 200);
    assert.equal((await bench.store.documents({})).length, 1);
    await bench.redeploy([ENTITY, { ...PIPELINE_IN, wires: [[]] }]);
    assert.equal((await post(event())).status, 404);
  });

  it('is red where its configuration is not right', async () => {
    for (const more of [
      { path: 'no slash' },
      { kinds: '[' },
      { routes: '[{}]' },
      { scheme: 'hmac' },
      { scheme: 'x' },
      { bodyLimit: 'much' },
    ]) {
      bench = await Bench.open();
      await bench.load(flow(more), { web: { secrets: SECRET } });
      assert.equal(bench.status('web').fill, 'red', JSON.stringify(more));
      await bench.close();
    }
    bench = await Bench.open();
  });

  it('takes a declared source with an HMAC of its own make', async () => {
    const options = {
      header: 'x-signature',
      encoding: 'hex',
      event: {
        eventId: '/event',
        type: '/what',
        occurredAt: '/at',
        objectId: '/order/no',
        objectKind: '=order',
        account: '/shop',
      },
    };
    const shop = {
      scheme: 'hmac',
      system: 'shop',
      schemeOptions: JSON.stringify(options),
      kinds: '{"order.paid":"invoice"}',
      routes: '[{"account":"s1","entity":"acme_de","mode":"live"}]',
    };
    await load(shop);
    const text = JSON.stringify({
      event: 'e1',
      what: 'order.paid',
      at: '2026-11-21T00:00:00Z',
      order: { no: 7 },
      shop: 's1',
    });
    const { event: _event, ...scheme } = options;
    const headers = signTestHeader(
      { scheme: 'hmac', ...scheme, encoding: 'hex' },
      {
        rawBody: Buffer.from(text),
        secret: SECRET,
        timestamp: new Date(),
      },
    );
    assert.equal((await post(text, { headers })).status, 200);
    const { ledgerway } = await bench.message('taken');
    assert.equal(ledgerway?.lane, 'acme_de/shop/7');
  });

  it('backfills what webhooks missed, goes on from its cursor, and starts again where the source lost it', async () => {
    const billing = await startBilling({ apiKey: 'sk_of_the_test' });
    const send = (runId: string, documents: number) =>
      fetch(`${billing.url}/_sandbox/send`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          runId,
          seed: runId,
          documents,
          deliver: false,
          oddities: false,
          entities: [{ account: 'acct_1', profile: 'de' }],
          targets: [{ url: 'http://127.0.0.1:9/', secret: 'x' }],
        }),
      });
    try {
      const sent = await send('one', 20);
      assert.equal(sent.status, 201, await sent.text());
      bench = await Bench.open();
      const more = {
        backfillUrl: billing.url,
        backfillMinutes: 0.01,
        kinds: '{"invoice.finalized":"invoice","credit_note.created":"credit_note"}',
        routes: '[{"account":"acct_1","entity":"acme_de","mode":"live"}]',
      };
      await bench.load(flow(more), { web: { secrets: SECRET, backfillKey: 'sk_of_the_test' } });
      const count = async () => (await bench.store.documents({ limit: 500 })).length;
      await bench.until(async () => (await count()) >= 15, 'first backfill');
      const name = 'backfill/stripe/acct_1';
      const cursor = await bench.store.getCursor({ name });
      assert.match(cursor ?? '', /^evt_/);
      await send('two', 20);
      const deliveries = await (await fetch(`${billing.url}/_sandbox/deliveries`)).json();
      const all = new Set((deliveries as { eventId: string }[]).map(({ eventId }) => eventId)).size;
      await bench.until(async () => (await count()) === all, 'second backfill');
      assert.notEqual(await bench.store.getCursor({ name }), cursor);
      const figures = await bench.store.figures();
      assert.equal(figures.acme_de?.duplicates, 0, 'the cursor leaves out what was read');
      assert.deepEqual(await bench.codes(), []);
      // the source forgets the cursor: all is read again, and known already
      await bench.store.setCursor({ name, value: 'evt_gone' });
      await bench.until(async () => (await bench.store.getCursor({ name })) !== 'evt_gone', 'third backfill');
      assert.equal(await count(), all);
    } finally {
      await billing.close();
    }
  }).timeout(10_000);
});
