import { strict as assert } from 'node:assert';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { DatabaseSync } from 'node:sqlite';
import { mock } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { knowSecret, type Store, step } from '../../engine';
import { Reserve } from '../../engine/sqlite/reserve';
import { assertSafeSqlite, SqliteConnection } from '../../engine/sqlite/worker';
import { FinanceError } from '../../errors';
import { eventually, lease, PIPELINE, receive, row, Scratch, take } from '../support/store';

describe('SQLite store', () => {
  let scratch: Scratch;
  beforeEach(() => {
    scratch = new Scratch();
  });
  afterEach(() => scratch.remove());

  it('refuses the SQLite versions that can corrupt a write-ahead log', () => {
    for (const version of ['3.7.0', '3.44.0', '3.51.2'])
      assert.throws(() => assertSafeSqlite(version), { code: 'STORE_SQLITE_UNSAFE' });
    for (const version of ['3.51.3', '3.53.4', '4.0.0']) assertSafeSqlite(version);
  });

  it('refuses a newer schema and leaves it untouched', async () => {
    await (await scratch.store()).close();
    const database = new DatabaseSync(scratch.file);
    database.exec('PRAGMA user_version = 999');
    database.close();
    await assert.rejects(scratch.store(), { code: 'STORE_SCHEMA_NEWER' });
  });

  it('says that it is lost when its thread dies, and nothing of the kind when it is closed', async () => {
    const threads: Worker[] = [];
    const note = (message: unknown) => void threads.push((message as { worker: Worker }).worker);
    subscribe('worker_threads', note);
    const [dying, closed] = [await scratch.store(), await new Scratch().store()];
    unsubscribe('worker_threads', note);
    const lost: string[] = [];
    const told = new Promise<void>((resolve) => {
      dying.onLost(({ code }) => {
        lost.push(`dying: ${code}`);
        resolve();
      });
    });
    closed.onLost(({ code }) => lost.push(`closed: ${code}`));
    await closed.close();
    await threads[0]!.terminate();
    await told;
    assert.deepEqual(lost, ['dying: STORE_UNAVAILABLE']);
    await assert.rejects(dying.figures(), { code: 'STORE_UNAVAILABLE' });
  });

  it('a second delivery of an event makes no second document, and is counted', async () => {
    const store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    const first = await receive(store, 'in_1', 'evt_1');
    const second = await receive(store, 'in_1', 'evt_1');
    assert.deepEqual(second, { documentId: first.documentId, status: 'duplicate' });
    const { acme_de } = await store.figures();
    assert.deepEqual([acme_de?.received, acme_de?.duplicates, acme_de?.open], [2, 1, 1]);
  });

  it('an event that we fetched ourselves (backfill) is no second delivery, and its cursor moves', async () => {
    const store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    const cursor = (value: string) => ({ fetched: true, cursor: { name: 'c', value } });
    await receive(store, 'in_1', 'evt_1');
    assert.equal((await receive(store, 'in_1', 'evt_1', cursor('evt_1'))).status, 'duplicate');
    assert.equal((await receive(store, 'in_2', 'evt_2', cursor('evt_2'))).status, 'received');
    assert.equal((await receive(store, 'in_2', 'evt_2')).status, 'duplicate');
    const { acme_de } = await store.figures();
    assert.deepEqual([acme_de?.received, acme_de?.duplicates], [2, 0]);
    assert.equal(await store.getCursor({ name: 'c' }), 'evt_2');
    assert.equal((await store.audit()).ok, true);
  });

  it('a document held after it was booked counts as posted, and shows as held', async () => {
    const store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    await receive(store, 'in_1');
    const context = await take(store);
    const notes = { amount: '10.05', currency: 'EUR' };
    const spec = { kind: 'odoo.post', target: 't', externalKey: 'e', request: {}, name: 'n' };
    await step(store, Object.assign(context, { notes }), spec, {
      refusesDoubles: true,
      perform: async () => ({}),
    });
    await store.hold({ ...context, error: new FinanceError('EINVOICE_REJECTED').toJSON() });
    const { acme_de } = await store.figures({ booked: 'odoo.post' });
    assert.deepEqual([acme_de?.posted, acme_de?.postedHeld, acme_de?.exceptions], [1, 1, 0]);
    assert.deepEqual(acme_de?.amounts, { invoice: { EUR: '10.05' } });
    const { acme_de: plain } = await store.figures();
    assert.deepEqual([plain?.posted, plain?.exceptions], [0, 1]);
  });

  it('above the high-water mark it refuses, and takes again when there is room', async () => {
    const store = await scratch.store({ highWater: 2 });
    await store.syncPipelines([PIPELINE]);
    await receive(store, 'in_1');
    await receive(store, 'in_2');
    await assert.rejects(receive(store, 'in_3'), (error: FinanceError) => {
      assert.deepEqual([error.code, error.retryAfterMs], ['STORE_FULL', 5000]);
      return true;
    });
    await store.settle({ ...(await take(store)), outcome: 'completed' });
    await store.sweep();
    assert.equal((await receive(store, 'in_3')).status, 'received');
  });

  it('moves a cursor in the transaction that receives', async () => {
    const store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    await receive(store, 'in_1', 'evt_1', { cursor: { name: 'stripe/acct_de', value: 'evt_1' } });
    assert.equal(await store.getCursor({ name: 'stripe/acct_de' }), 'evt_1');
    assert.equal(await store.getCursor({ name: 'stripe/acct_us' }), undefined);
  });

  it('a full disk refuses intake, while results of running steps still commit in the room reserved for them', async () => {
    const store = await scratch.store({}, { maxPages: 400 });
    await store.syncPipelines([PIPELINE]);
    await receive(store, 'in_running');
    const running = await take(store);
    const known = await store.intend({
      ...running,
      kind: 'k',
      target: 't',
      externalKey: 'e',
      request: {},
      name: 'n',
    });
    assert.ok(known.status === 'new');
    const refused = await fill(store);
    assert.equal(refused.code, 'STORE_DISK_FULL');
    assert.equal(refused.kind, 'unavailable');
    await store.complete({ ...running, stepId: known.stepId, result: { text: 'x'.repeat(20_000) } });
    await store.settle({ ...running, hop: known.hop, outcome: 'completed' });
    await assert.rejects(receive(store, 'in_late'), { code: 'STORE_DISK_FULL' });
    assert.equal((await row(store, running.documentId)).outcome, 'completed');
    assert.equal((await store.audit()).ok, true);
  });

  it('goes on by itself when there is room again, with all that was acknowledged', async () => {
    const store = await scratch.store({}, { maxPages: 300 });
    await store.syncPipelines([PIPELINE]);
    await fill(store);
    const stored = (await store.deliveries()).length;
    await store.close();
    const roomy = await scratch.store({}, { maxPages: 3000 });
    assert.equal((await roomy.deliveries()).length, stored);
    assert.equal((await receive(roomy, 'in_new')).status, 'received');
  });

  it('a sweep that finds no room has that of the reserve once, and does not take it again and again', () => {
    let held = false;
    const restore = mock.method(Reserve.prototype, 'restore', () => {
      assert.ok(restore.mock.callCount() < 9, 'it ends');
      held = true;
      return held;
    });
    const spend = mock.method(Reserve.prototype, 'spend', () => {
      held = false;
    });
    mock.getter(Reserve.prototype, 'held', () => held);
    const connection = new SqliteConnection({ file: scratch.file, readOnly: false });
    const exec = DatabaseSync.prototype.exec;
    mock.method(DatabaseSync.prototype, 'exec', function (this: DatabaseSync, sql: string) {
      if (sql === 'COMMIT') throw Object.assign(new Error('full'), { errcode: 13 });
      exec.call(this, sql);
    });
    try {
      const [answer] = connection.run([{ id: 1, name: 'sweep', input: {} }]).answers;
      assert.equal(answer && 'error' in answer && answer.error.code, 'STORE_DISK_FULL');
      assert.equal(spend.mock.callCount(), 1);
    } finally {
      mock.restoreAll();
      connection.close();
    }
  });

  it('an input that is no plain data fails its own call, and not those that came with it', async () => {
    const store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    const amount = (() => '1.00') as unknown as string;
    const [first, odd, last] = await Promise.allSettled([
      receive(store, 'in_1'),
      receive(store, 'in_2', 'evt_2', { amount }),
      receive(store, 'in_3'),
    ]);
    assert.deepEqual([first.status, last.status], ['fulfilled', 'fulfilled']);
    assert.equal(odd.status === 'rejected' && odd.reason.code, 'RUN_UNEXPECTED');
  });

  /** Receives until the store refuses. */
  async function fill(store: Store): Promise<FinanceError> {
    for (let n = 0; n < 5000; n++) {
      try {
        await receive(store, `in_${n}`);
      } catch (error) {
        return error as FinanceError;
      }
    }
    throw new Error('the store never got full');
  }

  it('one failing job does not spoil the others of its group commit', async () => {
    const store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    const outcomes = await Promise.allSettled([
      receive(store, 'in_1'),
      store.documentRow({ documentId: 'doc_none' }),
      receive(store, 'in_2'),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.equal((await store.deliveries()).length, 2);
  });

  it('replays with the mapping that the effects were had with, unless the latest is asked for', async () => {
    const store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    const { documentId } = await receive(store, 'in_1');
    const context = await take(store);
    const mapping = [{ name: 'stripe-invoice', version: 3, hash: 'abc' }];
    await store.intend({
      ...context,
      notes: { mapping },
      kind: 'k',
      target: 't',
      externalKey: 'e',
      request: {},
      name: 'n',
    });
    await store.recover();
    assert.deepEqual((await take(store)).pinned, mapping);
    await store.recover();
    const again = await take(store);
    await store.hold({ ...again, error: new FinanceError('MAP_UNMAPPED').toJSON() });
    await store.replay({ documentId, actor: 'eva', reason: 'table corrected', mapping: 'latest' });
    assert.equal((await take(store)).pinned, undefined);
  });

  it('an approval names who approved which content, so that another content needs another', async () => {
    const store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    const { documentId } = await receive(store, 'in_1');
    const error = new FinanceError('DOCUMENT_APPROVAL', { details: { contentHash: 'hash-of-100' } }).toJSON();
    await store.hold({ ...(await take(store)), error });
    await store.replay({ documentId, actor: 'eva', reason: 'checked with sales' });
    assert.deepEqual((await take(store)).approval, { by: 'eva', contentHash: 'hash-of-100' });
  });

  it('the pipeline of open documents may be renamed or removed: they go where they are claimed now, or are held', async () => {
    const store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    const ready = await receive(store, 'in_1');
    const held = await receive(store, 'in_2');
    const inFlight = await take(store);
    await store.dispose({ ...inFlight, error: new FinanceError('ODOO_UNAVAILABLE').toJSON() });
    await store.hold({ ...(await take(store)), error: new FinanceError('ODOO_VALIDATION').toJSON() });
    await store.syncPipelines([{ ...PIPELINE, name: 'renamed' }]);
    assert.deepEqual(
      [(await row(store, ready.documentId)).pipeline, (await row(store, ready.documentId)).state],
      ['renamed', 'retry'],
    );
    await store.replay({ documentId: held.documentId, actor: 'eva', reason: 'again' });
    const [leased] = await store.lease({ pipeline: 'renamed', worker: 'w', limit: 1 });
    assert.equal(leased?.context.documentId, held.documentId);
    await store.syncPipelines([]);
    assert.deepEqual(
      (await store.exceptions()).map(({ code }) => code),
      ['RUN_UNCLAIMED', 'RUN_UNCLAIMED'],
    );
    assert.deepEqual(await store.syncPipelines([PIPELINE]), { claimed: 2 });
    assert.equal((await store.audit()).ok, true);
  });

  it('an event that no route led anywhere goes on when it comes again and a route is there', async () => {
    const store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    const hold = new FinanceError('SOURCE_UNROUTED').toJSON();
    const { documentId } = await receive(store, 'in_1', 'evt_1', { entity: '', hold });
    assert.equal((await receive(store, 'in_1', 'evt_1', { entity: '', hold })).status, 'duplicate');
    assert.equal((await receive(store, 'in_1', 'evt_1', { fetched: true })).status, 'received');
    const routed = await row(store, documentId);
    assert.deepEqual([routed.entity, routed.state, routed.lane], ['acme_de', 'ready', 'acme_de/in_1']);
    assert.deepEqual(await store.exceptions(), []);
    assert.equal((await take(store)).documentId, documentId);
    assert.equal((await store.audit()).ok, true);
  });

  it('a mapping may make another kind of a document; the next delivery hands out the kind that came', async () => {
    const store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    const { documentId } = await receive(store, 'in_1');
    const first = await take(store);
    await store.dispose({
      ...first,
      notes: { kind: 'credit_note' },
      error: new FinanceError('ODOO_SERIALIZATION').toJSON(),
    });
    await eventually(store, async () => (await row(store, documentId)).state === 'ready');
    assert.equal((await row(store, documentId)).kind, 'credit_note');
    assert.equal((await take(store)).kind, 'invoice');
  });

  it('the latest correction counts, also where it is the first one again', async () => {
    const store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    const { documentId } = await receive(store, 'in_1');
    await store.hold({ ...(await take(store)), error: new FinanceError('MAP_INPUT_INVALID').toJSON() });
    for (const content of ['{"total":1}', '{"total":2}', '{"total":1}'])
      await store.correct({
        documentId,
        actor: 'eva',
        reason: 'typing',
        mediaType: 'application/json',
        content,
      });
    await store.replay({ documentId, actor: 'eva', reason: 'corrected' });
    const [document] = await lease(store, 1);
    assert.equal(document?.body.text, '{"total":1}');
  });

  it('a batch document is deferred without a lease and comes back', async () => {
    const store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    const { documentId } = await receive(store, 'in_1');
    await store.defer({ ...(await take(store)), due: Date.now() + 30 });
    assert.equal((await row(store, documentId)).state, 'waiting');
    await eventually(store, async () => (await row(store, documentId)).state === 'ready');
  });

  it('keeps an exception with owner, deadline and amount at risk', async () => {
    const store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    await receive(store, 'in_1');
    const notes = { amount: '119.00', currency: 'EUR', care: { owner: 'ap-team', serviceHours: 4 } };
    await store.hold({ ...(await take(store)), notes, error: new FinanceError('ODOO_VALIDATION').toJSON() });
    const [exception] = await store.exceptions({ entity: 'acme_de' });
    assert.deepEqual(
      [exception?.owner, exception?.amount, exception?.currency],
      ['ap-team', '119.00', 'EUR'],
    );
  });

  it('no secret gets into a step record or an exception, whatever a target answers', async () => {
    const secret = 'sk_live_never_written';
    knowSecret(secret);
    const store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    const { documentId } = await receive(store, 'in_1');
    const context = await take(store);
    const spec = {
      kind: 'k',
      target: 't',
      externalKey: 'e',
      request: { echo: `Bearer ${secret}` },
      name: 'n',
    };
    await step(store, context, spec, {
      refusesDoubles: true,
      perform: async (request) => ({ answer: request }),
    });
    const failing = { ...spec, kind: 'k2' };
    const refuse = () =>
      Promise.reject(new FinanceError('ODOO_UNAUTHORIZED', { message: `key ${secret} is wrong` }));
    await assert.rejects(step(store, context, failing, { refusesDoubles: true, perform: refuse }));
    await eventually(store, async () => (await row(store, documentId)).state === 'held');
    assert.ok(!JSON.stringify(await store.trace({ documentId })).includes(secret));
    assert.match((await store.exceptions())[0]!.cause, /key \[secret\] is wrong/);
  });

  it('leases nothing of a paused pipeline', async () => {
    const store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    await receive(store, 'in_1');
    await store.pausePipeline({ name: 'billing', paused: true });
    assert.deepEqual(await lease(store), []);
    await store.pausePipeline({ name: 'billing', paused: false });
    assert.equal((await lease(store)).length, 1);
  });
});
