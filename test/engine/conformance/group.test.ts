import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import type { Store } from '../../../engine';
import { FinanceError } from '../../../errors';
import { lease, PIPELINE, receive, take } from '../../support/store';
import { onEveryStore } from './stores';

const LANE_HIGH_WATER = 2;

/** A call that comes with others, and what must become of it whatever the others do. */
type Call = 'received' | 'full' | 'stale' | 'audit';

onEveryStore('Calls that come together', (place) => {
  const calls = fc.array(fc.constantFrom<Call>('received', 'received', 'full', 'stale', 'audit'), {
    minLength: 2,
    maxLength: 12,
  });

  it('each has its own result; one that fails after it has written leaves nothing', async () => {
    await fc.assert(
      fc.asyncProperty(calls, async (group) => {
        await place().empty();
        const store = await place().open({ laneHighWater: LANE_HIGH_WATER });
        await store.syncPipelines([PIPELINE]);
        for (let n = 0; n < LANE_HIGH_WATER; n++) await receive(store, 'crowd', `evt_crowd_${n}`);
        const context = await take(store);
        const outcomes = await Promise.allSettled(
          group.map((call, n) => callOf(store, call, n, context.documentId)),
        );
        for (const [n, outcome] of outcomes.entries()) assertOutcome(group[n]!, outcome);
        const received = group.filter((call) => call === 'received').length;
        assert.equal((await store.deliveries()).length, LANE_HIGH_WATER + received);
        for (const n of group.keys()) assert.equal(await store.getCursor({ name: `full ${n}` }), undefined);
        assert.deepEqual((await store.audit()).findings, []);
      }),
      { numRuns: 15 },
    );
  });

  it('a lease that comes along with an approved retry runs with what was approved', async () => {
    const store = await place().open();
    await store.syncPipelines([PIPELINE]);
    const { documentId } = await receive(store, 'in_1');
    const context = await take(store);
    await store.hold({ ...context, error: new FinanceError('MAP_UNMAPPED').toJSON() });
    const approved = [{ name: 'acme_de', version: 2, hash: 'h2' }];
    const [, leased] = await Promise.all([
      store.replay({ documentId, actor: 'carla', reason: 'again', mapping: 'latest', approved }),
      lease(store, 1),
    ]);
    const run = leased[0]?.context ?? (await take(store));
    assert.deepEqual(run.pinned, approved);
  });
});

function callOf(store: Store, call: Call, n: number, documentId: string): Promise<unknown> {
  switch (call) {
    case 'received':
      return receive(store, `one ${n}`);
    case 'full':
      // The cursor is written before the lane is found full.
      return receive(store, 'crowd', `evt_late_${n}`, { cursor: { name: `full ${n}`, value: 'moved' } });
    case 'stale':
      return store.settle({ documentId, fence: 0, hop: 0, outcome: 'completed' });
    case 'audit':
      return store.audit();
  }
}

function assertOutcome(call: Call, outcome: PromiseSettledResult<unknown>): void {
  if (call === 'received') assert.equal(outcome.status, 'fulfilled');
  if (call === 'full') assert.equal(outcome.status === 'rejected' && outcome.reason.code, 'STORE_FULL');
  if (call === 'stale')
    assert.equal(outcome.status === 'rejected' && outcome.reason.code, 'STORE_FENCE_STALE');
  if (call === 'audit')
    assert.deepEqual(
      outcome.status === 'fulfilled' && (outcome.value as { findings: string[] }).findings,
      [],
    );
}
