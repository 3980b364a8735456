import { strict as assert } from 'node:assert';
import type { DocumentFilter, ExceptionFilter, Store } from '../../../engine';
import { FinanceError } from '../../../errors';
import { PIPELINE } from '../../support/store';
import { onEveryStore } from './stores';

const US = { ...PIPELINE, name: 'billing-us', entities: ['acme_us'] };

/** An invoice that goes as far as `fate` says. */
async function live(
  store: Store,
  object: string,
  fate: 'open' | 'posted' | 'held' | 'in doubt' | 'skipped',
  { entity = 'acme_de', amount = '10.10', date = '2026-10-05' } = {},
): Promise<string> {
  const { documentId } = await store.receive({
    receiveKey: `stripe//evt_${object}`,
    entity,
    kind: 'invoice',
    lane: object,
    source: { system: 'stripe', id: object },
    body: { mediaType: 'application/json', content: '{}' },
  });
  if (fate === 'open') return documentId;
  const pipeline = entity === 'acme_de' ? PIPELINE.name : US.name;
  const [leased] = await store.lease({ pipeline, worker: 'w1', limit: 1 });
  assert.equal(leased!.context.documentId, documentId);
  const ref = { documentId, fence: leased!.context.fence, hop: 0 };
  const notes = {
    amount,
    currency: 'EUR',
    date,
    sourceId: object,
    number: `R-${object}`,
    contentHash: 'c',
    businessKey: `${entity}/${object}`,
  };
  if (fate === 'skipped') {
    await store.settle({ ...ref, notes, outcome: 'skipped' });
    return documentId;
  }
  const step = { kind: 'odoo.post', target: 'https://odoo/acme', externalKey: `x.${object}`, name: 'post' };
  const intent = await store.intend({ ...ref, ...step, request: { a: 1 }, notes });
  assert.equal(intent.status, 'new');
  if (intent.status !== 'new') throw new Error();
  const next = { ...ref, hop: intent.hop };
  if (fate === 'posted') {
    await store.complete({ documentId, fence: ref.fence, stepId: intent.stepId, result: { moveId: 1 } });
    await store.settle({ ...next, outcome: 'completed' });
    return documentId;
  }
  const code = fate === 'held' ? 'ODOO_VALIDATION' : 'RUN_IN_DOUBT';
  const error = new FinanceError(code, {
    message: `100% of ${object} was refused`,
    step: 'odoo.post',
  }).toJSON();
  await store.failStep({ documentId, fence: ref.fence, stepId: intent.stepId, error });
  await store.hold({ ...next, error });
  return documentId;
}

onEveryStore('What the console reads', (place) => {
  let store: Store;
  const ids: Record<string, string> = {};
  beforeEach(async () => {
    store = await place().open();
    await store.syncPipelines([PIPELINE, US]);
    ids.posted = await live(store, 'in_1', 'posted', { amount: '0.10' });
    ids.long = await live(store, 'in_2', 'posted', { amount: '123456789012345678.25' });
    ids.held = await live(store, 'in_3', 'held', { amount: '0.20' });
    ids.doubt = await live(store, 'in_4', 'in doubt', { amount: '1000.00', date: '2026-11-01' });
    ids.skipped = await live(store, 'in_5', 'skipped', { amount: '-3.5' });
    ids.us = await live(store, 'in_6', 'held', { entity: 'acme_us', amount: '7.00' });
    ids.open = await live(store, 'in_7', 'open');
  });

  it('overview: exact sums by entity, currency and period, and they tie', async () => {
    const all = await store.overview({ scope: {} });
    assert.ok(all.every(({ ties }) => ties));
    assert.equal(all.find(({ currency }) => currency === '')!.stages.open.count, 1, 'not mapped: no amount');
    const rows = all.filter(({ currency }) => currency === 'EUR');
    assert.deepEqual(
      rows.map(({ entity, period }) => [entity, period]),
      [
        ['acme_de', '2026-10'],
        ['acme_de', '2026-11'],
        ['acme_us', '2026-10'],
      ],
    );
    const { stages } = rows[0]!;
    assert.deepEqual(stages.received, { count: 4, amount: '123456789012345675.05' });
    assert.deepEqual(stages.posted, { count: 2, amount: '123456789012345678.35' });
    assert.deepEqual(stages.held, { count: 1, amount: '0.20' });
    assert.deepEqual(stages.skipped, { count: 1, amount: '-3.5' });
    assert.deepEqual(rows[1]!.stages.inDoubt, { count: 1, amount: '1000.00' });
    const november = await store.overview({
      scope: { entities: ['acme_de'] },
      from: '2026-11',
      to: '2026-11',
    });
    assert.equal(november.find(({ currency }) => currency === 'EUR')!.stages.received.count, 1);
    assert.deepEqual(await store.overview({ scope: { entities: [] } }), []);
  });

  it('each figure of the overview is the length of its list', async () => {
    for (const { entity, currency, period, stages } of await store.overview({ scope: {} }))
      for (const [stage, { count }] of Object.entries(stages)) {
        const filter = { entity, currency, period, stage } as DocumentFilter;
        const { items } = await store.documentList({ scope: {}, filter, limit: 100 });
        assert.equal(items.length, count, `${entity} ${period} ${stage}`);
      }
  });

  it('charts: what came, was settled and held today; ages; sources', async () => {
    const { throughput, ageing, trend } = await store.charts({ scope: {}, days: 2 });
    const sum = (name: 'received' | 'settled' | 'held') =>
      throughput.reduce((all, day) => all + day[name], 0);
    assert.deepEqual([sum('received'), sum('settled'), sum('held'), throughput.length], [7, 3, 3, 2]);
    assert.deepEqual(ageing[0], { bucket: 'lt1h', count: 3, amounts: { EUR: '1007.20' } });
    assert.deepEqual(
      trend.map(({ source, opened, closed }) => [source, opened, closed]),
      [['stripe', 3, 0]],
    );
  });

  it('exceptions: every filter and order, within the scope', async () => {
    const of = async (filter: ExceptionFilter, entities?: string[]) =>
      (await store.exceptionList({ scope: { entities }, filter, sort: 'amount', limit: 10 })).items.map(
        ({ sourceId }) => sourceId,
      );
    assert.deepEqual(await of({}), ['in_4', 'in_6', 'in_3']);
    assert.deepEqual(await of({}, ['acme_us']), ['in_6']);
    assert.deepEqual(await of({ entity: 'acme_de' }, ['acme_us']), []);
    assert.deepEqual(await of({ class: 'in_doubt' }), ['in_4']);
    assert.deepEqual(await of({ code: 'ODOO_VALIDATION', step: 'odoo.post', age: 'lt1h' }), ['in_6', 'in_3']);
    assert.deepEqual(await of({ minAmount: '7' }), ['in_4', 'in_6']);
    assert.deepEqual(await of({ q: '100% OF IN_3' }), ['in_3']);
    assert.deepEqual(await of({ q: '100_' }), [], 'a sign of LIKE is a letter like others');
    assert.deepEqual(await of({ age: '7d' }), []);
    assert.deepEqual(await of({ state: 'resolved' }), []);
    const { items } = await store.exceptionList({ scope: {}, filter: { q: 'in_3' }, sort: 'due', limit: 10 });
    const exceptionId = items[0]!.id;
    await store.tag({ exceptionId, actor: 'clara', add: ['vip'] });
    await store.assign({ exceptionId, actor: 'clara', owner: 'clara' });
    assert.deepEqual(await of({ tag: 'vip', owner: 'clara' }), ['in_3']);
    assert.deepEqual(await of({ owner: '' }), ['in_4', 'in_6']);
    const facets = await store.exceptionFacets({ scope: {}, filter: {} });
    assert.deepEqual(
      [facets.total, facets.entity, facets.tag, facets.owner, facets.age],
      [3, { acme_de: 2, acme_us: 1 }, { vip: 1 }, { '': 2, clara: 1 }, { lt1h: 3 }],
    );
    assert.deepEqual(await store.exceptionDocuments({ scope: {}, filter: { tag: 'vip' }, limit: 9 }), [
      ids.held,
    ]);
    await store.replay({ documentId: ids.held!, actor: 'clara', reason: 'again' });
    assert.deepEqual(await of({ state: 'retrying' }), ['in_3']);
    assert.deepEqual(await of({ state: 'resolved' }), ['in_3']);
  });

  it('what waits behind a held document is counted with its money', async () => {
    await store.receive({
      receiveKey: 'stripe//evt_behind',
      entity: 'acme_de',
      kind: 'invoice',
      lane: 'in_3',
      source: {},
      body: { mediaType: 'application/json', content: '{}' },
      amount: '5.55',
      currency: 'EUR',
    });
    const { items } = await store.exceptionList({
      scope: {},
      filter: { q: 'in_3' },
      sort: 'opened',
      limit: 1,
    });
    assert.deepEqual(items[0]!.behind, { count: 1, amounts: { EUR: '5.55' } });
  });

  it('finds a document by every reference, and none of another entity', async () => {
    const { receive_key } = await store.documentRow({ documentId: ids.us! });
    const texts = [ids.us!, 'R-in_6', 'in_6', 'acme_us/in_6', 'evt_in_6', receive_key, 'x.in_6', '7', '7.00'];
    for (const text of texts) {
      const found = await store.references({ scope: {}, text, limit: 10 });
      assert.deepEqual(
        found.map(({ id }) => id),
        [ids.us],
        text,
      );
      assert.deepEqual(await store.references({ scope: { entities: ['acme_de'] }, text, limit: 10 }), []);
    }
    assert.deepEqual(await store.references({ scope: {}, text: "' OR 1=1 --", limit: 10 }), []);
  });

  it('steps in doubt tell what was found', async () => {
    const { items, next } = await store.stepsInDoubt({ scope: {}, limit: 10 });
    assert.equal(next, undefined);
    assert.deepEqual(
      items.map(({ documentId, externalKey, found }) => [documentId, externalKey, found.code, found.cause]),
      [[ids.doubt, 'x.in_4', 'RUN_IN_DOUBT', '100% of in_4 was refused']],
    );
  });

  it('backlogs and targets: of the entities that one sees', async () => {
    const [billing, us] = await store.backlogs({ scope: {} });
    assert.deepEqual([billing!.name, billing!.backlog], ['billing', { source: 1, mapping: 0, posting: 0 }]);
    assert.equal(typeof billing!.oldestAt, 'number');
    assert.deepEqual([us!.name, us!.backlog.source], ['billing-us', 0]);
    assert.deepEqual(
      (await store.backlogs({ scope: { entities: ['acme_us'] } })).map(({ name }) => name),
      ['billing-us'],
    );
    await store.syncPipelines([{ ...PIPELINE, entities: ['acme_de', 'acme_us'] }]);
    const [shared] = await store.backlogs({ scope: { entities: ['acme_us'] } });
    assert.deepEqual([shared!.entities, shared!.backlog.source], [['acme_us'], 0]);
    assert.deepEqual(
      (await store.targetUse({ scope: {} })).map(({ name }) => name),
      ['https://odoo/acme'],
    );
    assert.deepEqual(await store.targetUse({ scope: { entities: ['acme_us'] } }), [], 'its only step failed');
  });

  it('a trace is all of a document, and of no other entity', async () => {
    const trace = await store.documentTrace({ scope: { entities: ['acme_us'] }, documentId: ids.us! });
    assert.deepEqual(
      [trace.document.stage, trace.steps.length, trace.exceptions.length, trace.document.deliveries],
      ['held', 1, 1, 1],
    );
    assert.ok(trace.history.length >= 4);
    await assert.rejects(store.documentTrace({ scope: { entities: ['acme_de'] }, documentId: ids.us! }), {
      code: 'STORE_NOT_FOUND',
    });
    const past = { periodFrom: '2020-01', periodTo: '2020-12' };
    await assert.rejects(store.documentTrace({ scope: past, documentId: ids.us! }), {
      code: 'STORE_NOT_FOUND',
    });
  });

  it('tells what changed since, by entity', async () => {
    const { heads, events } = await store.changesSince({});
    assert.deepEqual(events, []);
    await live(store, 'in_8', 'open', { entity: 'acme_us' });
    const changes = await store.changesSince({ heads });
    assert.deepEqual(changes.events, [{ type: 'received', entity: 'acme_us' }]);
  });

  it('a write is begun once under its key; its answer is kept, its failure is not', async () => {
    const write = { key: 'k1', requestHash: 'h1' };
    const begun = await Promise.allSettled([1, 2, 3, 4].map(() => store.beginWrite(write)));
    assert.equal(begun.filter(({ status }) => status === 'fulfilled').length, 1);
    await assert.rejects(store.beginWrite(write), { code: 'API_IN_PROGRESS' });
    await assert.rejects(store.beginWrite({ ...write, requestHash: 'h2' }), { code: 'API_KEY_REUSED' });
    await store.endWrite({ key: 'k1', status: 200, response: '{"a":1}' });
    assert.deepEqual(await store.beginWrite(write), { status: 200, response: '{"a":1}' });
    await store.dropWrite({ key: 'k1' });
    assert.ok(await store.beginWrite(write), 'an answer that was given is not dropped');
    assert.equal(await store.beginWrite({ key: 'k2', requestHash: 'h' }), undefined);
    await store.dropWrite({ key: 'k2' });
    assert.equal(await store.beginWrite({ key: 'k2', requestHash: 'h' }), undefined);
  });
});
