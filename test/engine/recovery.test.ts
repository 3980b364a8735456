import { strict as assert } from 'node:assert';
import { type LeasedDocument, Leases, Pipeline, type Store, type StoreSettings } from '../../engine';
import { FinanceError } from '../../errors';
import { eventually, lease, PIPELINE, receive, row, Scratch, take } from '../support/store';
import { onEveryStore } from './conformance/stores';

onEveryStore('Recovery, poison, renewal, drain', (place) => {
  async function opened(settings: Partial<StoreSettings> = {}): Promise<Store> {
    const store = await place().open(settings);
    await store.syncPipelines([PIPELINE]);
    return store;
  }

  describe('Recovery', () => {
    it('opening voids all leases of the process before: nothing acknowledged is lost', async () => {
      const before = await opened();
      for (let n = 0; n < 5; n++) await receive(before, `in_${n}`);
      await lease(before, 3);
      await before.close();
      const after = await opened();
      const states = (await after.documents()).map(({ state }) => state);
      assert.deepEqual(states, ['ready', 'ready', 'ready', 'ready', 'ready']);
    });
  });

  describe('Text', () => {
    it('any text that a source may send is taken, known again, and stands in the audit as it is kept', async () => {
      const store = await opened();
      const odd = 'a\0b\ud800c\u2028"\'\\';
      const first = await receive(store, odd, odd, { source: { odd }, number: odd });
      assert.equal(first.status, 'received');
      assert.equal((await receive(store, odd, odd)).documentId, first.documentId);
      await store.settle({ ...(await take(store)), outcome: 'completed' });
      assert.deepEqual((await store.audit()).findings, []);
    });
  });

  describe('Poison', () => {
    it('suspects of a crash are redelivered one by one, the others after them', async () => {
      let store = await opened();
      for (const object of ['in_1', 'in_2', 'in_3']) await receive(store, object);
      await lease(store, 2);
      store = await place().crash(store);
      const first = await lease(store);
      assert.equal(first.length, 1);
      assert.deepEqual(await lease(store), [], 'nothing beside a suspect');
      await store.settle({ ...first[0]!.context, outcome: 'completed' });
      const second = await lease(store);
      assert.equal(second.length, 1);
      await store.settle({ ...second[0]!.context, outcome: 'completed' });
      assert.equal((await lease(store)).length, 1, 'the one that was never in flight');
    });

    it('only a document that crashes alone is held as stalled', async () => {
      let store = await opened({ maxCrashesAlone: 2 });
      const poison = await receive(store, 'in_1');
      const innocent = await receive(store, 'in_2');
      await lease(store, 2);
      store = await place().crash(store);
      for (let crash = 0; crash < 2; crash++) {
        assert.equal((await take(store)).documentId, poison.documentId);
        store = await place().crash(store);
      }
      assert.equal((await row(store, poison.documentId)).state, 'held');
      assert.equal((await store.exceptions())[0]?.code, 'RUN_CRASHED');
      assert.equal((await take(store)).documentId, innocent.documentId);
      assert.equal((await row(store, innocent.documentId)).crashes, 0);
    });

    it('progress clears the count of crashes: attempts, drains and crashes are counted apart', async () => {
      let store = await opened({ maxCrashesAlone: 2 });
      const { documentId } = await receive(store, 'in_1');
      await take(store);
      store = await place().crash(store);
      await take(store);
      store = await place().crash(store);
      assert.equal((await row(store, documentId)).crashes, 1);
      const context = await take(store);
      const known = await store.intend({
        ...context,
        kind: 'k',
        target: 't',
        externalKey: 'e',
        request: {},
        name: 'n',
      });
      assert.ok(known.status === 'new');
      await store.complete({ ...context, stepId: known.stepId, result: {} });
      store = await place().crash(store);
      const after = await row(store, documentId);
      assert.deepEqual([after.crashes, after.attempts, after.drains], [1, 0, 0]);
    });

    it('what never settles is held as stalled after a number of deliveries', async () => {
      const store = await opened({ leaseMs: 20, maxExpiries: 2 });
      const { documentId } = await receive(store, 'in_1');
      await take(store);
      await eventually(store, async () => (await row(store, documentId)).state === 'ready');
      await take(store);
      await eventually(store, async () => (await row(store, documentId)).state === 'held');
      assert.equal((await store.exceptions())[0]?.code, 'RUN_STALLED');
    });
  });

  describe('Renewal', () => {
    it('keeps a lease while work goes on, but only until a deadline since the last progress', async () => {
      const store = await opened({ leaseMs: 150, deadlineMs: 600 });
      const leases = new Leases(store, 'w1', (error) => assert.fail(String(error)));
      const { documentId } = await receive(store, 'in_1');
      leases.add(await lease(store));
      await new Promise((resolve) => setTimeout(resolve, 350));
      await store.sweep();
      assert.equal((await row(store, documentId)).state, 'leased', 'renewed past its first end');
      await eventually(store, async () => (await row(store, documentId)).state === 'ready');
      assert.equal(leases.count(), 0);
      await leases.close();
    });
  });

  describe('Drain', () => {
    it('gives leases back without counting an attempt', async () => {
      const store = await opened();
      const { documentId } = await receive(store, 'in_1');
      await take(store);
      assert.deepEqual(await store.release({ worker: 'w1' }), { released: 1 });
      const released = await row(store, documentId);
      assert.deepEqual(
        [released.state, released.drains, released.attempts, released.expiries],
        ['ready', 1, 0, 0],
      );
    });

    it('counts the leases of this process, and is over when the last document ended', async () => {
      const store = await opened();
      const leases = new Leases(store, 'w1', (error) => assert.fail(String(error)));
      await receive(store, 'in_1');
      const [document] = await lease(store);
      leases.add([document!]);
      assert.equal(await leases.idle(30), false);
      const idle = leases.idle(2000);
      await store.hold({ ...document!.context, error: new FinanceError('ODOO_VALIDATION').toJSON() });
      assert.equal(await idle, true);
      await leases.close();
    });
  });

  describe('Pulling', () => {
    it('never leases more than its concurrency, and takes the next when one ends', async () => {
      const store = await opened();
      const leases = new Leases(store, 'w1', (error) => assert.fail(String(error)));
      const delivered: LeasedDocument[] = [];
      let most = 0;
      const pipeline = new Pipeline({
        store,
        leases,
        name: PIPELINE.name,
        concurrency: 3,
        report: (error) => assert.fail(String(error)),
        deliver: (document) => {
          delivered.push(document);
          most = Math.max(most, leases.count());
          setTimeout(() => void store.settle({ ...document.context, outcome: 'completed' }), 5);
        },
      });
      pipeline.start();
      await Promise.all(Array.from({ length: 40 }, (_, n) => receive(store, `in_${n}`)));
      await eventually(store, async () => (await store.documents({ state: 'settled' })).length === 40);
      pipeline.stop();
      await leases.close();
      assert.equal(delivered.length, 40);
      assert.ok(most <= 3, `${most} in flight`);
    });
  });
});

describe('Recovery of a SQLite store', () => {
  const scratch = new Scratch();
  after(() => scratch.remove());

  it('a store that another process owns is refused', async () => {
    await scratch.store();
    await assert.rejects(scratch.store(), { code: 'STORE_OWNED' });
  });
});
