import { strict as assert } from 'node:assert';
import { type Json, leaseOf, type RunContext, type Store } from '../../../engine';
import { FinanceError } from '../../../errors';
import { PIPELINE, receive, take } from '../../support/store';
import { onEveryStore } from './stores';

onEveryStore('Documents that are open, and those that were mapped', (place) => {
  let store: Store;
  beforeEach(async () => {
    store = await place().open();
    await store.syncPipelines([PIPELINE]);
  });

  /** Receives a document and takes it, mapped or not. */
  async function taken(id: string, canonical?: Json, date?: string): Promise<RunContext> {
    await receive(store, id);
    const context = await take(store);
    if (canonical !== undefined) context.notes = { canonical, date, amount: '1.00', currency: 'EUR' };
    return context;
  }
  const hold = (context: RunContext) =>
    store.hold({ ...leaseOf(context), error: new FinanceError('ODOO_LOOKUP').toJSON() });
  const settle = (context: RunContext, outcome: 'completed' | 'skipped') =>
    store.settle({ ...leaseOf(context), outcome });

  it('what is open is given with its day, or the text that says it, and whether a step is in doubt', async () => {
    await settle(await taken('in_1', { schema: 'x' }), 'completed');
    await hold(await taken('in_2', { id: 2 }, '2026-10-02'));
    await hold(await taken('in_3', { id: 3 }));
    await hold(await taken('in_4'));
    const context = await taken('in_5');
    await store.intend({
      ...leaseOf(context),
      kind: 'odoo.load',
      target: 't',
      externalKey: 'k',
      name: 'post',
      request: {},
    });
    await receive(store, 'in_6', 'evt_in_6', { entity: '' });
    await receive(store, 'in_7', 'evt_in_7', { entity: 'acme_us' });
    const all = await store.openDocuments({ entity: 'acme_de', after: 0, limit: 100 });
    assert.deepEqual(
      all.map(({ entity, date, text, in_doubt }) => [entity, date, text, Number(in_doubt)]),
      [
        ['acme_de', '2026-10-02', null, 0],
        ['acme_de', null, '{"id":3}', 0],
        ['acme_de', null, null, 0],
        ['acme_de', null, null, 1],
        ['', null, null, 0],
      ],
    );
    const [first] = await store.openDocuments({ entity: 'acme_de', after: 0, limit: 1 });
    const rest = await store.openDocuments({ entity: 'acme_de', after: first!.seq, limit: 100 });
    assert.deepEqual([first, ...rest], all);
  });

  it('what was mapped and not posted is given with its canonical text, the latest', async () => {
    await settle(await taken('in_1', { id: 1 }), 'completed');
    await settle(await taken('in_2', { id: 2 }), 'skipped');
    await hold(await taken('in_3'));
    await hold(await taken('in_4', { id: 4 }));
    const page = (after: number, limit: number) =>
      store.unpostedDocuments({ entity: 'acme_de', after, limit });
    const all = await page(0, 10);
    assert.deepEqual(
      all.map(({ text }) => text),
      ['{"id":2}', '{"id":4}'],
    );
    const [first] = await page(0, 1);
    assert.deepEqual([first, ...(await page(first!.seq, 10))], all);
  });
});
