import { strict as assert } from 'node:assert';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { Host, type Store } from '../../engine';
import { FinanceError } from '../../errors';
import { degradations } from '../../runtime/degradation';
import { healthRoutes } from '../../runtime/health';
import { PIPELINE, receive, Scratch, take } from '../support/store';

const ODOO = 'http://odoo/ledger';
const TAX = 'http://tax';

describe('Readiness', () => {
  let scratch: Scratch;
  let store: Store;
  let host: Host;
  let server: Server;

  beforeEach(async () => {
    scratch = new Scratch();
    store = await scratch.store();
    host = new Host({ default: store }, { targets: { [ODOO]: { breaker: { failures: 1 } }, [TAX]: {} } });
    await host.flowsStarted();
    server = createServer(express().use(healthRoutes(host)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await host.close();
    await scratch.remove();
  });

  async function ready(): Promise<{ status: number; targets: unknown }> {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/readyz`);
    const { targets } = (await answer.json()) as { targets: unknown };
    return { status: answer.status, targets };
  }

  it('names targets that are down or paused, and stays ready: what is for them waits in the store', async () => {
    assert.deepEqual(await ready(), { status: 200, targets: { [ODOO]: 'up', [TAX]: 'up' } });
    const passage = await host.targets.of(ODOO).enter();
    await assert.rejects(passage.run(() => Promise.reject(new FinanceError('ODOO_UNAVAILABLE'))));
    await store.pauseTarget({ target: TAX, paused: true, actor: 'ann', reason: 'maintenance' });
    assert.deepEqual(await ready(), { status: 200, targets: { [ODOO]: 'degraded', [TAX]: 'degraded' } });
  });

  it('what is delayed is told with since when and how much waits for it, while intake goes on', async () => {
    const log = { info() {}, warn() {}, error() {} };
    assert.deepEqual(await degradations(host, log), []);
    const before = Date.now();
    host.declarePipeline('n1', 'default', PIPELINE, () => undefined);
    await host.flowsStarted();
    await receive(store, 'in_1');
    await receive(store, 'in_2');
    const context = await take(store);
    const passage = await host.targets.of(ODOO).enter();
    await assert.rejects(passage.run(() => Promise.reject(new FinanceError('ODOO_UNAVAILABLE'))));
    const away = new FinanceError('TARGET_UNAVAILABLE', { details: { target: ODOO }, retryAfterMs: 60_000 });
    await store.dispose({ ...context, error: away.toJSON() });
    await store.pauseTarget({ target: TAX, paused: true, actor: 'ann', reason: 'maintenance' });
    await store.pausePipeline({ name: PIPELINE.name, paused: true, actor: 'ann', reason: 'stocktaking' });
    const found = await degradations(host, log);
    assert.deepEqual(
      found.map(({ what, name, state, waiting }) => [what, name, state, waiting]),
      [
        ['pipeline', PIPELINE.name, 'paused', 1],
        ['target', ODOO, 'down', 1],
        ['target', TAX, 'paused', 0],
      ],
    );
    for (const { what, since } of found.filter(({ what }) => what === 'target'))
      assert.ok(since !== undefined && since >= before && since <= Date.now(), what);
    assert.equal((await receive(store, 'in_3')).status, 'received');
  });

  it('a store that does not answer is down, and a runtime that drains is not ready', async () => {
    await host.drain(10);
    assert.equal((await ready()).status, 503);
    host.resume();
    await store.close();
    assert.equal((await ready()).status, 503);
    const found = await degradations(host, { info() {}, warn() {}, error() {} });
    assert.deepEqual(
      found.filter(({ what }) => what === 'store').map(({ name, state }) => [name, state]),
      [['default', 'down']],
    );
  });

  it('a lease that does not outlive the time-out of a target stops the start, naming both', () => {
    assert.throws(() => new Host({ default: store }, { targets: { [ODOO]: { timeoutMs: 90_000 } } }), {
      code: 'CONFIG_INVALID',
      message: /http:\/\/odoo\/ledger, 90000 ms.* 60000 ms/,
    });
  });
});
