import { strict as assert } from 'node:assert';
import { type Commit, leaseOf, type Move, onCommit, type Store } from '../../../engine';
import { FinanceError } from '../../../errors';
import { PIPELINE, receive, take } from '../../support/store';
import { onEveryStore } from './stores';

onEveryStore('What a store says of itself', (place) => {
  let store: Store;
  beforeEach(async () => {
    store = await place().open();
    await store.syncPipelines([PIPELINE]);
  });

  async function hold(object: string, amount: string | undefined, currency = 'EUR', kind = 'invoice') {
    const { documentId } = await receive(store, object, `evt_${object}`, { amount, currency, kind });
    const { context } = await store.leaseDocument({ documentId, worker: 'w1' });
    await store.hold({
      ...leaseOf({ ...context, store: store.name }),
      error: new FinanceError('ODOO_LOOKUP').toJSON(),
    });
    return documentId;
  }

  it('the backlog by pipeline and state, exceptions with exact sums, feeds, and what is paused', async () => {
    await hold('in_1', '0.10');
    await hold('in_2', '0.20');
    await hold('in_3', '99999999999999.99');
    await hold('in_4', 'no number');
    await receive(store, 'in_5');
    await receive(store, 'in_5', 'evt_again');
    await receive(store, 'in_6');
    const waiting = await take(store);
    const down = {
      code: 'TARGET_UNAVAILABLE',
      details: { target: 'http://odoo' },
      retryAfterMs: 60_000,
    } as const;
    await store.dispose({ ...leaseOf(waiting), error: new FinanceError(down.code, down).toJSON() });
    await store.setCursor({ name: 'backfill/stripe', value: '17' });
    await store.pauseTarget({ target: 'http://tax', paused: true, actor: 'ann', reason: 'test' });
    const { backlog, delayed, exceptions, feeds, paused, at } = await store.pulse();
    const states = Object.fromEntries(backlog.map(({ state, documents }) => [state, documents]));
    assert.deepEqual(states, { held: 4, waiting: 1, ready: 1, blocked: 1 });
    for (const { pipeline, oldestAt } of backlog) {
      assert.equal(pipeline, 'billing');
      assert.ok(oldestAt <= at && oldestAt > at - 60_000);
    }
    assert.deepEqual(
      delayed.map(({ target, documents }) => [target, documents]),
      [['http://odoo', 1]],
    );
    const [open, ...others] = exceptions;
    assert.deepEqual(others, []);
    assert.deepEqual([open?.entity, open?.count], ['acme_de', 4]);
    assert.match(open?.amounts.EUR ?? '', /^100000000000000\.290*$/);
    assert.deepEqual(
      feeds.filter(({ name }) => name === 'backfill/stripe').map(({ value }) => value),
      ['17'],
    );
    assert.deepEqual(
      paused.targets.map(({ name }) => name),
      ['http://tax'],
    );
  });

  it('what a rule asks for: by entity, kind, class, amount and age', async () => {
    const large = await hold('in_1', '-10000.00');
    await hold('in_2', '9999.99');
    await hold('in_3', '20000', 'USD');
    await hold('in_4', 'no number');
    await hold('in_5', undefined);
    await hold('cn_1', '15000', 'EUR', 'credit_note');
    await receive(store, 'in_6', 'evt_6', { amount: '5' });
    const exceptions = (more: object) => store.concerns({ what: 'exceptions', ...more });
    const found = await exceptions({ minAmount: '10000', currency: 'EUR', kinds: ['invoice'] });
    assert.equal(found.count, 1);
    assert.match(found.amounts.EUR!, /^-10000(\.0+)?$/);
    assert.equal(found.first[0]?.documentId, large);
    assert.equal((await exceptions({})).count, 6);
    assert.equal((await exceptions({})).first.length, 5);
    assert.equal((await exceptions({ entities: ['acme_us'] })).count, 0);
    assert.equal((await exceptions({ codes: ['ODOO_LOOKUP'], pipelines: ['billing'] })).count, 6);
    assert.equal((await exceptions({ classes: ['in_doubt'] })).count, 0);
    assert.equal((await exceptions({ olderThanMs: 3_600_000 })).count, 0);
    assert.equal((await exceptions({ dueWithinMs: 0 })).count, 0, 'no deadline was set');
    const delayed = await store.concerns({ what: 'delayed', olderThanMs: 0 });
    assert.equal(delayed.count, 1, 'held documents are no delayed ones');
  });

  it('a cursor is swapped once, whoever else tries', async () => {
    assert.equal(await store.swapCursor({ name: 'alerts', from: 'x', to: 'y' }), false);
    const tries = ['a', 'b', 'c'].map((to) => store.swapCursor({ name: 'alerts', from: undefined, to }));
    const won = (await Promise.all(tries)).flatMap((swapped, index) => (swapped ? ['abc'[index]] : []));
    assert.equal(won.length, 1);
    assert.equal(await store.getCursor({ name: 'alerts' }), won[0]);
  });

  it('each move is told once, after its commit, to those who watch', async () => {
    const commits: Commit[] = [];
    const stop = onCommit((commit) => commits.push(commit));
    await receive(store, 'in_1');
    await receive(store, 'in_1');
    await receive(store, 'in_2', 'evt_2', { skip: 'ignored' });
    await receive(store, 'in_3', 'evt_3', { kind: 'unknown' });
    const context = await take(store);
    await store.settle({ ...leaseOf(context), outcome: 'completed' });
    await assert.rejects(store.settle({ ...leaseOf(context), fence: 9, outcome: 'completed' }));
    stop();
    await receive(store, 'in_4');
    const moves = commits.flatMap((commit) => commit.moves);
    assert.deepEqual(
      moves.map(({ what, outcome, code }: Move) => [what, outcome ?? code].filter(Boolean).join(' ')),
      ['received', 'received', 'settled skipped', 'received', 'held RUN_UNCLAIMED', 'settled completed'],
    );
    assert.ok(commits.every(({ ms, size }) => ms > 0 && size > 0));
  });
});
