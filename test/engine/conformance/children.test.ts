import { strict as assert } from 'node:assert';
import { type Child, leaseOf, Split, type Store, step } from '../../../engine';
import { FinanceError } from '../../../errors';
import { lease, PIPELINE, receive, row, take } from '../../support/store';
import { onEveryStore } from './stores';

const child = (part: string, more: Partial<Child> = {}): Child => ({
  part,
  entity: 'acme_us',
  kind: 'invoice',
  lane: `mirror/${part}`,
  source: { system: 'intercompany', id: part },
  body: JSON.stringify({ id: part }),
  amount: '119.00',
  currency: 'EUR',
  date: '2026-11-02',
  sourceId: part,
  ...more,
});

const SPLIT = { kind: 'split', target: 't', externalKey: 'k', request: {}, name: 'split' };
const RECEIVERS = { ...PIPELINE, name: 'receivers', entities: ['acme_us'] };

onEveryStore('One to many: children', (place) => {
  let store: Store;
  beforeEach(async () => {
    store = await place().open({ laneHighWater: 1 });
    await store.syncPipelines([PIPELINE, RECEIVERS]);
  });

  const childrenOf = async (parent: string) =>
    (await store.documents({ entity: 'acme_us' })).filter(({ parent_id }) => parent_id === parent);

  it('are received with the step that makes them, and a replay makes no more', async () => {
    const { documentId } = await receive(store, 'in_1');
    let made = 0;
    const effect = {
      refusesDoubles: true,
      perform: async () => new Split({ made: ++made }, [child('a'), child('b')]),
    };
    const context = await take(store);
    const first = await step(store, context, SPLIT, effect);
    assert.deepEqual(first, { status: 'done', result: { made: 1 }, replayed: false });
    await store.settle({ ...leaseOf(context), outcome: 'completed' });
    const children = await childrenOf(documentId);
    const parent = await row(store, documentId);
    assert.deepEqual(
      children.map(({ receive_key, state, pipeline, correlation_id, date, source_id }) => [
        receive_key,
        state,
        pipeline,
        correlation_id,
        date,
        source_id,
      ]),
      ['b', 'a'].map((part) => [
        `${parent.receive_key}#${part}`,
        'ready',
        'receivers',
        parent.correlation_id,
        '2026-11-02',
        part,
      ]),
    );
    await store.replay({ documentId, actor: 'carla', reason: 'again' });
    assert.equal((await step(store, await take(store), SPLIT, effect)).status, 'done');
    assert.equal(made, 1);
    assert.equal((await childrenOf(documentId)).length, 2);
    assert.deepEqual((await store.audit()).findings, []);
  });

  it('come all or none: one that finds no room takes the others and the result with it', async () => {
    const { documentId } = await receive(store, 'in_1');
    const effect = {
      refusesDoubles: true,
      perform: async () => new Split({}, [child('a'), child('b', { lane: 'mirror/a' })]),
    };
    const context = await take(store);
    await assert.rejects(step(store, context, SPLIT, effect), { code: 'STORE_FULL' });
    assert.deepEqual(await childrenOf(documentId), []);
    const { steps } = await store.trace({ documentId });
    assert.deepEqual(
      steps.map(({ state }) => state),
      ['intent'],
    );
    assert.deepEqual((await store.audit()).findings, []);
  });

  for (const [whose, parts] of [
    ['of a sibling', ['a', 'b', 'a']],
    ['of another document', ['a', 'b']],
  ] as const)
    it(`one whose key is that ${whose} is not lost in silence: nothing is made`, async () => {
      const { documentId } = await receive(store, 'in_1');
      const { receive_key: key } = await row(store, documentId);
      const context = await take(store);
      if (whose === 'of another document') await receive(store, 'in_2', `${key}#b`.replace('stripe/', ''));
      const perform = async () =>
        new Split(
          {},
          parts.map((part, n) => child(part, { lane: `l/${n}` })),
        );
      const split = step(store, context, SPLIT, { refusesDoubles: true, perform });
      await assert.rejects(split, { code: 'DOCUMENT_CONFLICT' });
      assert.deepEqual(await childrenOf(documentId), []);
      assert.deepEqual((await store.audit()).findings, []);
    });

  it('one that waits for an approval is held from its birth, and its run knows who approved what', async () => {
    const { documentId } = await receive(store, 'in_1');
    const hold = new FinanceError('DOCUMENT_APPROVAL', { details: { contentHash: 'abc' } }).toJSON();
    const perform = async () => new Split({}, [child('a', { hold })]);
    await step(store, await take(store), SPLIT, { refusesDoubles: true, perform });
    const [held] = await childrenOf(documentId);
    assert.equal(held?.state, 'held');
    await store.replay({ documentId: held.id, actor: 'ben', reason: 'ordered by us' });
    const [leased] = await store.lease({ pipeline: 'receivers', worker: 'w', limit: 1 });
    assert.deepEqual(leased?.context.approval, { by: 'ben', contentHash: 'abc' });
    assert.deepEqual(await lease(store), []);
  });
});
