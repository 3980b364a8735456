import { strict as assert } from 'node:assert';
import { afterEach, describe, it } from 'mocha';
import { FinanceError } from '../../errors';
import type { NodeConfig, RedApi } from '../../nodes/kit/red';
import { runStep } from '../../nodes/kit/run-step';
import { defineStep, type Outcome, type Run } from '../../nodes/kit/step-node';
import { Bench, ENTITY, node, PIPELINE_IN } from './bench';

const ODOO = 'http://odoo/ledger';
let calls = 0;
let down = false;

const probe = (RED: RedApi): void =>
  defineStep<NodeConfig>(RED, 'ledgerway-probe', {
    outputs: 1,
    make: () => ({
      async inPipeline(_msg, { store, context }: Run): Promise<Outcome> {
        const spec = { kind: 'probe', target: ODOO, externalKey: context.lane, request: {}, name: 'probe' };
        const outcome = await runStep(store, context, spec, {
          refusesDoubles: true,
          async perform() {
            calls++;
            if (down) throw new FinanceError('ODOO_UNAVAILABLE', { retryAfterMs: 50 });
            return {};
          },
        });
        return outcome.status === 'waiting' ? 'waiting' : { output: 0 };
      },
    }),
  });

describe('A flow and its target', () => {
  let bench: Bench;
  beforeEach(async () => {
    calls = 0;
    down = false;
    bench = await Bench.open();
    const flow = [
      ENTITY,
      { ...PIPELINE_IN, wires: [['step']] },
      node('step', 'probe', { name: 'probe', wires: [['out']] }),
      node('out', 'pipeline-out', { wires: [['done']] }),
      node('done', 'helper'),
    ];
    await bench.load(flow, {}, [probe]);
  });
  afterEach(() => bench.close());

  const document = async (documentId: string) => await bench.store.documentRow({ documentId });

  it('a paused target gets nothing; its documents wait without a route in the flow, and go on when it is resumed', async () => {
    await bench.store.pauseTarget({ target: ODOO, paused: true, actor: 'ann', reason: 'close' });
    const documentId = await bench.receive({ id: 'in_1' });
    await bench.until(async () => (await document(documentId)).state === 'waiting');
    assert.equal(calls, 0);
    await bench.store.pauseTarget({ target: ODOO, paused: false, actor: 'ann', reason: 'closed' });
    await bench.message('done');
    const { outcome, attempts } = await document(documentId);
    assert.deepEqual([outcome, attempts, calls], ['completed', 0, 1]);
  });

  it('a target that is down is left alone, and all documents get there once it is back', async () => {
    bench.host.targets.limit(ODOO, { breaker: { failures: 2, pauseMs: 300, longestPauseMs: 300 } });
    down = true;
    const ids = await Promise.all(Array.from({ length: 12 }, (_, n) => bench.receive({ id: `in_${n}` })));
    await bench.until(async () => (await bench.store.documents({ state: 'waiting' })).length > 0);
    assert.equal(bench.host.targets.list()[ODOO], 'degraded');
    down = false;
    await bench.message('done', 12);
    const rows = await Promise.all(ids.map(document));
    assert.deepEqual([...new Set(rows.map(({ outcome }) => outcome))], ['completed']);
    const failed = rows.reduce((sum, { attempts }) => sum + attempts, 0);
    assert.equal(calls, 12 + failed, 'an attempt is a call, and who waited made none');
    assert.equal(bench.host.targets.list()[ODOO], 'up');
  });
});
