import { strict as assert } from 'node:assert';
import { afterEach, describe, it } from 'mocha';
import { FinanceError } from '../../errors';
import type { NodeConfig, RedApi } from '../../nodes/kit/red';
import { runStep } from '../../nodes/kit/run-step';
import { defineStep, type Outcome, type Run } from '../../nodes/kit/step-node';
import { Bench, ENTITY, node, PIPELINE_IN } from './bench';

/** A step node whose effect each test gives. */
let effect: () => Promise<{ [key: string]: string }>;
let effects = 0;

const probe = (RED: RedApi): void =>
  defineStep<NodeConfig>(RED, 'ledgerway-probe', {
    outputs: 2,
    failure: 1,
    make: () => ({
      async inPipeline(msg, run: Run): Promise<Outcome> {
        const spec = { kind: 'probe', target: 'here', externalKey: 'k', request: {}, name: 'probe' };
        const outcome = await runStep(run.store, run.context, spec, {
          refusesDoubles: true,
          perform() {
            effects++;
            return effect();
          },
        });
        if (outcome.status === 'waiting') return 'waiting';
        msg.result = outcome.result;
        return { output: 0 };
      },
    }),
  });

const refusal = new FinanceError('ODOO_VALIDATION', { message: 'Odoo: no.', details: { field: 'x' } });
const CATCH = [node('route', 'catch', { scope: null, wires: [['caught']] }), node('caught', 'helper')];

describe('A step node', () => {
  let bench: Bench;
  afterEach(() => bench.close());

  async function load(wires: string[][], more: object[] = [], settings = {}): Promise<void> {
    effects = 0;
    effect = async () => ({ id: '42' });
    bench = await Bench.open(settings);
    const flow = [
      ENTITY,
      { ...PIPELINE_IN, wires: [['step']] },
      node('step', 'probe', { name: 'probe', wires }),
      node('done', 'helper'),
      node('failed', 'helper'),
      ...more,
    ];
    await bench.load(flow, {}, [probe]);
  }

  it('Output: emits the recorded result, and a replay gives it again without the effect', async () => {
    await load([['out']], [node('out', 'pipeline-out', { wires: [['done']] })]);
    const documentId = await bench.receive({ id: 'in_1' });
    const first = await bench.message('done');
    await bench.store.replay({ documentId, actor: 'tester', reason: 'again' });
    const second = await bench.message('done', 2);
    assert.deepEqual([first.result, second.result], [{ id: '42' }, { id: '42' }]);
    assert.equal(effects, 1);
  });

  it('Failure: the error is in the store before it goes out of the second output, whole', async () => {
    await load([['done'], ['failed']], [], { graceMs: 60_000 });
    effect = () => Promise.reject(refusal);
    const documentId = await bench.receive({ id: 'in_1' });
    const { error } = await bench.message('failed');
    assert.deepEqual(error, {
      code: 'ODOO_VALIDATION',
      kind: 'rejected',
      message: 'Odoo: no.',
      hint: refusal.hint,
      details: { field: 'x' },
      retryAfterMs: undefined,
      step: 'probe',
      documentId,
    });
    const { document, steps } = await bench.store.trace({ documentId });
    assert.equal(JSON.parse(document.error!).code, 'ODOO_VALIDATION');
    assert.equal(steps[0]?.state, 'failed');
    assert.equal(bench.at('done').length, 0);
  });

  it('Failure: where the second output is not wired, Catch takes it, and the kind survives', async () => {
    await load([['done'], []], CATCH, { graceMs: 60_000 });
    effect = () =>
      Promise.reject(new FinanceError('ODOO_UNAVAILABLE', { kind: 'throttled', retryAfterMs: 9 }));
    await bench.receive({ id: 'in_1' });
    const error = (await bench.message('caught')).error as { code: string; cause: FinanceError };
    assert.deepEqual(
      [error.code, error.cause.kind, error.cause.retryAfterMs],
      ['ODOO_UNAVAILABLE', 'throttled', 9],
    );
  });

  it('Failure: where nothing takes it, the policy of its kind applies by itself', async () => {
    await load([['done'], []]);
    effect = () => Promise.reject(refusal);
    const documentId = await bench.receive({ id: 'in_1' });
    await bench.state(documentId, 'held');
    assert.deepEqual(await bench.codes(), ['ODOO_VALIDATION']);
  });

  it('an error that nobody foresaw ends neither the process nor the message', async () => {
    await load([['done'], ['failed']], [], { graceMs: 60_000 });
    effect = () => Promise.reject(new TypeError('x is not a function'));
    await bench.receive({ id: 'in_1' });
    const error = (await bench.message('failed')).error as { code: string; message: string };
    assert.deepEqual([error.code, error.message], ['RUN_UNEXPECTED', 'x is not a function']);
  });

  it('takes no longer than its deadline, and what comes later is not written', async () => {
    await load([['done'], ['failed']], [], { deadlineMs: 150, graceMs: 60_000 });
    let finish = (_result: { id: string }): void => {};
    effect = () => new Promise((resolve) => (finish = resolve));
    const documentId = await bench.receive({ id: 'in_1' });
    const { error } = await bench.message('failed');
    assert.equal((error as { code: string }).code, 'RUN_DEADLINE');
    assert.equal((await bench.store.documentRow({ documentId })).state, 'leased');
    finish({ id: 'late' });
    await new Promise((done) => setTimeout(done, 50));
    assert.equal(bench.at('done').length, 0);
  });

  it('a stale fence is dropped without a word: the newer lease goes on with the document', async () => {
    await load([['done'], ['failed']], CATCH, { graceMs: 60_000 });
    effect = async () => {
      if (effects === 1) await bench.store.release({ worker: bench.host.worker });
      return { id: '42' };
    };
    await bench.receive({ id: 'in_1' });
    const { ledgerway } = await bench.message('done');
    await new Promise((done) => setTimeout(done, 100));
    assert.equal(ledgerway?.fence, 2);
    assert.deepEqual(
      [effects, bench.at('done').length, bench.at('failed').length, bench.at('caught').length],
      [2, 1, 0, 0],
    );
  });

  it('Branches: a clone of the message has no second effect, and the document is held', async () => {
    const twice = { ...PIPELINE_IN, wires: [['step', 'other']] };
    effects = 0;
    effect = async () => ({ id: '42' });
    bench = await Bench.open({ graceMs: 60_000 });
    const flow = [
      ENTITY,
      twice,
      node('step', 'probe', { wires: [['done'], ['failed']] }),
      node('other', 'probe', { wires: [['done'], ['failed']] }),
      node('done', 'helper'),
      node('failed', 'helper'),
    ];
    await bench.load(flow, {}, [probe]);
    const documentId = await bench.receive({ id: 'in_1' });
    const { error } = await bench.message('failed');
    assert.equal((error as { code: string }).code, 'RUN_BRANCHED');
    await bench.state(documentId, 'held');
    assert.equal(effects, 1);
  });

  it('shows what it is doing', async () => {
    await load([['done'], ['failed']]);
    let finish = (_result: { id: string }): void => {};
    effect = () => new Promise((resolve) => (finish = resolve));
    await bench.receive({ id: 'in_1' });
    await bench.until(() => bench.status('step').text === '1 in flight');
    finish({ id: '1' });
    await bench.until(() => bench.status('step').fill === 'green');
    assert.equal(bench.status('step').text, 'ok');
  });

  it('without the runtime it is red and refuses, and nothing falls over', async () => {
    bench = await Bench.open({}, { hostless: true });
    const flow = [
      ENTITY,
      { ...PIPELINE_IN, wires: [['step']] },
      node('step', 'probe', { wires: [['done'], ['failed']] }),
      node('web', 'webhook-in', { path: '/hooks', wires: [[]] }),
      node('failed', 'helper'),
    ];
    await bench.load(flow, {}, [probe]);
    for (const id of ['in', 'step', 'web']) assert.equal(bench.status(id).fill, 'red', id);
    bench.send('step', { payload: {} });
    assert.equal(((await bench.message('failed')).error as { code: string }).code, 'CONFIG_HOST_MISSING');
  });
});
