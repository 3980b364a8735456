import { strict as assert } from 'node:assert';
import {
  type Effect,
  type Json,
  Leases,
  type RunContext,
  type StepSpec,
  type Store,
  step,
  Targets,
} from '../../../engine';
import { FinanceError, type FinanceError as FinanceErrorType } from '../../../errors';
import { eventually, lease, PIPELINE, receive, row, take } from '../../support/store';
import { onEveryStore } from '../conformance/stores';

const ODOO = 'http://odoo/ledger';
const SPEC: StepSpec = {
  kind: 'odoo.load',
  target: ODOO,
  externalKey: 'acme_de_invoice_in_1',
  request: { ref: 'in_1' },
  name: 'odoo post',
};
const POST: StepSpec = { ...SPEC, kind: 'odoo.post' };

onEveryStore('Steps and their target', (place) => {
  let store: Store;
  let targets: Targets;
  let calls: number;
  let down: boolean;

  beforeEach(async () => {
    store = await place().open();
    await store.syncPipelines([PIPELINE]);
    const breaker = { failures: 1, pauseMs: 600 };
    targets = new Targets({ leaseMs: 60_000, limits: { [ODOO]: { waitMs: 50, breaker } } });
    calls = 0;
    down = false;
  });

  const effect: Effect<Json> = {
    refusesDoubles: true,
    perform: async () => {
      calls++;
      if (down) throw new FinanceError('ODOO_UNAVAILABLE');
      return { id: 7 };
    },
    probe: async () => undefined,
  };

  const run = (context: RunContext, spec = SPEC) => step(store, context, spec, effect, targets);

  /** Runs a step that fails, and does with the document what a flow without a route does. */
  async function fails(context: RunContext, spec = SPEC): Promise<FinanceErrorType> {
    const error = await run(context, spec).then(
      () => assert.fail('it did not fail'),
      (caught: FinanceErrorType) => caught,
    );
    const { documentId, fence, hop } = context;
    await store.dispose({ documentId, fence, hop, error: error.toJSON() });
    return error;
  }

  async function ready(documentId: string): Promise<RunContext> {
    await eventually(store, async () => (await row(store, documentId)).state === 'ready');
    return await take(store);
  }

  it('a document that meets an open breaker leaves no intent, uses no attempt, and comes back when it is over', async () => {
    const first = await receive(store, 'in_1');
    const second = await receive(store, 'in_2');
    const contexts = (await lease(store)).map(({ context }) => ({ ...context, store: store.name }));
    down = true;
    assert.equal((await fails(contexts[0]!)).code, 'ODOO_UNAVAILABLE');
    const refused = await fails(contexts[1]!);
    assert.deepEqual([refused.code, refused.kind], ['TARGET_UNAVAILABLE', 'unavailable']);
    assert.ok(refused.retryAfterMs! > 0 && refused.retryAfterMs! <= 600);
    assert.equal(calls, 1, 'the second one did not call');
    const waiting = await row(store, second.documentId);
    assert.deepEqual(
      [waiting.state, waiting.waits_for, waiting.attempts, waiting.tries],
      ['waiting', `target:${ODOO}`, 0, null],
    );
    assert.deepEqual((await store.trace({ documentId: second.documentId })).steps, []);
    assert.equal(targets.of(ODOO).state, 'degraded');
    down = false;
    const again = await ready(second.documentId);
    assert.equal((await run(again)).status, 'done');
    assert.equal(targets.of(ODOO).state, 'up');
    assert.equal((await row(store, first.documentId)).attempts, 1);
  });

  it('a step that is done gives its result while the breaker is open, or the target paused', async () => {
    await receive(store, 'in_1');
    const context = await take(store);
    await run(context);
    down = true;
    const { documentId } = context;
    await fails(context, POST);
    const again = { ...(await ready(documentId)) };
    targets.of(ODOO).breaker.end(targets.of(ODOO).breaker.enter() ?? { probe: false }, 'failed');
    assert.equal(targets.of(ODOO).breaker.state, 'open');
    await store.pauseTarget({ target: ODOO, paused: true, actor: 'ann', reason: 'close' });
    assert.deepEqual(await run(again), { status: 'done', result: { id: 7 }, replayed: true });
    assert.equal((await fails(again, POST)).code, 'TARGET_PAUSED');
    assert.equal(calls, 2);
  });

  it('paused by an operator: no intent, across restarts and for all, until it is resumed; the audit has both', async () => {
    const { documentId } = await receive(store, 'in_1');
    await store.pauseTarget({ target: ODOO, paused: true, actor: 'ann', reason: 'month-end close' });
    await store.close();
    store = await place().open();
    const refused = await fails(await take(store));
    assert.deepEqual([refused.code, refused.details], ['TARGET_PAUSED', { target: ODOO }]);
    assert.equal(targets.of(ODOO).slots.inUse, 0);
    await store.sweep();
    const waiting = await row(store, documentId);
    assert.deepEqual([waiting.state, waiting.attempts, calls], ['waiting', 0, 0]);
    assert.deepEqual((await store.trace({ documentId })).steps, []);
    const [paused] = await store.targets();
    assert.deepEqual([paused?.name, paused?.paused, paused?.actor], [ODOO, 1, 'ann']);

    await store.pauseTarget({ target: ODOO, paused: false, actor: 'bob', reason: 'closed' });
    assert.equal((await row(store, documentId)).state, 'ready', 'at once, not when its time is due');
    assert.equal((await run(await take(store))).status, 'done');
    assert.deepEqual((await store.audit()).findings, []);
  });

  it('an effect in doubt is not even asked after while its target is paused', async () => {
    await receive(store, 'in_1');
    const context = await take(store);
    await store.intend({ ...context, ...SPEC });
    store = await place().crash(store);
    await store.pauseTarget({ target: ODOO, paused: true, actor: 'ann', reason: 'close' });
    const again = await take(store);
    assert.equal((await fails(again)).code, 'TARGET_PAUSED');
    assert.equal(calls, 0);
    const { steps } = await store.trace({ documentId: again.documentId });
    assert.deepEqual(
      steps.map(({ state }) => state),
      ['intent'],
    );
  });

  it('many that wait for a target come back by pages', async () => {
    await store.pauseTarget({ target: ODOO, paused: true, actor: 'ann', reason: 'close' });
    await Promise.all(Array.from({ length: 620 }, (_, n) => receive(store, `in_${n}`)));
    const error = new FinanceError('TARGET_PAUSED', {
      details: { target: ODOO },
      retryAfterMs: 600_000,
    }).toJSON();
    const leased = await lease(store, 620);
    await Promise.all(leased.map(({ context }) => store.dispose({ ...context, error })));
    await store.pauseTarget({ target: ODOO, paused: false, actor: 'ann', reason: 'closed' });
    const waiting = async () => (await store.documents({ state: 'waiting', limit: 1_000 })).length;
    assert.equal(await waiting(), 120);
    await store.sweep();
    assert.equal(await waiting(), 0);
  }).timeout(20_000);

  it('a step whose lease went to another worker meanwhile gives slot and probe back', async () => {
    await receive(store, 'in_1');
    const context = await take(store);
    await store.release({ worker: 'w1' });
    await assert.rejects(run(context), { code: 'STORE_FENCE_STALE' });
    assert.deepEqual([targets.of(ODOO).slots.inUse, targets.of(ODOO).state, calls], [0, 'up', 0]);
  });

  it('the leases of documents that wait for a target are over: a drain does not wait for them', async () => {
    await receive(store, 'in_1');
    const leases = new Leases(store, 'w1', (error) => assert.fail(String(error)));
    const documents = await lease(store);
    leases.add(documents);
    await store.pauseTarget({ target: ODOO, paused: true, actor: 'ann', reason: 'close' });
    await fails({ ...documents[0]!.context, store: store.name });
    assert.equal(await leases.idle(500), true);
    await leases.close();
  });

  it('a lane above its high-water mark refuses; others, and what is known already, are taken', async () => {
    await store.close();
    const small = await place().open({ laneHighWater: 2 });
    await small.syncPipelines([PIPELINE]);
    await receive(small, 'in_1', 'evt_1');
    await receive(small, 'in_1', 'evt_2');
    await assert.rejects(receive(small, 'in_1', 'evt_3'), (error: FinanceErrorType) => {
      assert.deepEqual([error.code, error.retryAfterMs], ['STORE_FULL', 5_000]);
      assert.match(error.message, /2 documents wait in lane acme_de\/in_1/);
      return true;
    });
    assert.equal((await receive(small, 'in_1', 'evt_2')).status, 'duplicate');
    assert.equal((await receive(small, 'in_2', 'evt_4')).status, 'received');
    await small.settle({ ...(await take(small)), outcome: 'completed' });
    assert.equal((await receive(small, 'in_1', 'evt_3')).status, 'received');
  });
});
