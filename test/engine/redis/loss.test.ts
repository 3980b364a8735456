import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisServer } from '../../support/redis';
import { PIPELINE, receive } from '../../support/store';
import { PostgresPlace } from '../conformance/stores';
import { Members, until } from './members';

const DOCUMENTS = 300;
const AT_ONCE = 20;

describe('Redis may lose everything', () => {
  let redis: RedisServer;
  let place: PostgresPlace;
  let members: Members;
  let folder: string;
  beforeEach(async function () {
    this.timeout(60_000);
    redis = await RedisServer.start();
    place = await PostgresPlace.create();
    members = new Members();
    folder = mkdtempSync(join(tmpdir(), 'ledgerway-loss-'));
  });
  afterEach(async () => {
    await members.kill();
    await place.remove();
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What happens to Redis before the n-th document. */
  const accidents: Record<string, Record<number, () => Promise<void>>> = {
    'flushed again and again': Object.fromEntries(
      [20, 60, 100, 140, 180, 220, 260].map((n) => [n, () => redis.flush()]),
    ),
    'killed, and back later': { 80: () => redis.kill(), 220: () => redis.up() },
    'failed over to an empty server': {
      160: async () => {
        await redis.kill();
        await redis.up();
      },
    },
    'killed for good': { 100: () => redis.kill() },
  };

  for (const [what, accident] of Object.entries(accidents))
    it(`${what}: nothing is lost, nothing is doubled`, async function () {
      this.timeout(90_000);
      const effects = join(folder, 'effects');
      const store = await place.open();
      await store.syncPipelines([PIPELINE]);
      const orders = { where: place.where, redis: redis.url, effects };
      await Promise.all([members.start(orders), members.start(orders)]);
      for (let n = 0; n < DOCUMENTS; n += AT_ONCE) {
        await accident[n]?.();
        const next = Array.from({ length: AT_ONCE }, (_, i) => n + i);
        await Promise.all(next.map((event) => receive(store, `in_${event % 40}`, `evt_${event}`)));
        await until(() => members.of('settled').length > n - 100, 30_000);
      }
      await until(() => members.of('settled').length >= DOCUMENTS, 45_000);
      members.assertWell();
      const rows = await store.documents({ limit: 10_000 });
      assert.equal(rows.length, DOCUMENTS);
      for (const { id, outcome } of rows) assert.equal(outcome, 'completed', id);
      const done = readFileSync(effects, 'utf8').trim().split('\n');
      assert.equal(new Set(done).size, DOCUMENTS);
      assert.equal(done.length, DOCUMENTS, 'an effect was had twice');
      assert.deepEqual((await store.audit()).findings, []);
      const workers = new Set(members.of('settled').map(({ member }) => member));
      assert.equal(workers.size, 2, 'both worked');
      const killed = !what.startsWith('flushed');
      assert.equal(members.of('warned').length, killed ? 2 : 0, 'each says once that Redis went away');
    });
});
