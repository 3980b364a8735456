import assert from 'node:assert/strict';
import { DEMO_LOGIN, demoSeed, type OdooOptions, type RunningOdoo, startOdoo } from '../../../sandbox/odoo';
import { Caller, loadedIds, loadInvoices } from './caller';

describe('Sandbox Odoo: faults on demand, workers and races', () => {
  let server: RunningOdoo;
  let caller: Caller;

  async function start(options: Partial<OdooOptions> = {}): Promise<void> {
    server = await startOdoo({ seed: demoSeed(), ...options });
    caller = new Caller(server.url);
  }
  afterEach(() => server.close());

  const ask = (fault: object) =>
    fetch(`${server.url}/_sandbox/faults`, { method: 'POST', body: JSON.stringify(fault) });
  const onLoad = { match: { model: 'account.move', method: 'load' }, times: 1 };
  const isThere = async (name: string) =>
    caller.call('ir.model.data', 'check_object_reference', ['fault', name]).then(
      () => true,
      () => false,
    );

  for (const [mode, seen, committed] of [
    ['fail-before', /failed before/, false],
    ['fail-after-commit', /failed after/, true],
    ['drop-before', /fetch failed|other side closed/, false],
    ['drop-after-commit', /fetch failed|other side closed/, true],
    ['connection-lost', /cursor already closed/, false],
    ['http-502', /JSON/, false],
    ['html', /JSON/, false],
  ] as const)
    it(`${mode}: the call ${committed ? 'committed all the same' : 'left nothing'}, and the repeat gives the record`, async () => {
      await start();
      assert.equal((await ask({ ...onLoad, mode })).status, 201);
      await assert.rejects(loadInvoices(caller, [{ key: `fault.x`, lines: [{ price: '1' }] }]), seen);
      assert.equal(await isThere('x'), committed);
      assert.deepEqual(await loadedIds(caller, [{ key: 'fault.x', lines: [{ price: '1' }] }]), [1]);
    });

  it('serialization: a message from load, a fault from every other method', async () => {
    await start();
    await ask({ ...onLoad, mode: 'serialization' });
    const { ids, messages } = await loadInvoices(caller, [{ key: 'fault.x', lines: [{ price: '1' }] }]);
    assert.equal(ids, false);
    assert.equal(messages[0]?.message, 'could not serialize access due to concurrent update\n');
    await ask({ match: { method: 'search' }, times: 1, mode: 'serialization' });
    await assert.rejects(caller.call('res.partner', 'search', [[]]), /could not serialize/);
  });

  it('strikes by a seeded chance, the same way each time', async () => {
    const run = async () => {
      await start();
      await ask({ match: { method: 'search' }, mode: 'fail-before', probability: 0.5, seed: 7 });
      const outcomes: boolean[] = [];
      for (let at = 0; at < 20; at += 1)
        outcomes.push(
          await caller.call('res.partner', 'search', [[]]).then(
            () => true,
            () => false,
          ),
        );
      return outcomes;
    };
    const first = await run();
    await server.close();
    const second = await run();
    assert.deepEqual(first, second);
    assert.equal(new Set(first).size, 2);
  });

  it('refuses a fault that it does not know, lists and clears the others', async () => {
    await start();
    assert.equal((await ask({ mode: 'flood' })).status, 400);
    await ask({ mode: 'delay', delayMs: 1 });
    assert.equal(((await (await fetch(`${server.url}/_sandbox/faults`)).json()) as unknown[]).length, 1);
    await fetch(`${server.url}/_sandbox/faults`, { method: 'DELETE' });
    assert.deepEqual(await (await fetch(`${server.url}/_sandbox/faults`)).json(), []);
  });

  it('lets one of several equal loads win; the others lose with the serialization message and get its id next time', async () => {
    await start({ workers: 4, costModel: 'odoo17' });
    const draft = { key: 'fault.race', lines: [{ price: '1' }] };
    const answers = await Promise.all([1, 2, 3, 4].map(() => loadInvoices(caller, [draft])));
    assert.equal(answers.filter(({ ids }) => ids).length, 1);
    const losers = answers.filter(({ ids }) => !ids).map(({ messages }) => messages[0]?.message);
    assert.deepEqual([...new Set(losers)], ['could not serialize access due to concurrent update\n']);
    assert.deepEqual(await loadedIds(caller, [draft]), [1]);
    assert.equal(server.db.all('account.move').length, 1);
  });

  it('runs no more calls at once than it has workers', async () => {
    await start({ workers: 1 });
    await ask({ mode: 'delay', delayMs: 60 });
    const started = performance.now();
    await Promise.all([1, 2, 3].map(() => caller.call('res.partner', 'search', [[]])));
    assert.ok(performance.now() - started >= 175);
  });

  it('logs calls by model and method, and never a key', async () => {
    await start();
    await caller.call('res.partner', 'search', [[]]);
    const log = await (await fetch(`${server.url}/_sandbox/log`)).text();
    assert.match(log, /"res.partner.search":1/);
    assert.ok(!log.includes(DEMO_LOGIN.apiKey));
  });

  it('refuses members named __proto__ on both wires', async () => {
    await start();
    const json =
      '{"jsonrpc":"2.0","id":1,"params":{"service":"common","method":"version","args":[{"__proto__":{"a":1}}]}}';
    const refused = await fetch(`${server.url}/jsonrpc`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: json,
    });
    assert.equal(refused.status, 400);
    for (const name of ['__proto__', '&#95;_proto__', '<![CDATA[__proto__]]>']) {
      const xml = `<?xml version="1.0"?><methodCall><methodName>version</methodName><params><param><value><struct><member><name>${name}</name><value><struct></struct></value></member></struct></value></param></params></methodCall>`;
      const answer = await fetch(`${server.url}/xmlrpc/2/common`, {
        method: 'POST',
        headers: { 'Content-Type': 'text/xml' },
        body: xml,
      });
      assert.match(await answer.text(), /faultCode/, name);
    }
  });
});
