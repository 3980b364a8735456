import { strict as assert } from 'node:assert';
import { ServerClock } from '../../engine/postgres/server-clock';

describe("The server's clock", () => {
  let here = 0;
  const NOON = 1_800_000_000_000;
  const asked = (clock: ServerClock, now: number, tookMs: number) => {
    const sent = here;
    here += tookMs;
    return clock.set(now, sent);
  };

  it('is known for a second after a quick answer, and goes on with the time of this process', () => {
    const clock = new ServerClock(() => here);
    assert.equal(clock.now(), undefined);
    assert.equal(asked(clock, NOON, 2), NOON);
    here += 500;
    assert.equal(clock.now(), NOON + 501);
    here += 500;
    assert.equal(clock.now(), undefined);
  });

  it('a slow answer tells the time once and no more', () => {
    const clock = new ServerClock(() => here);
    assert.equal(asked(clock, NOON, 200), NOON);
    assert.equal(clock.now(), undefined);
  });

  it('does not go back by what two answers differ by, but by what the server was set back', () => {
    const clock = new ServerClock(() => here);
    asked(clock, NOON, 0);
    assert.equal(asked(clock, NOON - 3, 0), NOON);
    assert.equal(clock.now(), NOON);
    assert.equal(asked(clock, NOON - 60_000, 0), NOON - 60_000);
    assert.equal(clock.now(), NOON - 60_000);
  });
});
