import { strict as assert } from 'node:assert';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { FinanceError } from '../../errors';
import type { RedApi } from '../../nodes/kit/red';
import { CRM_API_KEY, type CrmWrite, startCrm } from '../../sandbox/crm';
import { Bench, ENTITY, node, PIPELINE_IN } from './bench';
import { partyOf } from './master-bench';

const NODES = ['api-call'].map(
  (type) => require(join(__dirname, '..', '..', 'nodes', type, `${type}.js`)) as (RED: RedApi) => void,
);

/** The state of a customer's account, as a source brings it. */
const stateOf = (open: string, more: object = {}): object => ({ id: 'c_1', open, ...more });

describe('api call', () => {
  let bench: Bench;
  let crm: Awaited<ReturnType<typeof startCrm>>;
  beforeEach(async () => {
    crm = await startCrm();
    bench = await Bench.open({ graceMs: 60_000 });
  });
  afterEach(async () => {
    await bench.close();
    await crm.close();
  });

  const PUT = {
    step: 'balance',
    method: 'PUT',
    path: '"v1/customers/" & $encodeUrlComponent(payload.id)',
    body: '{"open": payload.open}',
    refusesDoubles: true,
  };
  const POST = {
    step: 'note',
    method: 'POST',
    path: '"v1/notes"',
    body: '{"reference": ledgerway.documentId}',
  };

  const call = (config: object): object =>
    node('call', 'api-call', {
      url: crm.url,
      keyHeader: 'Idempotency-Key',
      timeoutSeconds: 2,
      ...config,
      wires: [['out'], ['exceptions']],
    });
  const load = (config: object, { pipeline = {}, secret = CRM_API_KEY } = {}): Promise<void> =>
    bench.load(
      [
        ENTITY,
        { ...PIPELINE_IN, kinds: '["state"]', ...pipeline, wires: [['call']] },
        call(config),
        node('out', 'pipeline-out', { wires: [['done']] }),
        node('done', 'helper'),
        node('exceptions', 'exception-route', { mode: 'by kind', wires: [['retried'], ['held'], ['held']] }),
        node('retried', 'helper'),
        node('held', 'helper'),
      ],
      { call: { secret } },
      NODES,
    );
  const receive = (body: object, lane = 'c_1'): Promise<string> =>
    bench.receive(body, { kind: 'state', lane });
  const writes = async () => (await (await fetch(`${crm.url}/_sandbox/writes`)).json()) as CrmWrite[];
  const bodies = async () => (await writes()).map(({ body }) => body);
  const fault = (given: object): Promise<unknown> =>
    fetch(`${crm.url}/_sandbox/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(given),
    });
  const held = async (): Promise<FinanceError> => (await bench.message('held')).error as FinanceError;

  it('writes once, with the key of the document; a replay gives the recorded answer', async () => {
    await load(PUT);
    const documentId = await receive(stateOf('10.00'));
    const { api } = await bench.message('done');
    assert.deepEqual(api, {
      status: 201,
      body: { collection: 'customers', id: 'c_1', body: { open: '10.00' }, writes: 1 },
      outdated: false,
    });
    await bench.store.replay({ documentId, actor: 'carla', reason: 'again' });
    assert.deepEqual((await bench.message('done', 2)).api, api);
    assert.deepEqual(await writes(), [
      { collection: 'customers', id: 'c_1', key: documentId, body: { open: '10.00' } },
    ]);
    assert.deepEqual(await bench.kindsOfSteps(documentId), ['api.balance done']);
  });

  it('an answer that is lost: sent again where doubles are refused, and there is still one', async () => {
    await load({ ...PUT, body: '{"open": payload.open, "id": payload.id}' });
    await fault({ fault: 'drop-after-commit', at: 'write' });
    await receive(stateOf('10.00'));
    await bench.message('done');
    assert.deepEqual(await bodies(), [{ open: '10.00', id: 'c_1' }]);
  });

  it('where doubles are not refused, the look-up finds what was written', async () => {
    await load({ ...POST, keyHeader: '', probe: '"v1/notes?reference=" & ledgerway.documentId' });
    await fault({ fault: 'drop-after-commit', at: 'write' });
    const documentId = await receive(stateOf('10.00'));
    const { api } = await bench.message('done');
    assert.equal((api as { status: number }).status, 200);
    assert.deepEqual(await bodies(), [{ reference: documentId }]);
  });

  it('and without a trace of it, or without a look-up, a person decides: nothing is sent twice', async () => {
    await load({ ...POST, keyHeader: '' });
    await fault({ fault: '502', at: 'write' });
    const documentId = await receive(stateOf('10.00'));
    await bench.state(documentId, 'held');
    assert.deepEqual([await bench.codes(), await bodies()], [['RUN_IN_DOUBT'], []]);
  });

  it('a state that is older than what was sent is not sent, however late it comes', async () => {
    await load(
      { ...PUT, object: 'payload.id', revision: 'payload.revision' },
      { pipeline: { lanePolicy: 'pass' } },
    );
    await receive(stateOf('7.00', { revision: 7 }));
    await bench.message('done');
    await receive(stateOf('3.00', { revision: 3 }));
    const late = await bench.message('done', 2);
    assert.deepEqual(late.api, { body: null, outdated: true });
    await receive(stateOf('12.00', { revision: 12 }));
    await bench.message('done', 3);
    assert.deepEqual(await bodies(), [{ open: '7.00' }, { open: '12.00' }]);
  });

  it('nor is one that is older than one that is still to be sent again', async () => {
    await load(
      { ...PUT, object: 'payload.id', revision: 'payload.revision' },
      { pipeline: { lanePolicy: 'pass' } },
    );
    await fault({ fault: '422', at: 'write' });
    await receive(stateOf('7.00', { revision: 7 }));
    await held();
    await receive(stateOf('3.00', { revision: 3 }));
    assert.deepEqual((await bench.message('done')).api, { body: null, outdated: true });
    assert.deepEqual(await bodies(), []);
  });

  it('a held state, retried after a newer one, does not come back', async () => {
    await load({ ...PUT, object: 'payload.id' }, { pipeline: { lanePolicy: 'pass' } });
    await fault({ fault: '422', at: 'write' });
    const documentId = await receive(stateOf('1.00'));
    assert.equal((await held()).code, 'CALL_REJECTED');
    await new Promise((done) => setTimeout(done, 5));
    await receive(stateOf('2.00'));
    await bench.message('done');
    await bench.store.replay({ documentId, actor: 'carla', reason: 'again' });
    assert.equal(((await bench.message('done', 2)).api as { outdated: boolean }).outdated, true);
    assert.deepEqual(await bodies(), [{ open: '2.00' }]);
  });

  it('tells what the system says, by its kind', async () => {
    await load(PUT, { secret: 'wrong' });
    await receive(stateOf('1.00'));
    const { code, message } = await held();
    assert.deepEqual(
      [code, message],
      ['CALL_UNAUTHORIZED', 'The system answered HTTP 401: The API key is not right.'],
    );
  });

  it('asked for patience it comes again; a conflict is held', async () => {
    await load({ ...PUT, key: '"fixed"' });
    await fault({ fault: '429', at: 'write', retryAfterSeconds: 0 });
    await receive(stateOf('1.00'));
    await bench.message('done');
    assert.equal(((await bench.message('retried')).error as FinanceError).code, 'CALL_UNAVAILABLE');
    await receive(stateOf('2.00'));
    assert.equal((await held()).code, 'CALL_CONFLICT');
    assert.deepEqual(await bodies(), [{ open: '1.00' }]);
  });

  it('an expression that gives nothing sends nothing', async () => {
    await load({ ...PUT, body: '{"open": $sum(payload.lines.amount)}', path: 'payload.nowhere' });
    await receive(stateOf('1.00'));
    assert.equal((await held()).code, 'MAP_EXPRESSION');
    assert.deepEqual(await bodies(), []);
  });

  it('amounts are added exactly, and time is the document’s', async () => {
    await load({ ...PUT, body: '{"open": $sum(payload.amounts), "at": $millis() = ledgerway.receivedAt}' });
    await receive({ id: 'c_1', amounts: ['0.10', '0.20'] });
    await bench.message('done');
    assert.deepEqual(await bodies(), [{ open: '0.30', at: true }]);
  });

  it('works on a message of an ordinary flow as well', async () => {
    const path = '"v1/customers/" & payload.source.id';
    await bench.load(
      [
        ENTITY,
        { ...call({ ...PUT, path, body: 'payload.party' }), wires: [['done'], ['failed']] },
        node('done', 'helper'),
        node('failed', 'helper'),
      ],
      { call: { secret: CRM_API_KEY } },
      NODES,
    );
    for (const time of [1, 2]) {
      bench.send('call', { payload: partyOf() });
      await bench.message('done', time);
    }
    assert.equal((await writes()).length, 1);
    bench.send('call', { payload: 'text' });
    assert.equal(((await bench.message('failed')).error as FinanceError).code, 'RUN_NO_DOCUMENT');
  });

  it('a configuration that cannot be right is said at the deploy', async () => {
    await load({ ...PUT, path: '"v1/' });
    assert.equal(bench.status('call').fill, 'red');
    await receive(stateOf('1.00'));
    assert.equal((await held()).code, 'MAP_EXPRESSION');
  });

  describe('before an address that is not its own', () => {
    let server: Server;
    let seen: { url?: string; headers: IncomingHttpHeaders }[];
    beforeEach(async () => {
      seen = [];
      server = createServer((req, res) => {
        seen.push({ url: req.url, headers: req.headers });
        res.writeHead(302, { location: 'https://elsewhere.example/' }).end();
      });
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    });
    afterEach(() => new Promise((done) => void server.close(done)));
    const url = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;

    it('follows no redirect, and keeps the key out of the store', async () => {
      const login = { authentication: 'header', authHeader: 'X-Api-Key' };
      await load({ ...PUT, ...login, url: url('/api') }, { secret: 'sesame-open-up' });
      const documentId = await receive(stateOf('1.00'));
      assert.equal((await held()).code, 'CALL_REJECTED');
      assert.deepEqual(
        seen.map(({ url, headers }) => [url, headers['x-api-key'], headers['idempotency-key']]),
        [['/api/v1/customers/c_1', 'sesame-open-up', documentId]],
      );
      assert.doesNotMatch(JSON.stringify(await bench.store.trace({ documentId })), /sesame/);
    });

    it('no path of the data leads out', async () => {
      await load({ ...PUT, url: url('/api'), path: 'payload.id' });
      await receive({ id: '../admin', open: '1.00' });
      assert.equal((await held()).code, 'CALL_REJECTED');
      assert.deepEqual(seen, []);
    });
  });
});
