import assert from 'node:assert/strict';
import { Host, type Store } from '../../../engine';
import { RedisServer } from '../../support/redis';
import { onEveryStore, PostgresPlace } from '../conformance/stores';
import { Members, until } from './members';

onEveryStore('The turn of a schedule', (place) => {
  it('is had by one of many who ask at once', async () => {
    const stores = await place().runtimes(4);
    const asked = await Promise.all(
      stores.flatMap((store, runtime) =>
        [0, 1, 2].map((n) => store.takeTurn({ name: 's', worker: `w${runtime}/${n}`, holdMs: 5_000 })),
      ),
    );
    assert.equal(asked.filter((waitMs) => waitMs === 0).length, 1);
    // the clock is read before the turn is waited for
    for (const waitMs of asked) assert.ok(waitMs < 10_000, `${waitMs}`);
  });

  it('passes on when its holder is gone, who then has no say any more', async () => {
    const [store] = (await place().runtimes(1)) as [Store];
    assert.equal(await store.takeTurn({ name: 's', worker: 'a', holdMs: 150 }), 0);
    assert.ok((await store.takeTurn({ name: 's', worker: 'b', holdMs: 150 })) > 0);
    await until(async () => (await store.takeTurn({ name: 's', worker: 'b', holdMs: 5_000 })) === 0, 2_000);
    await store.endTurn({ name: 's', worker: 'a', nextMs: 0 });
    assert.ok((await store.takeTurn({ name: 's', worker: 'c', holdMs: 150 })) > 0, 'b has it still');
    assert.equal(await store.takeTurn({ name: 't', worker: 'c', holdMs: 150 }), 0, 'another schedule');
    await store.endTurn({ name: 's', worker: 'b', nextMs: 0 });
    assert.equal(await store.takeTurn({ name: 's', worker: 'c', holdMs: 150 }), 0);
    assert.deepEqual((await store.audit()).findings, []);
  });
});

describe('Schedules of two runtimes on one store', () => {
  const EVERY_MS = 600;
  const FOR_MS = 4_800;
  let redis: RedisServer;
  let place: PostgresPlace;
  let members: Members;
  beforeEach(async function () {
    this.timeout(60_000);
    redis = await RedisServer.start();
    place = await PostgresPlace.create();
    members = new Members();
  });
  afterEach(async () => {
    await members.kill();
    await place.remove();
    await redis.stop();
  });

  const accidents: Record<string, (() => Promise<void>) | undefined> = {
    'with Redis': async () => undefined,
    'with a Redis that is flushed': () => redis.flush(),
    'with a Redis that is killed': () => redis.kill(),
    'without Redis': undefined,
  };
  for (const [what, accident] of Object.entries(accidents))
    it(`fire once a period, ${what}`, async function () {
      this.timeout(30_000);
      await (await place.open()).close();
      const orders = {
        where: place.where,
        redis: accident && redis.url,
        schedule: { everyMs: EVERY_MS, tookMs: 100 },
      };
      await Promise.all([members.start(orders), members.start(orders)]);
      await new Promise((resolve) => setTimeout(resolve, FOR_MS / 2));
      await accident?.();
      await new Promise((resolve) => setTimeout(resolve, FOR_MS / 2));
      const fired = members.of('fired').map(({ at }) => at);
      const gaps = fired.slice(1).map((at, n) => at - fired[n]!);
      for (const gap of gaps) assert.ok(gap >= 0.85 * EVERY_MS, `fired twice in a period: ${gaps}`);
      assert.ok(fired.length >= 4, `seldom: ${gaps}`);
      // whoever only counts time is more patient by a second while Redis is there
      if (what === 'with Redis') assert.ok(Math.max(...gaps) < EVERY_MS + 800, `no ticks: ${gaps}`);
      members.assertWell();
    });

  it('go on in another runtime when the one that fires is killed', async function () {
    this.timeout(30_000);
    await (await place.open()).close();
    const orders = { where: place.where, schedule: { everyMs: 500, tookMs: 0 } };
    const first = new Members();
    await first.start(orders);
    await until(() => first.of('fired').length >= 2);
    await members.start(orders);
    await first.kill();
    const before = members.of('fired').length;
    await until(() => members.of('fired').length >= before + 2, 20_000);
  });

  it('a run that a drain or a redeploy cut short goes on at once', async () => {
    const store = await place.open();
    const host = new Host({ default: store });
    try {
      await host.flowsStarted();
      const runs: string[] = [];
      const schedule = (node: string) =>
        host.every('default', {
          name: 'backfill',
          everyMs: 3_600_000,
          work: async (signal) => {
            runs.push(node);
            await new Promise((resolve) => signal.addEventListener('abort', resolve));
          },
        });
      const stop = schedule('before');
      await until(() => runs.length === 1);
      stop();
      schedule('after');
      await until(() => runs.length === 2, 3_000);
      assert.deepEqual(runs, ['before', 'after']);
    } finally {
      await host.close();
    }
  });
});
