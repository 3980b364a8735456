import { strict as assert } from 'node:assert';
import { type Child, leaseOf, openSqliteStore, Split, type Store, step } from '../../engine';
import { layoutOf } from '../../runtime';
import { ledgerway } from '../support/command';
import { PIPELINE, receive, Scratch } from '../support/store';

const TARGET = 'http://odoo/books';

describe('ledgerway intercompany', () => {
  let scratch: Scratch;
  beforeEach(() => {
    scratch = new Scratch();
  });
  afterEach(() => scratch.remove());

  const run = (...args: string[]) => ledgerway(['intercompany', ...args, '--data', scratch.folder]);

  /** The next document of a pipeline is booked with an amount. */
  async function book(store: Store, pipeline: string, amount: string, child?: Child): Promise<void> {
    const [leased] = await store.lease({ pipeline, worker: 'w1', limit: 1 });
    const context = { ...leased!.context, store: store.name };
    const spec = { target: TARGET, externalKey: `k ${leased!.context.documentId}`, request: {}, name: 'n' };
    const result = { amountTotal: amount, currency: 'EUR', name: 'INV/1' };
    await step(
      store,
      context,
      { kind: 'odoo.post', ...spec },
      { refusesDoubles: true, perform: async () => result },
    );
    if (child) {
      const pair = { from: null, to: child.part, amount: '119.00', currency: 'EUR', isPart: false };
      const perform = async () => new Split({ pairs: [pair] }, [child]);
      await step(store, context, { kind: 'intercompany.mirror', ...spec }, { refusesDoubles: true, perform });
    }
    await store.settle({ ...leaseOf(context), outcome: 'completed' });
  }

  it('says by its exit code whether every pair is equal, and names the one that is not', async () => {
    const store = await openSqliteStore({ file: layoutOf(scratch.folder).store });
    await store.syncPipelines([PIPELINE, { ...PIPELINE, name: 'us', entities: ['acme_us'] }]);
    const { documentId } = await receive(store, 'in_1');
    const child: Child = {
      part: 'mirror',
      entity: 'acme_us',
      kind: 'invoice',
      lane: 'm',
      source: {},
      body: '{}',
    };
    await book(store, PIPELINE.name, '119.00', child);
    await store.close();
    const open = await run('--json');
    assert.equal(open.code, 1, open.stderr);
    const { equal, unpaired } = open.json() as { equal: boolean; unpaired: { why: string; from: object }[] };
    assert.deepEqual([equal, unpaired.length], [false, 1]);
    assert.equal(unpaired[0]?.why, 'not booked yet in acme_us: ready');
    assert.match((await run()).stdout, new RegExp(`${documentId} .* 119.00 EUR: not booked yet`));

    const again = await openSqliteStore({ file: layoutOf(scratch.folder).store });
    await book(again, 'us', '119.00');
    await again.close();
    const whole = await run();
    assert.equal(whole.code, 0, whole.stderr);
    assert.match(whole.stdout, /acme_de → acme_us {2}1 pairs {2}119.00 \/ 119.00 EUR {2}difference 0.00/);
  });

  it('is equal where nothing is between entities', async () => {
    const store = await openSqliteStore({ file: layoutOf(scratch.folder).store });
    await store.syncPipelines([PIPELINE]);
    await receive(store, 'in_1');
    await store.close();
    const { code, stdout } = await run();
    assert.deepEqual([code, stdout.trim()], [0, 'Every pair is equal.']);
  });
});
