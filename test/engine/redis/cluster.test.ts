import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type Cluster, openRedis, type Store, sha256 } from '../../../engine';
import { isFinanceError } from '../../../errors';
import { RedisServer } from '../../support/redis';
import { PIPELINE, receive, Scratch } from '../../support/store';
import { Members, until } from './members';

describe('Redis between runtimes', () => {
  let redis: RedisServer;
  const warnings: string[] = [];
  const clusters: Cluster[] = [];
  const scratches: Scratch[] = [];
  const log = {
    info() {},
    warn: (_: object, text: string) => void warnings.push(text),
    error: (facts: object) => console.error(facts),
  };

  async function open(scope = 'test'): Promise<Cluster> {
    const cluster = await openRedis({ url: redis.url, scope, log });
    clusters.push(cluster);
    return cluster;
  }

  /** A runtime with a store of its own, so that nothing but Redis wakes it for another one's documents. */
  async function runtime(): Promise<{ store: Store; woken: number[]; cluster: Cluster }> {
    const scratch = new Scratch();
    scratches.push(scratch);
    const plain = await scratch.store();
    await plain.syncPipelines([PIPELINE]);
    const cluster = await open();
    const store = cluster.attach(plain);
    const woken: number[] = [];
    store.onWake((pipeline) => pipeline === PIPELINE.name && woken.push(performance.now()));
    return { store, woken, cluster };
  }

  beforeEach(async () => {
    redis = await RedisServer.start();
    warnings.length = 0;
  });
  afterEach(async () => {
    for (const cluster of clusters.splice(0)) await cluster.close();
    for (const scratch of scratches.splice(0)) await scratch.remove();
    await redis.stop();
  });

  it('a receive in one runtime wakes another within milliseconds', async () => {
    const [a, b, c] = [await runtime(), await runtime(), await runtime()];
    await until(() => [a, b, c].every(({ cluster }) => cluster.connected));
    const delays: number[] = [];
    for (let n = 0; n < 60; n++) {
      const [hadB, hadC] = [b.woken.length, c.woken.length];
      const hadA = a.woken.length;
      await receive(a.store, `in_${n}`);
      const received = performance.now();
      // its own commit wakes the one that received; Redis one of the three
      await until(() => a.woken.length + b.woken.length + c.woken.length >= hadA + hadB + hadC + 2, 2_000);
      const other = b.woken[hadB] ?? c.woken[hadC];
      if (other) delays.push(other - received);
    }
    delays.sort((x, y) => x - y);
    assert.ok(delays.length >= 10, `the others were woken ${delays.length} times`);
    const median = delays[Math.floor(delays.length / 2)]!;
    console.log(
      `      wake-up of another runtime: median ${median.toFixed(1)} ms, longest ${delays.at(-1)!.toFixed(1)} ms`,
    );
    assert.ok(median < 50, `median ${median} ms`);
  });

  it('does not wait for a server that is down: one warning, and it connects later', async function () {
    this.timeout(15_000);
    await redis.kill();
    const started = performance.now();
    const [a, b] = [await runtime(), await runtime()];
    assert.ok(performance.now() - started < 3_000);
    await receive(a.store, 'in_1');
    assert.equal(a.woken.length, 1, 'by its own commit');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.equal(a.cluster.connected, false);
    assert.equal(warnings.length, 2, `one a runtime: ${warnings}`);
    await redis.up();
    await until(() => a.cluster.connected && b.cluster.connected, 5_000);
    await until(async () => {
      await receive(a.store, `in_${performance.now()}`);
      return b.woken.length > 0;
    }, 8_000);
    assert.equal(warnings.length, 2);
  });

  it('ends quickly while the server is away', async () => {
    const cluster = await open();
    await until(() => cluster.connected);
    await redis.kill();
    await until(() => !cluster.connected);
    const started = performance.now();
    await cluster.close();
    assert.ok(performance.now() - started < 2_000);
  });

  it('what is no wake-up is not heard', async () => {
    const { store, woken } = await runtime();
    const { Queue } = await import('bullmq');
    const queue = new Queue(`ledgerway-${sha256('test').slice(0, 12)}`, { connection: { port: redis.port } });
    try {
      for (const data of [
        undefined,
        null,
        7,
        { store: 'default' },
        { store: 'default', pipeline: [], documentId: '' },
      ])
        for (const name of ['wake', 'tick', 'nonsense']) await queue.add(name, data);
      const had = woken.length;
      await queue.add('wake', { store: store.name, pipeline: PIPELINE.name, documentId: 'doc_1' });
      await until(() => woken.length === had + 1);
    } finally {
      await queue.close();
    }
  });

  it('one leads; when it ends, is flushed away or vanishes, one leads again', async function () {
    this.timeout(20_000);
    const [a, b, c] = [await open(), await open(), await open()];
    const oneLeads = () => [a, b, c].filter(({ follows }) => follows).length;
    await until(() => oneLeads() === 2, 5_000);
    await redis.flush();
    await until(() => oneLeads() === 2, 8_000);
    const leader = [a, b, c].find(({ follows }) => !follows)!;
    await leader.close();
    const rest = [a, b, c].filter((one) => one !== leader);
    await until(() => rest.filter(({ follows }) => follows).length === 1, 8_000);
    const elsewhere = await open('another store');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.equal(elsewhere.follows, false, 'leads for its own store');
    await redis.kill();
    await until(() => !rest.some(({ follows }) => follows), 2_000);
  });

  it('refuses what is no Redis', async () => {
    for (const url of ['http://127.0.0.1', 'redis', 'redis://h/name'])
      await assert.rejects(
        openRedis({ url, scope: '', log }),
        (error) => isFinanceError(error) && error.code === 'CONFIG_INVALID',
      );
  });

  it('without LEDGERWAY_REDIS nothing of it is loaded', () => {
    const dist = join(__dirname, '..', '..', '..');
    const script = `
      const { Host, openRedis, openStore } = require(${JSON.stringify(join(dist, 'engine'))});
      require(${JSON.stringify(join(dist, 'runtime'))});
      const loaded = () => Object.keys(require.cache).filter((file) => /node_modules.(ioredis|bullmq)./.test(file)).length;
      (async () => {
        const store = await openStore({ file: require('node:fs').mkdtempSync(require('node:os').tmpdir() + '/lw-') + '/s.db' });
        const host = new Host({ default: store });
        host.rateLimiter(() => undefined);
        host.every('default', { name: 's', everyMs: 1000, work: async () => {} })();
        const without = loaded();
        const log = { info() {}, warn() {}, error() {} };
        const cluster = await openRedis({ url: ${JSON.stringify(redis.url)}, scope: '', log });
        console.log(JSON.stringify({ without, with: loaded() > 0 }));
        await cluster.close();
        await host.close();
      })();`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    assert.equal(stderr, '');
    assert.deepEqual(JSON.parse(stdout), { without: 0, with: true });
  });

  describe('rate limit', () => {
    const rate = { perSecond: 50, burst: 10 };

    it('is one for two processes', async function () {
      this.timeout(20_000);
      const members = new Members();
      try {
        const stores = [new Scratch(), new Scratch()];
        scratches.push(...stores);
        const milliseconds = 3_000;
        const started = performance.now();
        for (const { file } of stores)
          await members.start({ where: { file }, redis: redis.url, take: { ...rate, milliseconds } });
        await until(() => members.of('passed').length === 2);
        const seconds = (performance.now() - started) / 1000;
        const [one, two] = members.of('passed').map(({ calls }) => calls) as [number, number];
        assert.ok(one + two <= rate.burst + seconds * rate.perSecond, `${one} + ${two} in ${seconds} s`);
        assert.ok(
          one + two >= 0.6 * (milliseconds / 1000) * rate.perSecond,
          `${one} + ${two} in ${seconds} s`,
        );
        assert.ok(Math.min(one, two) > 0);
        members.assertWell();
      } finally {
        await members.kill();
      }
    });

    it('goes on in the process alone while Redis hangs or is away', async function () {
      this.timeout(10_000);
      const cluster = await open();
      await until(() => cluster.connected);
      const limiter = cluster.rateLimiter((target) => (target === 'odoo' ? rate : undefined));
      const ask = async (calls: number) => {
        let passed = 0;
        for (let n = 0; n < calls; n++) if ((await limiter.take('odoo')) === 0) passed++;
        return passed;
      };
      assert.ok((await ask(20)) >= rate.burst);
      const waitMs = await limiter.take('odoo');
      assert.ok(waitMs <= 20, `${waitMs} ms are more than a token takes`);
      redis.freeze();
      const started = performance.now();
      const passed = await ask(100);
      assert.ok(performance.now() - started < 1_500, 'nobody waits for Redis');
      assert.ok(passed >= rate.burst && passed < 100, `${passed}`);
      redis.thaw();
      await redis.kill();
      await until(() => !cluster.connected);
      await until(async () => (await limiter.take('odoo')) === 0, 1_000);
      assert.ok((await ask(100)) < 50, 'limited by the process itself');
      assert.equal(await limiter.take('file'), 0);
    });
  });
});
