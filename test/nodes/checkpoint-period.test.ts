import { strict as assert } from 'node:assert';
import { periodOf } from '../../nodes/checkpoint/period';

describe('The period of a checkpoint', () => {
  const at = (instant: string) => Date.parse(instant);

  it("is the day or the month before, as the entity's time zone has it", () => {
    // half past midnight in Berlin, the evening before in New York
    const now = at('2026-03-01T23:30:00Z');
    const of = (choice: 'day' | 'month', zone: string) => periodOf(choice, undefined, now, zone);
    assert.deepEqual(of('day', 'Europe/Berlin'), { from: '2026-03-01', to: '2026-03-01' });
    assert.deepEqual(of('day', 'America/New_York'), { from: '2026-02-28', to: '2026-02-28' });
    assert.deepEqual(of('month', 'Europe/Berlin'), { from: '2026-02-01', to: '2026-02-28' });
  });

  it('passes the ends of years and leap days', () => {
    const berlin = 'Europe/Berlin';
    assert.deepEqual(periodOf('month', undefined, at('2027-01-15T12:00:00Z'), berlin), {
      from: '2026-12-01',
      to: '2026-12-31',
    });
    assert.deepEqual(periodOf('day', undefined, at('2028-03-01T12:00:00Z'), berlin).to, '2028-02-29');
  });

  it('is the one that the message gives, in any case', () => {
    const given = { from: '2026-10-01', to: '2026-10-31' };
    assert.deepEqual(periodOf('day', given, 0, 'UTC'), given);
    for (const wrong of [{ from: '2026-10-31', to: '2026-10-01' }, { from: '2026-10' }, 'October', null])
      assert.throws(() => periodOf('given', wrong, 0, 'UTC'), { code: 'MAP_INPUT_INVALID' });
  });
});
