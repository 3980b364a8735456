import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { type Target, type TargetOptions, Targets } from '../../../engine';
import { FinanceError } from '../../../errors';

const ODOO = 'http://odoo/ledger';

function target(limits: TargetOptions): Target {
  return new Targets({ leaseMs: 60_000, limits: { [ODOO]: limits } }).of(ODOO);
}

const call = async <Result>(at: Target, work: () => Promise<Result>): Promise<Result> =>
  (await at.enter()).run(work);

describe('Limits of a target', () => {
  it('so many steps at once, the others in order of arrival; all have their turn', async () => {
    const limits = fc.record({
      concurrency: fc.integer({ min: 1, max: 5 }),
      calls: fc.integer({ min: 1, max: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(limits, async ({ concurrency, calls }) => {
        const at = target({ concurrency });
        const order: number[] = [];
        let most = 0;
        const one = (n: number) =>
          call(at, async () => {
            order.push(n);
            most = Math.max(most, at.slots.inUse);
            await sleep(0);
            if (n % 3 === 0) throw new FinanceError('ODOO_VALIDATION');
          }).catch(() => undefined);
        await Promise.all(Array.from({ length: calls }, (_, n) => one(n)));
        assert.deepEqual(
          order,
          [...order].sort((a, b) => a - b),
        );
        assert.equal(most, Math.min(concurrency, calls));
        assert.deepEqual([order.length, at.slots.inUse, at.slots.waiting], [calls, 0, 0]);
      }),
      { numRuns: 30 },
    );
  });

  it('the wait for a slot is bounded: TARGET_BUSY, and the queue forgets who left', async () => {
    const at = target({ concurrency: 1, waitMs: 30 });
    const first = await at.enter();
    const before = performance.now();
    await assert.rejects(at.enter(), (error: FinanceError) => {
      assert.deepEqual([error.code, error.kind, error.retryAfterMs], ['TARGET_BUSY', 'throttled', 30]);
      return true;
    });
    assert.ok(performance.now() - before >= 25);
    assert.equal(at.slots.waiting, 0);
    first.leave();
    first.leave();
    (await at.enter()).leave();
    assert.equal(at.slots.inUse, 0);
  });

  it('calls keep the rate after the burst, and what would wait too long comes back later', async () => {
    const at = target({ rate: { perSecond: 50, burst: 2 }, waitMs: 500 });
    const before = performance.now();
    for (let n = 0; n < 5; n++) await call(at, async () => n);
    assert.ok(performance.now() - before >= 50, 'three of them waited 20 ms each');
    const slow = target({ rate: { perSecond: 0.1, burst: 1 }, waitMs: 20 });
    await call(slow, async () => 1);
    await assert.rejects(slow.enter(), (error: FinanceError) => {
      assert.equal(error.code, 'TARGET_BUSY');
      assert.ok(error.retryAfterMs! > 9_000 && error.retryAfterMs! <= 10_000);
      return true;
    });
    assert.equal(slow.slots.inUse, 0);
  });

  it('a step that takes longer than the time-out is in doubt, and counts as a failure of the target', async () => {
    const at = target({ timeoutMs: 20, breaker: { failures: 1 } });
    const late = call(at, () => sleep(1_000, undefined, { ref: false }));
    await assert.rejects(late, { code: 'TARGET_TIMEOUT', kind: 'in_doubt' });
    assert.deepEqual([at.state, at.slots.inUse], ['degraded', 0]);
    await assert.rejects(at.enter(), { code: 'TARGET_UNAVAILABLE' });
  });

  it('only an outage opens the breaker: a refusal, a conflict of two writers or our own doubt is an answer', async () => {
    const codes = ['ODOO_VALIDATION', 'ODOO_SERIALIZATION', 'EINVOICE_THROTTLED', 'RUN_IN_DOUBT'] as const;
    for (const code of codes) {
      const at = target({ breaker: { failures: 1 } });
      await assert.rejects(
        call(at, () => Promise.reject(new FinanceError(code))),
        { code },
      );
      assert.equal(at.state, 'up', code);
    }
    for (const code of ['ODOO_UNAVAILABLE', 'ODOO_TIMEOUT', 'RUN_DEADLINE'] as const) {
      const at = target({ breaker: { failures: 1 } });
      await assert.rejects(
        call(at, () => Promise.reject(new FinanceError(code))),
        { code },
      );
      assert.equal(at.state, 'degraded', code);
    }
  });

  it('what is read before a step is kept from a target that is down, and its failures count, each once', async () => {
    const at = target({ concurrency: 1, breaker: { failures: 2, pauseMs: 20 } });
    const outage = () => Promise.reject(new FinanceError('ODOO_UNAVAILABLE'));
    const nested = () => at.prepare(() => call(at, outage));
    await assert.rejects(nested(), { code: 'ODOO_UNAVAILABLE' });
    assert.equal(at.state, 'up', 'one failure, though it passed two places');
    await assert.rejects(at.prepare(outage), { code: 'ODOO_UNAVAILABLE' });
    await assert.rejects(nested(), { code: 'TARGET_UNAVAILABLE' });
    await sleep(25);
    await assert.rejects(at.prepare(outage), { code: 'ODOO_UNAVAILABLE' });
    assert.equal(at.breaker.state, 'open', 'as a probe that failed');
    await sleep(45);
    assert.equal(await at.prepare(() => call(at, async () => 7)), 7);
    assert.equal(at.state, 'up');
  });

  it('whoever waited for a slot while the breaker opened does not call', async () => {
    const at = target({ concurrency: 1, breaker: { failures: 1 } });
    const failing = call(at, async () => {
      await sleep(5);
      throw new FinanceError('ODOO_UNAVAILABLE');
    });
    const waiting = Array.from({ length: 3 }, () => call(at, () => assert.fail('it was called')));
    await assert.rejects(failing, { code: 'ODOO_UNAVAILABLE' });
    for (const one of waiting) await assert.rejects(one, { code: 'TARGET_UNAVAILABLE' });
    assert.equal(at.slots.inUse, 0);
  });

  it('the lease must outlive the time-out; the message names both', () => {
    assert.throws(() => target({ timeoutMs: 60_000 }), {
      code: 'CONFIG_INVALID',
      message: /60000 ms, is not shorter than the lease of a document, 60000 ms/,
    });
    const wrong: TargetOptions[] = [
      { concurrency: 0 },
      { waitMs: Number.NaN },
      { rate: { perSecond: -1, burst: 1 } },
      { breaker: { failures: 0 } },
    ];
    for (const limits of wrong)
      assert.throws(() => target(limits), { code: 'CONFIG_INVALID', message: /above zero/ });
  });

  it('new limits count from the next step on', async () => {
    const targets = new Targets({ leaseMs: 60_000 });
    const at = targets.of(ODOO);
    targets.limit(ODOO, { concurrency: 1, waitMs: 5 });
    const first = await at.enter();
    await assert.rejects(at.enter(), { code: 'TARGET_BUSY' });
    targets.limit(ODOO, { concurrency: 2 });
    (await at.enter()).leave();
    first.leave();
    assert.deepEqual(targets.list(), { [ODOO]: 'up' });
  });
});
