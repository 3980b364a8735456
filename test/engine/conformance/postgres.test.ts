import { strict as assert } from 'node:assert';
import { openPostgresStore, openStore, type Store } from '../../../engine';
import { FinanceError } from '../../../errors';
import { Breaker } from '../../support/breaker';
import { debianPrograms, PostgresServer, postgresServer } from '../../support/postgres';
import { eventually, lease, PIPELINE, receive, row, take } from '../../support/store';
import { PostgresPlace } from './stores';

const KEY = 'acme_de/invoice/stripe/in_1';

describe('Postgres store', () => {
  let place: PostgresPlace;
  before(async function () {
    this.timeout(60_000);
    await postgresServer();
  });
  beforeEach(async () => {
    place = await PostgresPlace.create();
  });
  afterEach(() => place.remove());

  async function runtimes(
    count: number,
    settings: Parameters<PostgresPlace['open']>[0] = {},
  ): Promise<Store[]> {
    const stores = await place.runtimes(count, settings);
    await stores[0]!.syncPipelines([PIPELINE]);
    return stores;
  }

  async function soon(holds: () => boolean | Promise<boolean>, limitMs = 5000): Promise<void> {
    const until = Date.now() + limitMs;
    while (!(await holds())) {
      if (Date.now() > until) throw new Error('it did not come to be in time');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  describe('Several runtimes', () => {
    it('work of one wakes the other, and the end of its lease is told to the one that had it', async () => {
      const [a, b] = (await runtimes(2, { leaseMs: 50 })) as [Store, Store];
      const heard: string[] = [];
      b.onWake((pipeline) => heard.push(pipeline));
      a.onEnd((documentId) => heard.push(documentId));
      const { documentId } = await receive(a, 'in_1');
      await soon(() => heard.includes(PIPELINE.name));
      await take(a);
      await eventually(b, async () => (await row(b, documentId)).state === 'ready');
      await soon(() => heard.includes(documentId));
    });

    it('an event that comes to all of them at once makes one document, and each delivery is counted', async () => {
      const stores = await runtimes(3);
      const results = await Promise.all(
        Array.from({ length: 12 }, (_, n) => receive(stores[n % 3]!, 'in_1', 'evt_1')),
      );
      assert.equal(results.filter(({ status }) => status === 'received').length, 1);
      assert.equal(new Set(results.map(({ documentId }) => documentId)).size, 1);
      assert.equal((await stores[0]!.deliveries())[0]?.count, 12);
      assert.deepEqual((await stores[0]!.audit()).findings, []);
    });

    it('no document is leased twice, and no lane has two in flight', async () => {
      const stores = await runtimes(3);
      await Promise.all(
        Array.from({ length: 60 }, (_, n) => receive(stores[n % 3]!, `in_${n % 20}`, `evt_${n}`)),
      );
      const leased = (await Promise.all(stores.map((store, n) => lease(store, 30, `w${n}`)))).flat();
      assert.equal(leased.length, 20);
      assert.equal(new Set(leased.map(({ context }) => context.lane)).size, 20);
    });

    it('a lane keeps the order of its receives although workers race for it', async () => {
      const stores = await runtimes(3);
      await Promise.all(Array.from({ length: 30 }, (_, n) => receive(stores[n % 3]!, 'in_1', `evt_${n}`)));
      const order: number[] = [];
      const work = async (store: Store, worker: string) => {
        while (order.length < 30) {
          const [document] = await lease(store, 1, worker);
          if (!document) continue;
          order.push((await row(store, document.context.documentId)).seq);
          await store.settle({ ...document.context, outcome: 'completed' });
        }
      };
      await Promise.all(stores.map((store, n) => work(store, `w${n}`)));
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
      );
    });

    it('of rivals for one business key one gets it; the others are decided when it settles', async () => {
      const stores = await runtimes(3);
      for (let n = 0; n < 6; n++) await receive(stores[0]!, `in_${n}`);
      const rivals = (await Promise.all(stores.map((store, n) => lease(store, 2, `w${n}`)))).flat();
      const claims = await Promise.all(
        rivals.map(async ({ context }, n) => {
          const store = stores[n % 3]!;
          const claim = await store.claim({ ...context, businessKey: KEY, contentHash: `h${n % 2}` });
          if (claim.status === 'new')
            await store.settle({ ...context, hop: claim.hop, outcome: 'completed' });
          return claim.status;
        }),
      );
      assert.equal(rivals.length, 6);
      assert.equal(claims.filter((status) => status === 'new').length, 1);
      assert.deepEqual(await stores[0]!.documents({ state: 'waiting' }), []);
      const outcomes = (await stores[0]!.documents({ state: 'settled' })).map(({ outcome }) => outcome);
      assert.equal(outcomes.filter((outcome) => outcome === 'completed').length, 1);
      assert.deepEqual((await stores[0]!.audit()).findings, []);
    });

    it('a refund that starts to wait while its charge settles is not forgotten', async () => {
      const [a, b] = (await runtimes(2)) as [Store, Store];
      for (let n = 0; n < 10; n++) {
        const key = `acme_de/invoice/stripe/c_${n}`;
        await receive(a, `charge_${n}`);
        await receive(a, `refund_${n}`);
        const [charge, refund] = (await lease(a, 2)).map(({ context }) => context);
        const claim = await a.claim({ ...charge!, businessKey: key, contentHash: 'h' });
        assert.ok(claim.status === 'new');
        await Promise.all([
          a.settle({ ...charge!, hop: claim.hop, outcome: 'completed' }),
          b.awaitReference({ ...refund!, businessKey: key, due: Date.now() + 60_000 }),
        ]);
        assert.equal((await row(a, refund!.documentId)).state, 'ready');
        const again = await take(a);
        await a.settle({ ...again, outcome: 'completed' });
      }
    });

    it('a document that comes while its pipeline is being declared is claimed', async () => {
      const [a, b] = (await place.runtimes(2)) as [Store, Store];
      await Promise.all([
        a.syncPipelines([PIPELINE]),
        ...Array.from({ length: 10 }, (_, n) => receive(b, `in_${n}`)),
      ]);
      assert.equal((await a.documents({ state: 'ready' })).length, 10);
    });

    it('runtimes with the same flows may start at the same time', async () => {
      const stores = await place.runtimes(4);
      await Promise.all(stores.map((store) => store.syncPipelines([PIPELINE])));
      assert.deepEqual((await stores[0]!.audit()).findings, []);
    });
  });

  describe('Workers', () => {
    it('the leases of one that is gone are voided by the others, those of the living stay', async () => {
      const [a, b, c] = (await runtimes(3)) as [Store, Store, Store];
      for (const object of ['in_1', 'in_2', 'in_3']) await receive(a, object);
      const ofA = await take(a, 'wa');
      const ofB = await take(b, 'wb');
      assert.deepEqual(await c.recover(), { recovered: 0 });
      await a.close();
      await soon(async () => (await c.sweep()) && (await row(c, ofA.documentId)).state === 'ready');
      assert.equal((await row(c, ofA.documentId)).suspect, 1);
      assert.equal((await row(c, ofB.documentId)).state, 'leased');
      await b.settle({ ...ofB, outcome: 'completed' });
    });

    it('a suspect runs with nothing else in the flight of its worker; the other worker has its own', async () => {
      const [a, b, c] = (await runtimes(3)) as [Store, Store, Store];
      for (let n = 0; n < 5; n++) await receive(a, `in_${n}`);
      await lease(a, 3, 'wa');
      await a.close();
      await b.recover();
      const [first, ...rest] = await lease(b, 5, 'wb');
      const [second] = await lease(c, 5, 'wc');
      assert.ok(first && second && rest.length === 0);
      assert.deepEqual(await lease(b, 5, 'wb'), [], 'nothing beside its suspect');
      await b.settle({ ...first.context, outcome: 'completed' });
      const [third] = await lease(b, 5, 'wb');
      assert.equal((await row(b, third!.context.documentId)).suspect, 1);
      await c.settle({ ...second.context, outcome: 'completed' });
      assert.equal((await lease(c, 5, 'wc')).length, 2, 'those that were never in flight');
    });

    it('two pipelines of a worker do not take a suspect each', async () => {
      const [a, b] = (await runtimes(2)) as [Store, Store];
      const other = { ...PIPELINE, name: 'other', entities: ['acme_fr'] };
      await a.syncPipelines([PIPELINE, other]);
      for (let n = 0; n < 4; n++)
        await receive(a, `in_${n}`, `evt_${n}`, { entity: n % 2 ? 'acme_fr' : 'acme_de' });
      for (const pipeline of [PIPELINE.name, other.name]) await a.lease({ pipeline, worker: 'wa', limit: 2 });
      await a.close();
      await b.recover();
      for (let n = 0; n < 4; n++) {
        const pipelines = [PIPELINE.name, other.name, PIPELINE.name, other.name];
        const leased = (
          await Promise.all(pipelines.map((pipeline) => b.lease({ pipeline, worker: 'wb', limit: 2 })))
        ).flat();
        assert.equal(leased.length, 1);
        await b.settle({ ...leased[0]!.context, outcome: 'completed' });
      }
    });

    it('one that hung past its lease writes nothing', async () => {
      const [a, b] = (await runtimes(2, { leaseMs: 30 })) as [Store, Store];
      const { documentId } = await receive(a, 'in_1');
      const hung = await take(a, 'wa');
      await eventually(b, async () => (await row(b, documentId)).state === 'ready');
      const stale = { code: 'STORE_FENCE_STALE' };
      await assert.rejects(a.settle({ ...hung, outcome: 'completed' }), stale);
      await take(b, 'wb');
      const spec = { kind: 'k', target: 't', externalKey: 'e', request: {}, name: 'n' };
      await assert.rejects(a.intend({ ...hung, ...spec }), stale);
      await assert.rejects(a.hold({ ...hung, error: new FinanceError('MAP_UNMAPPED').toJSON() }), stale);
      const lost = await a.renew({ worker: 'wa', leases: [hung], leaseMs: 1000 });
      assert.deepEqual(lost, { lost: [documentId] });
    });
  });

  describe('The server', () => {
    it('may restart in the middle: calls wait for it, and nothing acknowledged is lost', async function () {
      this.timeout(60_000);
      const [a, b] = (await runtimes(2)) as [Store, Store];
      const acknowledged: string[] = [];
      let stop = false;
      const feed = async (store: Store, name: string) => {
        for (let n = 0; !stop; n++)
          acknowledged.push((await receive(store, `${name}_${n}`, `evt_${name}_${n}`)).documentId);
      };
      const feeds = [feed(a, 'a1'), feed(a, 'a2'), feed(b, 'b1')];
      for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
        await new Promise((resolve) => setTimeout(resolve, 150));
        await place.server.down(signal);
        await place.server.up();
      }
      const before = acknowledged.length;
      await soon(() => acknowledged.length > before + 20);
      stop = true;
      await Promise.all(feeds);
      const known = new Set((await a.documents({ limit: 100_000 })).map(({ id }) => id));
      assert.deepEqual(
        acknowledged.filter((id) => !known.has(id)),
        [],
      );
      assert.equal(known.size, acknowledged.length, 'none came twice');
      assert.deepEqual((await a.audit()).findings, []);
      let woken = false;
      b.onWake(() => {
        woken = true;
      });
      await soon(async () => (await receive(a, `late_${Date.now()}`)) && woken);
    });

    it('a call ends with STORE_UNAVAILABLE where the server stays away', async function () {
      this.timeout(60_000);
      const store = await openPostgresStore({ url: place.url, patienceMs: 200 });
      await place.server.down();
      await assert.rejects(receive(store, 'in_1'), { code: 'STORE_UNAVAILABLE', kind: 'unavailable' });
      await place.server.up();
      await store.syncPipelines([PIPELINE]);
      assert.equal((await receive(store, 'in_1')).status, 'received');
      await store.close();
    });

    for (const when of ['before', 'after'] as const)
      it(`a COMMIT whose connection breaks ${when} it is done has its right result`, async () => {
        const proxy = await Breaker.before(place.url);
        const store = await openPostgresStore({ url: proxy.url, poolSize: 1 });
        await store.syncPipelines([PIPELINE]);
        proxy.cut(when);
        const first = await receive(store, 'in_1');
        assert.equal(first.status, 'received');
        assert.equal(proxy.cuts, 1);
        const context = await take(store);
        proxy.cut(when);
        await store.settle({ ...context, outcome: 'completed' });
        assert.equal(proxy.cuts, 2);
        const { history, deliveries } = await store.trace({ documentId: first.documentId });
        assert.equal(deliveries, 1);
        assert.deepEqual(
          history.map(({ type }) => type),
          ['received', 'leased', 'settled'],
        );
        assert.deepEqual((await store.audit()).findings, []);
        await store.close();
        await proxy.close();
      });

    it('a BEGIN that the server refuses leaves nothing written', async () => {
      const proxy = await Breaker.before(place.url);
      const store = await openPostgresStore({ url: proxy.url, poolSize: 1 });
      await store.syncPipelines([PIPELINE]);
      await receive(store, 'in_1');
      proxy.spoilBegin();
      const cursor = { name: 'c', value: 'evt_in_2' };
      await assert.rejects(receive(store, 'in_2', 'evt_in_2', { cursor }), { code: 'STORE_UNAVAILABLE' });
      proxy.spoilBegin();
      await assert.rejects(receive(store, 'in_3'), { code: 'STORE_UNAVAILABLE' });
      assert.equal(proxy.cuts, 2);
      assert.equal(await store.getCursor({ name: 'c' }), undefined);
      assert.equal((await store.deliveries()).length, 1);
      assert.equal((await receive(store, 'in_2', 'evt_in_2', { cursor })).status, 'received');
      assert.deepEqual((await store.audit()).findings, []);
      await store.close();
      await proxy.close();
    });

    it('each version from 14 on will do: Debian’s as well', async function () {
      this.timeout(60_000);
      for (const programs of debianPrograms()) {
        const server = await PostgresServer.start(programs);
        try {
          const store = await openStore({ url: await server.database(), name: 'debian' });
          await store.syncPipelines([PIPELINE]);
          await receive(store, 'in_1');
          await store.settle({ ...(await take(store)), outcome: 'completed' });
          assert.equal((await store.figures()).acme_de?.posted, 1);
          assert.deepEqual((await store.audit()).findings, []);
          await store.close();
        } finally {
          await server.stop();
        }
      }
    });
  });

  describe('The database', () => {
    it('of a newer schema is refused and left untouched', async () => {
      await (await place.open()).close();
      await place.query('INSERT INTO ledgerway_schema (version) VALUES (999)');
      await assert.rejects(place.open(), { code: 'STORE_SCHEMA_NEWER' });
      await assert.rejects(openPostgresStore({ url: place.url, readOnly: true }), {
        code: 'STORE_SCHEMA_NEWER',
      });
    });

    it('is read beside running workers without becoming one', async () => {
      const [store] = (await runtimes(1)) as [Store];
      const { documentId } = await receive(store, 'in_1');
      await take(store);
      const reader = await openPostgresStore({ url: place.url, readOnly: true });
      assert.equal((await row(reader, documentId)).state, 'leased');
      assert.equal((await reader.audit()).ok, true);
      await reader.close();
    });

    it('tells of every change behind its back, whatever chain tells of the row', async () => {
      const [store] = (await runtimes(1)) as [Store];
      for (let n = 0; n < 8; n++)
        await receive(store, `in_${n}`, `evt_${n}`, { cursor: { name: 'c', value: `evt_${n}` } });
      const claim = await store.claim({ ...(await take(store)), businessKey: KEY, contentHash: 'h' });
      assert.equal(claim.status, 'new');
      assert.deepEqual((await store.audit()).findings, []);
      const changes: [string, RegExp][] = [
        ["UPDATE cursors SET value = 'evt_3'", /cursors c: it was changed/],
        ["UPDATE claims SET state = 'final'", /claims .*: it was changed/],
        [
          "DELETE FROM deliveries WHERE receive_key = 'stripe/evt_5'",
          /deliveries stripe\/evt_5: it was deleted/,
        ],
        [
          "UPDATE bodies SET content = 'x' WHERE id = (SELECT MIN(id) FROM bodies)",
          /bodies .* does not match/,
        ],
        [
          'DELETE FROM audit WHERE seq = 1 AND chain = (SELECT MIN(chain) FROM audit)',
          /missing|its head says/,
        ],
      ];
      for (const [sql, finding] of changes) {
        await place.query(sql);
        assert.match((await store.audit()).findings.join('\n'), finding);
      }
    });

    it('is named without its password where something fails', async () => {
      const url = new URL(place.url);
      url.password = 'never-to-be-seen';
      url.port = '1';
      const failing = openPostgresStore({ url: url.href, patienceMs: 100 });
      await assert.rejects(failing, (error: FinanceError) => {
        assert.equal(error.code, 'STORE_UNAVAILABLE');
        assert.ok(!JSON.stringify(error.toJSON()).includes('never-to-be-seen'));
        return true;
      });
    });
  });
});
