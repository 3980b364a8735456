import { strict as assert } from 'node:assert';
import { type Child, leaseOf, Split, type Store, step } from '../../../engine';
import { FinanceError } from '../../../errors';
import { PIPELINE, receive, take } from '../../support/store';
import { onEveryStore } from './stores';

const TARGET = 'http://odoo/books';
const KINDS = ['invoice', 'credit_note'];
const NOVEMBER = { entity: 'acme_de', kinds: KINDS, from: '2026-11-01', to: '2026-11-30' };

onEveryStore('Totals of a period', (place) => {
  let store: Store;
  beforeEach(async () => {
    store = await place().open();
    await store.syncPipelines([PIPELINE]);
  });

  type Story = { amount: string; date?: string; end?: 'completed' | 'rejected' | 'held'; booked?: boolean };

  async function document(id: string, { amount, date, end, booked }: Story): Promise<string> {
    const { documentId } = await receive(store, id);
    const context = await take(store);
    context.notes = {
      amount,
      currency: 'EUR',
      date,
      kind: 'invoice',
      businessKey: `acme_de/invoice/stripe/${id}`,
    };
    if (booked) {
      const spec = {
        kind: 'odoo.post',
        target: TARGET,
        externalKey: `ledgerway.${id}`,
        request: {},
        name: 'post',
      };
      await step(store, context, spec, { refusesDoubles: true, perform: async () => ({ id: 7 }) });
    }
    if (end === 'held')
      await store.hold({ ...leaseOf(context), error: new FinanceError('ODOO_LOOKUP').toJSON() });
    else if (end) await store.settle({ ...leaseOf(context), outcome: end });
    return documentId;
  }

  const page = (more: object = {}) =>
    store.periodDocuments({
      ...NOVEMBER,
      undatedSince: 0,
      booked: { kind: 'odoo.post', target: TARGET },
      after: 0,
      limit: 100,
      ...more,
    });

  it('are exact, by kind, currency, state and outcome', async () => {
    await document('in_1', { amount: '0.10', date: '2026-11-01', end: 'completed', booked: true });
    await document('in_2', { amount: '0.20', date: '2026-11-30', end: 'completed', booked: true });
    await document('in_3', { amount: '0.10', date: '2026-11-02', end: 'held' });
    await document('in_4', { amount: '9.99', date: '2026-12-01', end: 'completed' });
    assert.deepEqual(await store.totals(NOVEMBER), [
      { kind: 'invoice', currency: 'EUR', state: 'held', outcome: null, count: 1, amount: '0.1' },
      { kind: 'invoice', currency: 'EUR', state: 'settled', outcome: 'completed', count: 2, amount: '0.3' },
    ]);
    assert.deepEqual(await store.totals({ ...NOVEMBER, kinds: [] }), []);
  });

  it('come down to single documents, page by page, with the key that the target has them under', async () => {
    const first = await document('in_1', {
      amount: '1.00',
      date: '2026-11-01',
      end: 'completed',
      booked: true,
    });
    const second = await document('in_2', { amount: '2.00', date: '2026-11-02', end: 'held' });
    await document('in_3', { amount: '3.00', date: '2026-10-31', end: 'completed' });
    const undated = await document('in_4', { amount: '4.00', end: 'held' });
    const [one, ...none] = await page({ limit: 1 });
    assert.deepEqual(
      [one?.id, one?.booked_key, one?.booked, one?.text, none],
      [first, 'ledgerway.in_1', { id: 7 }, null, []],
    );
    const rest = await page({ after: one!.seq });
    assert.deepEqual(
      rest.map(({ id, booked_key, text }) => [id, booked_key, text]),
      [
        [second, null, null],
        [undated, null, '{"id":"in_4"}'],
      ],
    );
    assert.deepEqual(await page({ after: one!.seq, undatedSince: Date.now() + 1_000 }), [rest[0]]);
  });

  it('know the keys of a target', async () => {
    await document('in_1', { amount: '1.00', date: '2026-10-01', end: 'completed', booked: true });
    const keys = ['ledgerway.in_1', 'ledgerway.in_2'];
    assert.deepEqual(await store.knownKeys({ keys, target: TARGET }), ['ledgerway.in_1']);
    assert.deepEqual(await store.knownKeys({ keys, target: 'http://odoo/other' }), []);
  });

  it('show a splitting step with its parent, its children and what is booked of each', async () => {
    await store.syncPipelines([PIPELINE, { ...PIPELINE, name: 'us', entities: ['acme_us'] }]);
    const child: Child = {
      part: 'mirror',
      entity: 'acme_us',
      kind: 'invoice',
      lane: 'mirror',
      source: {},
      body: '{}',
      number: 'S-1',
    };
    const { documentId } = await receive(store, 'in_1');
    const context = await take(store);
    const spec = { kind: 'split', target: TARGET, externalKey: 'k', request: {}, name: 'split' };
    await step(store, context, spec, {
      refusesDoubles: true,
      perform: async () => new Split({ pairs: 1 }, [child]),
    });
    const query = { splits: ['split'], booked: 'odoo.post', limit: 10 };
    const [found, ...more] = await store.kin(query);
    assert.deepEqual([found?.kind, found?.result, more], ['split', { pairs: 1 }, []]);
    assert.deepEqual([found?.parent.id, found?.parent.part, found?.parent.booked], [documentId, null, null]);
    assert.deepEqual(
      found?.children.map(({ part, number, state }) => [part, number, state]),
      [['mirror', 'S-1', 'ready']],
    );
    assert.deepEqual(await store.kin({ ...query, after: found!.id }), []);
  });

  it('name what is held in a lane, and came before', async () => {
    const held = await document('in_1', { amount: '1.00', end: 'held' });
    const { documentId } = await receive(store, 'in_2');
    assert.deepEqual(await store.heldBefore({ lane: 'acme_de/in_1', documentId }), [held]);
    assert.deepEqual(await store.heldBefore({ lane: 'acme_de/in_1', documentId: held }), []);
    assert.deepEqual(await store.heldBefore({ lane: 'acme_de/in_2', documentId }), []);
  });
});
