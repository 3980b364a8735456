import { strict as assert } from 'node:assert';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { nextTimeOfDay } from '../../nodes/kit/time-of-day';
import { Bench, ENTITY, node, PIPELINE_IN } from './bench';

const OUT = node('out', 'pipeline-out', { outcome: 'completed', wires: [['done']] });
const DONE = node('done', 'helper');

describe('pipeline in, pipeline out', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.open();
  });
  afterEach(() => bench.close());

  it('delivers the parsed body with the run, and settles it', async () => {
    await bench.load([
      ENTITY,
      { ...PIPELINE_IN, wires: [['out', 'seen']] },
      OUT,
      DONE,
      node('seen', 'helper'),
    ]);
    const documentId = await bench.receive({ id: 'in_1', total: '119.00' });
    const seen = await bench.message('seen');
    assert.deepEqual(seen.payload, { id: 'in_1', total: '119.00' });
    assert.equal(seen.ledgerway?.documentId, documentId);
    assert.deepEqual(seen.ledgerway?.notes?.care, { owner: 'ar', serviceHours: 8 });
    assert.equal(seen.ledgerway?.store, 'default');
    const done = await bench.message('done');
    assert.equal(done.ledgerway?.settled, true);
    const row = await bench.store.documentRow({ documentId });
    assert.deepEqual(
      [row.state, row.outcome, row.care],
      ['settled', 'completed', '{"owner":"ar","serviceHours":8}'],
    );
  });

  it('a body that is no JSON comes as its text', async () => {
    await bench.load([ENTITY, { ...PIPELINE_IN, wires: [['done']] }, DONE]);
    await bench.receive({}, { body: { mediaType: 'text/csv', content: 'a;b' } });
    assert.equal((await bench.message('done')).payload, 'a;b');
    await bench.receive({}, { lane: 'x', body: { mediaType: 'application/json', content: '{half' } });
    assert.equal((await bench.message('done', 2)).payload, '{half');
  });

  it('Routing: what another pipeline claims, or none, does not come here', async () => {
    await bench.load([ENTITY, { ...PIPELINE_IN, wires: [['out']] }, OUT, DONE]);
    await bench.receive({ id: 'in_1' }, { entity: 'acme_us' });
    await bench.receive({ id: 'in_2' }, { kind: 'payout' });
    await bench.receive({ id: 'in_3' });
    await bench.message('done');
    assert.deepEqual(await bench.codes(), ['RUN_UNCLAIMED', 'RUN_UNCLAIMED']);
  });

  it('two pipelines that claim the same documents are red, and take nothing', async () => {
    const second = { ...PIPELINE_IN, id: 'in2', name: 'billing two', wires: [['done']] };
    await bench.load([ENTITY, { ...PIPELINE_IN, wires: [['done']] }, second, DONE]);
    await bench.receive({ id: 'in_1' });
    await bench.until(() => bench.status('in').fill === 'red' && bench.status('in2').fill === 'red');
    assert.match(bench.status('in').text!, /claim the same documents/);
    assert.equal(bench.at('done').length, 0);
  });

  it('an entity that is not there is told on the node', async () => {
    await bench.load([{ ...PIPELINE_IN, wires: [['done']] }, DONE]);
    assert.equal(bench.status('in').fill, 'red');
  });

  it('a batch waits for its time of day in the zone of the entity', async () => {
    const kinds = JSON.stringify([
      { kind: 'invoice', owner: 'stripe', timing: 'batch', batchAt: '02:30', approval: false },
    ]);
    await bench.load([{ ...ENTITY, kinds }, { ...PIPELINE_IN, wires: [['done']] }, DONE]);
    const documentId = await bench.receive({ id: 'in_1' });
    await bench.state(documentId, 'waiting');
    const row = await bench.store.documentRow({ documentId });
    assert.equal(row.waits_for, 'batch');
    assert.equal(Number(row.due), nextTimeOfDay(Number(row.received_at), '02:30', 'Europe/Berlin'));
    assert.equal(bench.at('done').length, 0);
  });

  it('takes at most as many as it may, and no more while the process drains', async () => {
    await bench.load([ENTITY, { ...PIPELINE_IN, concurrency: 2, wires: [['done']] }, DONE]);
    for (let index = 0; index < 5; index++) await bench.receive({ id: `in_${index}` });
    await bench.message('done', 2);
    await bench.store.sweep();
    assert.equal(bench.at('done').length, 2);
    const drained = bench.host.drain(2000);
    for (const { ledgerway } of bench.at('done')) {
      const { documentId, fence, hop } = ledgerway!;
      await bench.store.settle({ documentId, fence, hop, outcome: 'completed' });
    }
    assert.equal(await drained, true);
    assert.equal(bench.at('done').length, 2);
    bench.host.resume();
    await bench.message('done', 4);
  });

  it('a redeploy takes documents over, and never twice', async () => {
    const flow = [ENTITY, { ...PIPELINE_IN, wires: [['out']] }, OUT, DONE];
    await bench.load(flow);
    await bench.receive({ id: 'in_1' });
    await bench.message('done');
    await bench.redeploy(flow.map((each) => ({ ...each })));
    await bench.receive({ id: 'in_2' });
    await bench.message('done', 2);
    assert.equal(bench.at('done').length, 2);
  });

  it('follows the key of an entity that changes under it', async () => {
    const flow = [ENTITY, { ...PIPELINE_IN, wires: [['out']] }, OUT, DONE];
    await bench.load(flow);
    await bench.receive({ id: 'in_1' }, { entity: 'acme_fr' });
    assert.deepEqual(await bench.codes(), ['RUN_UNCLAIMED']);
    await bench.redeploy([{ ...ENTITY, key: 'acme_fr' }, ...flow.slice(1)], {}, 'nodes');
    await bench.message('done');
    assert.deepEqual(await bench.codes(), []);
  });

  it('Settling: refused while a required step is missing, which Catch sees', async () => {
    const flow = [
      ENTITY,
      { ...PIPELINE_IN, requiredSteps: '["odoo.post"]', wires: [['out']] },
      OUT,
      DONE,
      node('route', 'catch', { scope: null, wires: [['caught']] }),
      node('caught', 'helper'),
    ];
    await bench.load(flow);
    const documentId = await bench.receive({ id: 'in_1' });
    const caught = (await bench.message('caught')).error as { code: string };
    assert.equal(caught.code, 'RUN_STEPS_MISSING');
    assert.equal(bench.at('done').length, 0);
    // no route takes it on: the policy of the pipeline applies by itself
    await bench.state(documentId, 'held');
    assert.deepEqual(await bench.codes(), ['RUN_STEPS_MISSING']);
  });

  it('a message without a document is refused', async () => {
    const flow = [
      OUT,
      DONE,
      node('route', 'catch', { scope: null, wires: [['caught']] }),
      node('caught', 'helper'),
    ];
    await bench.load(flow);
    bench.send('out', { payload: 'x' });
    assert.equal(((await bench.message('caught')).error as { code: string }).code, 'RUN_NO_DOCUMENT');
    bench.send('out', { payload: 'x', ledgerway: { documentId: 7 } });
    assert.equal(((await bench.message('caught', 2)).error as { code: string }).code, 'RUN_NO_DOCUMENT');
  });

  it('skips where it is set so', async () => {
    await bench.load([ENTITY, { ...PIPELINE_IN, wires: [['out']] }, { ...OUT, outcome: 'skipped' }, DONE]);
    const documentId = await bench.receive({ id: 'in_1' });
    await bench.message('done');
    assert.equal((await bench.store.documentRow({ documentId })).outcome, 'skipped');
  });
});

describe('Time of day in a time zone', () => {
  const next = (after: string, time: string) =>
    new Date(nextTimeOfDay(Date.parse(after), time, 'Europe/Berlin')).toISOString();

  it('is today or tomorrow, by the clock there', () => {
    assert.equal(next('2026-11-21T10:00:00Z', '12:00'), '2026-11-21T11:00:00.000Z');
    assert.equal(next('2026-11-21T11:00:00Z', '12:00'), '2026-11-22T11:00:00.000Z');
    assert.equal(next('2026-11-21T23:30:00Z', '00:15'), '2026-11-22T23:15:00.000Z');
  });

  it('follows summer time, and the hour that it leaves out', () => {
    assert.equal(next('2026-03-28T12:00:00Z', '12:00'), '2026-03-29T10:00:00.000Z');
    assert.equal(next('2026-03-28T12:00:00Z', '02:30'), '2026-03-29T01:30:00.000Z');
    assert.equal(next('2026-10-24T22:00:00Z', '04:00'), '2026-10-25T03:00:00.000Z');
  });

  it('is refused where it is none', () => {
    assert.throws(() => nextTimeOfDay(0, '25:00', 'UTC'), { code: 'CONFIG_INVALID' });
  });
});
