import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { Breaker, type BreakerLimits, type Leave } from '../../../engine/targets/breaker';

const LIMITS: BreakerLimits = { failures: 3, windowMs: 1_000, pauseMs: 100, longestPauseMs: 350 };

/** A breaker on a clock that stands still until it is moved. */
class Fixture {
  time = 0;
  readonly breaker = new Breaker(
    () => LIMITS,
    () => this.time,
  );

  call(how: 'answered' | 'failed' | 'not called'): void {
    this.breaker.end(this.leave(), how);
  }

  leave(): Leave {
    const leave = this.breaker.enter();
    assert.ok(leave, 'the breaker lets nothing through');
    return leave;
  }

  fail(times: number): void {
    for (let n = 0; n < times; n++) this.call('failed');
  }
}

describe('Circuit breaker', () => {
  let at: Fixture;
  beforeEach(() => {
    at = new Fixture();
  });

  it('opens after failures in a row, and says how long it stays so', () => {
    at.fail(2);
    assert.equal(at.breaker.state, 'closed');
    at.fail(1);
    assert.deepEqual([at.breaker.state, at.breaker.waitMs], ['open', 100]);
    at.time = 40;
    assert.deepEqual([at.breaker.enter(), at.breaker.waitMs], [undefined, 60]);
  });

  it('an answer between failures, or failures too far apart, leave it closed', () => {
    at.fail(2);
    at.call('answered');
    at.fail(2);
    assert.equal(at.breaker.state, 'closed');
    at.time = 1_000;
    at.fail(2);
    assert.equal(at.breaker.state, 'closed');
  });

  it('half open it lets one probe through; an answer closes it', () => {
    at.fail(3);
    at.time = 100;
    assert.equal(at.breaker.state, 'half open');
    const probe = at.leave();
    assert.deepEqual([at.breaker.enter(), at.breaker.waitMs], [undefined, 100]);
    at.breaker.end(probe, 'answered');
    assert.deepEqual([at.breaker.state, at.breaker.waitMs], ['closed', 0]);
  });

  it('each probe that fails doubles the pause, up to the longest; then it starts again from the first', () => {
    at.fail(3);
    const pauses: number[] = [];
    for (let n = 0; n < 4; n++) {
      pauses.push(at.breaker.waitMs);
      at.time += at.breaker.waitMs;
      at.call('failed');
    }
    assert.deepEqual(pauses, [100, 200, 350, 350]);
    at.time += 350;
    at.call('answered');
    at.fail(3);
    assert.equal(at.breaker.waitMs, 100);
  });

  it('a probe that did not call leaves the probe to the next one', () => {
    at.fail(3);
    at.time = 100;
    at.call('not called');
    assert.equal(at.leave().probe, true);
  });

  it('what began before it opened decides nothing any more', () => {
    const [early, late] = [at.leave(), at.leave()];
    at.fail(3);
    at.breaker.end(early, 'answered');
    assert.equal(at.breaker.state, 'open');
    at.time = 100;
    const probe = at.leave();
    at.breaker.end(late, 'failed');
    at.breaker.end(probe, 'answered');
    assert.equal(at.breaker.state, 'closed');
  });

  it('never lets a call through while open, nor two probes at once; a wait ends; with answers it closes', () => {
    const command = fc.oneof(
      fc.record({ op: fc.constant('enter' as const) }),
      fc.record({
        op: fc.constantFrom('answered' as const, 'failed' as const, 'not called' as const),
        pick: fc.nat(5),
      }),
      fc.record({ op: fc.constant('wait' as const), ms: fc.nat(500) }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const at = new Fixture();
        const under: Leave[] = [];
        for (const command of commands) {
          const { state } = at.breaker;
          if (command.op === 'wait') at.time += command.ms;
          else if (command.op === 'enter') {
            const leave = at.breaker.enter();
            if (leave) under.push(leave);
            if (state === 'open') assert.equal(leave, undefined);
            if (state === 'closed') assert.equal(leave?.probe, false);
          } else {
            const [leave] = under.splice(command.pick % Math.max(1, under.length), 1);
            if (leave) at.breaker.end(leave, command.op);
          }
          assert.ok(under.filter(({ probe }) => probe).length <= 1, 'two probes');
          assert.ok(at.breaker.waitMs >= 0 && at.breaker.waitMs <= LIMITS.longestPauseMs);
        }
        for (const leave of under) at.breaker.end(leave, 'answered');
        at.time += at.breaker.waitMs;
        at.call('answered');
        assert.equal(at.breaker.state, 'closed');
      }),
    );
  });
});
