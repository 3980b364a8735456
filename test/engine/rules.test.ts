import { strict as assert } from 'node:assert';
import {
  type Effect,
  type Json,
  Pending,
  type RunContext,
  type StepSpec,
  type Store,
  step,
} from '../../engine';
import { FinanceError } from '../../errors';
import { eventually, lease, PIPELINE, receive, row, take } from '../support/store';
import { onEveryStore } from './conformance/stores';

const SPEC: StepSpec = {
  kind: 'odoo.load',
  target: 'http://odoo/ledger',
  externalKey: 'acme_de_invoice_in_1',
  request: { ref: 'in_1' },
  name: 'odoo post',
};

/** A target that counts what was done to it, and can lose its answer. */
class Target {
  readonly requests: Json[] = [];
  readonly effects = new Map<string, Json>();
  loseAnswer = false;

  effect(more: Partial<Effect<Json>> = {}): Effect<Json> {
    return {
      refusesDoubles: false,
      perform: async (request) => {
        this.requests.push(request);
        this.effects.set(JSON.stringify(request), { id: this.requests.length });
        if (this.loseAnswer) throw new FinanceError('ODOO_TIMEOUT');
        return { id: this.requests.length };
      },
      probe: async (request) => this.effects.get(JSON.stringify(request)),
      ...more,
    };
  }
}

onEveryStore('Rules of the run', (place) => {
  let store: Store;
  let target: Target;

  beforeEach(async () => {
    store = await place().open();
    await store.syncPipelines([PIPELINE]);
    target = new Target();
  });

  async function finish(context: RunContext): Promise<void> {
    await store.settle({ ...context, outcome: 'completed' });
  }

  /** The runtime dies and starts again, and takes the document again. */
  async function crashAndTake(): Promise<RunContext> {
    store = await place().crash(store);
    return await take(store);
  }

  describe('Step identity', () => {
    it('a replay gives the recorded result and repeats nothing, even from another node', async () => {
      await receive(store, 'in_1');
      const first = await step(store, await take(store), SPEC, target.effect());
      const fresh = await crashAndTake();
      const again = await step(store, fresh, { ...SPEC, name: 'renamed', nodeId: 'n2' }, target.effect());
      assert.deepEqual(first, { status: 'done', result: { id: 1 }, replayed: false });
      assert.deepEqual(again, { status: 'done', result: { id: 1 }, replayed: true });
      assert.equal(target.requests.length, 1);
    });

    it('done with another request is a conflict, and the document is held before anything is sent', async () => {
      const { documentId } = await receive(store, 'in_1');
      await step(store, await take(store), SPEC, target.effect());
      const changed = { ...SPEC, request: { ref: 'other' } };
      const fresh = await crashAndTake();
      await assert.rejects(step(store, fresh, changed, target.effect()), {
        code: 'RUN_STEP_CHANGED',
      });
      assert.equal((await row(store, documentId)).state, 'held');
      assert.equal(target.requests.length, 1);
    });

    it('an open intent asks the target and takes what it finds', async () => {
      await receive(store, 'in_1');
      target.loseAnswer = true;
      await assert.rejects(step(store, await take(store), SPEC, target.effect()), { kind: 'in_doubt' });
      target.loseAnswer = false;
      const fresh = await crashAndTake();
      const found = await step(store, fresh, SPEC, target.effect());
      assert.deepEqual(found, { status: 'done', result: { id: 1 }, replayed: false });
      assert.equal(target.requests.length, 1);
    });

    it('an open intent that the target does not know resends the recorded request, not the new one', async () => {
      await receive(store, 'in_1');
      const context = await take(store);
      await store.intend({ ...context, ...SPEC });
      const later = { ...SPEC, request: { ref: 'in_1', mappedLater: true } };
      const fresh = await crashAndTake();
      await step(store, fresh, later, target.effect({ refusesDoubles: true }));
      assert.deepEqual(target.requests, [{ ref: 'in_1' }]);
    });

    it('a step that failed for certain may be tried with a new request', async () => {
      await receive(store, 'in_1');
      const refuse = target.effect({ perform: () => Promise.reject(new FinanceError('ODOO_VALIDATION')) });
      await assert.rejects(step(store, await take(store), SPEC, refuse), { code: 'ODOO_VALIDATION' });
      const corrected = { ...SPEC, request: { ref: 'corrected' } };
      const fresh = await crashAndTake();
      await step(store, fresh, corrected, target.effect());
      assert.deepEqual(target.requests, [{ ref: 'corrected' }]);
    });
  });

  describe('In doubt', () => {
    async function leaveInDoubt(): Promise<string> {
      const { documentId } = await receive(store, 'in_1');
      const context = await take(store);
      await store.intend({ ...context, ...SPEC });
      return documentId;
    }

    it('where the target does not refuse doubles, a person decides', async () => {
      const documentId = await leaveInDoubt();
      const fresh = await crashAndTake();
      await assert.rejects(step(store, fresh, SPEC, target.effect()), {
        code: 'RUN_IN_DOUBT',
      });
      const [exception] = await store.exceptions();
      assert.equal((await row(store, documentId)).state, 'held');
      assert.equal(exception?.class, 'in_doubt');
      assert.equal(target.requests.length, 0);
    });

    it('a look-up that gets no answer leaves it in doubt: nothing is sent before the target was asked', async () => {
      const documentId = await leaveInDoubt();
      const silent = target.effect({ probe: () => Promise.reject(new FinanceError('ODOO_UNAVAILABLE')) });
      const second = await crashAndTake();
      await assert.rejects(step(store, second, SPEC, silent), { code: 'ODOO_UNAVAILABLE' });
      assert.deepEqual(
        (await store.trace({ documentId })).steps.map(({ state }) => state),
        ['intent'],
      );
      const third = await crashAndTake();
      await assert.rejects(step(store, third, SPEC, target.effect()), { code: 'RUN_IN_DOUBT' });
      assert.equal(target.requests.length, 0);
    });

    it('a look-up that is refused leaves it in doubt as well, and the document is held', async () => {
      const documentId = await leaveInDoubt();
      const refused = target.effect({
        refusesDoubles: true,
        probe: () => Promise.reject(new FinanceError('ODOO_UNAUTHORIZED')),
      });
      const fresh = await crashAndTake();
      await assert.rejects(step(store, fresh, SPEC, refused), { code: 'ODOO_UNAUTHORIZED' });
      const { steps } = await store.trace({ documentId });
      assert.equal(steps[0]?.state, 'intent');
      assert.equal(target.requests.length, 0);
    });

    it('a look-up that finds nothing waits out the processing limit of the target', async () => {
      await leaveInDoubt();
      const slow = { ...SPEC, processingLimitMs: 60_000 };
      const refusing = target.effect({ refusesDoubles: true });
      const context = await crashAndTake();
      await assert.rejects(step(store, context, slow, refusing), (error: FinanceError) => {
        assert.equal(error.kind, 'in_doubt');
        assert.ok(error.retryAfterMs! > 0 && error.retryAfterMs! <= 60_000);
        return true;
      });
      assert.equal(target.requests.length, 0);
      await store.dispose({
        ...context,
        error: new FinanceError('RUN_IN_DOUBT', { retryAfterMs: 1 }).toJSON(),
      });
      await eventually(store, async () => (await row(store, context.documentId)).state === 'ready');
      await step(store, await take(store), { ...SPEC, processingLimitMs: 1 }, refusing);
      assert.equal(target.requests.length, 1);
    });
  });

  describe('Branches', () => {
    it('a clone that comes later is held as branched before its effect', async () => {
      const { documentId } = await receive(store, 'in_1');
      const context = await take(store);
      const clone = structuredClone(context);
      await step(store, context, SPEC, target.effect());
      const other = { ...SPEC, kind: 'einvoice.submit' };
      await assert.rejects(step(store, clone, other, target.effect()), { code: 'RUN_BRANCHED' });
      const held = await row(store, documentId);
      assert.equal(held.state, 'held');
      assert.match(held.error!, /RUN_BRANCHED/);
      assert.equal(target.requests.length, 1);
    });

    it('a clone cannot settle either', async () => {
      await receive(store, 'in_1');
      const context = await take(store);
      const clone = structuredClone(context);
      await step(store, context, SPEC, target.effect());
      assert.deepEqual(await store.settle({ ...clone, outcome: 'completed' }), { status: 'branched' });
    });

    it('the result of an effect under way is kept although the document was held meanwhile', async () => {
      const { documentId } = await receive(store, 'in_1');
      const context = await take(store);
      const clone = structuredClone(context);
      const slow = target.effect({
        perform: async () => {
          await store.settle({ ...clone, outcome: 'completed' });
          return { id: 77 };
        },
      });
      await step(store, context, SPEC, slow);
      const { steps, document } = await store.trace({ documentId });
      assert.equal(document.state, 'held');
      assert.deepEqual(
        steps.map(({ state, result }) => [state, result]),
        [['done', { id: 77 }]],
      );
    });
  });

  describe('Settling', () => {
    it('is refused while a step is an intent', async () => {
      await receive(store, 'in_1');
      const context = await take(store);
      const known = await store.intend({ ...context, ...SPEC });
      assert.equal(known.status, 'new');
      await assert.rejects(finish({ ...context, hop: 1 }), { code: 'RUN_STEPS_OPEN' });
    });

    it('is refused while a required step is missing', async () => {
      await store.syncPipelines([{ ...PIPELINE, requiredSteps: ['odoo.post'] }]);
      await receive(store, 'in_1');
      const context = await take(store);
      await assert.rejects(finish(context), { code: 'RUN_STEPS_MISSING' });
      await step(store, context, { ...SPEC, kind: 'odoo.post' }, target.effect());
      await finish(context);
      assert.equal((await row(store, context.documentId)).outcome, 'completed');
    });

    it('with an old fence is refused: the newer lease goes on', async () => {
      await receive(store, 'in_1');
      const old = await take(store);
      const fresh = await crashAndTake();
      await assert.rejects(finish(old), { code: 'STORE_FENCE_STALE' });
      await assert.rejects(step(store, old, SPEC, target.effect()), { code: 'STORE_FENCE_STALE' });
      await finish(fresh);
      assert.equal(target.requests.length, 0);
    });
  });

  describe('Routing', () => {
    it('binds a document to the one pipeline that claims it', async () => {
      const { pipeline } = await receive(store, 'in_1');
      assert.equal(pipeline, 'billing');
    });

    it('refuses pipelines whose filters overlap', async () => {
      const wide = { ...PIPELINE, name: 'wide', entities: [] };
      await assert.rejects(store.syncPipelines([PIPELINE, wide]), { code: 'CONFIG_PIPELINES_OVERLAP' });
    });

    it('holds a document that no pipeline claims, and lets it go on once one does', async () => {
      const { documentId, status } = await receive(store, 'in_1', 'evt_1', { entity: 'acme_fr' });
      assert.equal(status, 'held');
      assert.equal((await store.exceptions())[0]?.code, 'RUN_UNCLAIMED');
      const french = { ...PIPELINE, name: 'french', entities: ['acme_fr'] };
      assert.deepEqual(await store.syncPipelines([PIPELINE, french]), { claimed: 1 });
      assert.equal((await row(store, documentId)).state, 'ready');
      assert.deepEqual(await store.exceptions(), []);
    });

    it('holds a test-mode event at a live entity at once', async () => {
      const hold = new FinanceError('SOURCE_TEST_MODE').toJSON();
      const { documentId, status } = await receive(store, 'in_1', 'evt_1', { hold });
      assert.equal(status, 'held');
      assert.deepEqual(await lease(store), []);
      assert.equal((await row(store, documentId)).in_lane, 0);
    });
  });

  describe('Guard', () => {
    const KEY = 'acme_de/invoice/stripe/in_1';

    async function claimed(object: string, event: string, contentHash: string) {
      await receive(store, object, event);
      const context = await take(store);
      const result = await store.claim({ ...context, businessKey: KEY, contentHash });
      if (result.status === 'new') context.hop = result.hop;
      return { context, result };
    }

    it('same key and content is a linked duplicate at once, with the earlier result', async () => {
      const first = await claimed('in_1', 'evt_1', 'hash-a');
      await step(store, first.context, SPEC, target.effect());
      const second = await claimed('in_1b', 'evt_2', 'hash-a');
      assert.deepEqual(second.result, {
        status: 'duplicate',
        of: first.context.documentId,
        results: { 'odoo.load': { id: 1 } },
      });
      const duplicate = await row(store, second.context.documentId);
      assert.deepEqual([duplicate.outcome, duplicate.duplicate_of], ['duplicate', first.context.documentId]);
    });

    it('other content waits while the first is open; its completion makes it a conflict', async () => {
      const first = await claimed('in_1', 'evt_1', 'hash-a');
      const second = await claimed('in_1b', 'evt_2', 'hash-b');
      assert.equal(second.result.status, 'waiting');
      await finish(first.context);
      const conflict = await row(store, second.context.documentId);
      assert.equal(conflict.state, 'held');
      assert.match(conflict.error!, /DOCUMENT_CONFLICT/);
    });

    it('skipping the first releases the key, and what waited goes on', async () => {
      const first = await claimed('in_1', 'evt_1', 'hash-a');
      const second = await claimed('in_1b', 'evt_2', 'hash-b');
      await store.settle({ ...first.context, outcome: 'skipped' });
      assert.equal((await row(store, second.context.documentId)).state, 'ready');
      const again = await take(store);
      assert.equal((await store.claim({ ...again, businessKey: KEY, contentHash: 'hash-b' })).status, 'new');
    });

    it('a revision of a posted document is a conflict: nothing posted is posted again under its key', async () => {
      const first = await claimed('in_1', 'evt_1', 'hash-a');
      await finish(first.context);
      const revised = await claimed('in_1', 'evt_2', 'hash-b');
      assert.deepEqual(revised.result, { status: 'conflict', of: first.context.documentId });
    });

    it('a document that failed and comes back passes under its own key', async () => {
      const { context } = await claimed('in_1', 'evt_1', 'hash-a');
      const again = await crashAndTake();
      assert.equal(again.documentId, context.documentId);
      assert.equal((await store.claim({ ...again, businessKey: KEY, contentHash: 'hash-a' })).status, 'new');
    });

    it('a rejected document releases its key for a corrected one', async () => {
      const { context } = await claimed('in_1', 'evt_1', 'hash-a');
      await store.hold({ ...context, error: new FinanceError('ODOO_VALIDATION').toJSON() });
      await store.dismiss({
        documentId: context.documentId,
        outcome: 'rejected',
        actor: 'eva',
        reason: 'wrong customer',
      });
      assert.equal((await claimed('in_1', 'evt_2', 'hash-b')).result.status, 'new');
    });
  });

  describe('Waiting', () => {
    it('a pending step holds no lease and counts no attempt, and its outcome is asked for when due', async () => {
      const { documentId } = await receive(store, 'in_1');
      const effect = target.effect({
        perform: async () => new Pending({ networkId: 'net_1' }, 30),
        poll: async (_request, known) => ({ ...(known as object), accepted: true }),
      });
      assert.deepEqual(await step(store, await take(store), SPEC, effect), { status: 'waiting' });
      const waiting = await row(store, documentId);
      assert.deepEqual([waiting.state, waiting.worker, waiting.attempts], ['waiting', null, 0]);
      await eventually(store, async () => (await row(store, documentId)).state === 'ready');
      const done = await step(store, await take(store), SPEC, effect);
      assert.deepEqual(done, {
        status: 'done',
        result: { networkId: 'net_1', accepted: true },
        replayed: false,
      });
    });

    it('settling is refused while a step is pending', async () => {
      const { documentId } = await receive(store, 'in_1');
      const effect = target.effect({ perform: async () => new Pending({}, 20) });
      await step(store, await take(store), SPEC, effect);
      await eventually(store, async () => (await row(store, documentId)).state === 'ready');
      await assert.rejects(finish(await take(store)), { code: 'RUN_STEPS_OPEN' });
    });

    it('a document that waits for a reference leaves its lane, and comes back when it arrives', async () => {
      const refund = await receive(store, 'in_1', 'evt_refund', { kind: 'credit_note' });
      const key = 'acme_de/invoice/stripe/in_1';
      const waiting = await take(store);
      assert.equal(
        await store.awaitReference({ ...waiting, businessKey: key, due: Date.now() + 60_000 }),
        'waiting',
      );
      const charge = await receive(store, 'in_1', 'evt_charge');
      const context = await take(store);
      assert.equal(context.documentId, charge.documentId);
      const claim = await store.claim({ ...context, businessKey: key, contentHash: 'h' });
      assert.equal(claim.status, 'new');
      await finish({ ...context, hop: 1 });
      assert.equal((await row(store, refund.documentId)).state, 'ready');
      assert.equal((await store.reference({ businessKey: key }))?.completed, true);
    });

    it('a reference whose key is released is looked for again', async () => {
      const refund = await receive(store, 'in_r', 'evt_refund', { kind: 'credit_note' });
      const key = 'acme_de/invoice/stripe/in_1';
      await store.awaitReference({ ...(await take(store)), businessKey: key, due: Date.now() + 60_000 });
      await receive(store, 'in_1', 'evt_charge');
      const charge = await take(store);
      await store.claim({ ...charge, businessKey: key, contentHash: 'h' });
      await store.settle({ ...charge, hop: 1, outcome: 'rejected' });
      assert.equal((await row(store, refund.documentId)).state, 'ready');
    });

    it('a reference that never arrives is an exception in the end', async () => {
      const { documentId } = await receive(store, 'in_1', 'evt_refund', { kind: 'credit_note' });
      await store.awaitReference({
        ...(await take(store)),
        businessKey: 'acme_de/invoice/stripe/in_0',
        due: Date.now() + 20,
      });
      await eventually(store, async () => (await row(store, documentId)).state === 'held');
      assert.equal((await store.exceptions())[0]?.code, 'RUN_REFERENCE_MISSING');
    });
  });

  describe('Lanes', () => {
    it('a conflict leaves its lane: what comes behind it about the same object does not wait for it', async () => {
      await receive(store, 'in_1', 'evt_1');
      const claim = { businessKey: 'acme_de/invoice/stripe/in_1' };
      const first = await take(store);
      await store.claim({ ...first, ...claim, contentHash: 'a' });
      await finish({ ...first, hop: 1 });
      await receive(store, 'in_1', 'evt_2');
      await receive(store, 'in_1', 'evt_3');
      assert.equal(
        (await store.claim({ ...(await take(store)), ...claim, contentHash: 'b' })).status,
        'conflict',
      );
      assert.equal(
        (await store.claim({ ...(await take(store)), ...claim, contentHash: 'a' })).status,
        'duplicate',
      );
    });

    it('one open document a lane, in the order of arrival; other lanes flow on', async () => {
      const first = await receive(store, 'in_1', 'evt_1');
      const second = await receive(store, 'in_1', 'evt_2');
      const other = await receive(store, 'in_2', 'evt_3');
      const leased = (await lease(store)).map(({ context }) => context);
      assert.deepEqual(
        leased.map(({ documentId }) => documentId),
        [first.documentId, other.documentId],
      );
      await finish({ ...leased[0]!, store: 'default' });
      assert.equal((await take(store)).documentId, second.documentId);
    });

    it('a held document blocks its lane by default, and a resolved one frees it', async () => {
      const first = await receive(store, 'in_1', 'evt_1');
      const second = await receive(store, 'in_1', 'evt_2');
      await store.hold({ ...(await take(store)), error: new FinanceError('ODOO_VALIDATION').toJSON() });
      assert.deepEqual(await lease(store), []);
      await store.dismiss({
        documentId: first.documentId,
        outcome: 'skipped',
        actor: 'eva',
        reason: 'not ours',
      });
      assert.equal((await take(store)).documentId, second.documentId);
    });

    it('with the policy pass the next one goes on', async () => {
      await store.syncPipelines([{ ...PIPELINE, lanePolicy: 'pass' }]);
      await receive(store, 'in_1', 'evt_1');
      const second = await receive(store, 'in_1', 'evt_2');
      await store.hold({ ...(await take(store)), error: new FinanceError('ODOO_VALIDATION').toJSON() });
      assert.equal((await take(store)).documentId, second.documentId);
    });

    it('held documents do not count toward the high-water mark', async () => {
      await receive(store, 'in_1');
      await store.hold({ ...(await take(store)), error: new FinanceError('ODOO_VALIDATION').toJSON() });
      assert.deepEqual(await store.sweep(), { open: 0 });
    });
  });

  describe('Failure', () => {
    it('a step stores its error before it emits, and the policy applies where no route takes it', async () => {
      const { documentId } = await receive(store, 'in_1');
      const refuse = target.effect({ perform: () => Promise.reject(new FinanceError('ODOO_VALIDATION')) });
      await assert.rejects(step(store, await take(store), SPEC, refuse));
      const stored = await row(store, documentId);
      assert.equal(stored.state, 'leased');
      assert.match(stored.error!, /ODOO_VALIDATION/);
      await eventually(store, async () => (await row(store, documentId)).state === 'held');
      const [exception] = await store.exceptions();
      assert.deepEqual([exception?.class, exception?.step], ['rejected', 'odoo post']);
    });

    it('a transient failure is retried with backoff by itself', async () => {
      const { documentId } = await receive(store, 'in_1');
      const busy = target.effect({ perform: () => Promise.reject(new FinanceError('ODOO_SERIALIZATION')) });
      await assert.rejects(step(store, await take(store), SPEC, busy));
      await eventually(store, async () => (await row(store, documentId)).attempts === 1);
      await eventually(store, async () => (await row(store, documentId)).state === 'ready');
      assert.deepEqual(await store.exceptions(), []);
    });

    it('any error that is not of the table is held with its message', async () => {
      await receive(store, 'in_1');
      const broken = target.effect({ perform: () => Promise.reject(new TypeError('x is not a function')) });
      await assert.rejects(step(store, await take(store), SPEC, broken), { code: 'RUN_UNEXPECTED' });
      await eventually(store, async () => (await store.exceptions()).length === 1);
      assert.equal((await store.exceptions())[0]?.cause, 'x is not a function');
    });
  });

  describe('Reject, skip', () => {
    it('needs a word about effects already had', async () => {
      const { documentId } = await receive(store, 'in_1');
      const context = await take(store);
      await step(store, context, SPEC, target.effect());
      await store.hold({ ...context, error: new FinanceError('EINVOICE_REJECTED').toJSON() });
      const decision = { documentId, outcome: 'rejected' as const, actor: 'eva', reason: 'posted by hand' };
      await assert.rejects(store.dismiss(decision), { code: 'STORE_STATE', message: /odoo\.load/ });
      await store.dismiss({ ...decision, effects: 'kept' });
      const { exceptions, document } = await store.trace({ documentId });
      assert.equal(document.outcome, 'rejected');
      assert.deepEqual([exceptions[0]?.actor, exceptions[0]?.reason], ['eva', 'posted by hand']);
    });
  });
});
