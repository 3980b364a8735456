import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Store, tokenHashOf } from '../../engine';
import { openPostgresStore } from '../../engine/postgres/store';
import { storeOf } from '../../runtime';
import { postgresServer } from '../support/postgres';
import { PIPELINE, receive } from '../support/store';

describe('Readers on Postgres', () => {
  const open: Store[] = [];
  after(async () => {
    for (const store of open) await store.close();
  });

  it('lists that wait, however many, keep no event from being taken', async () => {
    const server = await postgresServer();
    const storeUrl = await server.database();
    const store = await storeOf({ dataDir: '', storeUrl });
    const reader = await storeOf({ dataDir: '', storeUrl }, true);
    open.push(reader, store);
    await store.syncPipelines([PIPELINE]);
    const { documentId } = await receive(store, 'in_1');
    await Promise.all([
      server.query(
        'BEGIN; LOCK TABLE comments IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(2); COMMIT',
        storeUrl,
      ),
      (async () => {
        await sleep(500);
        const lists = Array.from({ length: 30 }, () => reader.documentTrace({ scope: {}, documentId }));
        await sleep(200);
        const started = performance.now();
        await receive(store, 'in_2');
        const took = performance.now() - started;
        assert.equal((await Promise.all(lists)).length, 30);
        assert.ok(took < 1_000, `${took} ms`);
      })(),
    ]);
    assert.equal(await reader.findConsumer({ tokenHash: tokenHashOf('none') }), undefined);
    const strict = await openPostgresStore({ url: storeUrl, readOnly: true, patienceMs: 50 });
    open.unshift(strict);
    await assert.rejects(strict.setCursor({ name: 'c', value: '1' }), { code: 'STORE_UNAVAILABLE' });
    assert.equal(await store.getCursor({ name: 'c' }), undefined);
  });
});
