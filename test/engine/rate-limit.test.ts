import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LocalRateLimiter } from '../../engine/rate-limit';

describe('rate limit of a process', () => {
  it('lets a burst through, then one call a token', async () => {
    let now = 0;
    const limiter = new LocalRateLimiter(
      () => ({ perSecond: 10, burst: 2 }),
      () => now,
    );
    assert.deepEqual([await limiter.take('odoo'), await limiter.take('odoo')], [0, 0]);
    assert.equal(await limiter.take('odoo'), 100);
    assert.equal(await limiter.take('tax'), 0, 'each target has its own bucket');
    now += 100;
    assert.equal(await limiter.take('odoo'), 0);
    assert.equal(await limiter.take('odoo'), 100);
  });

  it('asks a target without a rate for nothing', async () => {
    const limiter = new LocalRateLimiter(() => undefined);
    for (let call = 0; call < 100; call++) assert.equal(await limiter.take('file'), 0);
  });

  it('never lets more through than burst + time × rate, and waiting as told always gets through', async () => {
    const rates = fc.record({
      perSecond: fc.integer({ min: 1, max: 500 }),
      burst: fc.integer({ min: 1, max: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(
        rates,
        fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 60 }),
        async (rate, gaps) => {
          let now = 0;
          let passed = 0;
          const limiter = new LocalRateLimiter(
            () => rate,
            () => now,
          );
          for (const gap of gaps) {
            now += gap;
            const wait = await limiter.take('odoo');
            if (wait === 0) passed++;
            assert.ok(passed <= rate.burst + (now / 1000) * rate.perSecond + 1e-6);
          }
          const wait = await limiter.take('odoo');
          now += wait;
          if (wait > 0) assert.equal(await limiter.take('odoo'), 0);
        },
      ),
    );
  });
});
