import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisServer } from '../../support/redis';
import { until } from './members';

const MAIN = join(__dirname, '..', '..', '..', 'cli', 'main.js');
const AWAY = 'Redis is away';

describe('A runtime with LEDGERWAY_REDIS', () => {
  it('starts while Redis is down, says so once, connects later, and ends cleanly', async function () {
    this.timeout(60_000);
    const redis = await RedisServer.reserve();
    const data = mkdtempSync(join(tmpdir(), 'ledgerway-redis-run-'));
    const env = { ...process.env, LEDGERWAY_REDIS: redis.url, LEDGERWAY_LOG_LEVEL: 'info' };
    const runtime = spawn(process.execPath, [MAIN, 'run', '--data', data, '--port', '0'], { env });
    let said = '';
    for (const stream of [runtime.stdout, runtime.stderr])
      stream.on('data', (text) => {
        said += text;
      });
    const ended = once(runtime, 'exit');
    try {
      await until(() => /http:\/\/127\.0\.0\.1:\d+/.test(said), 40_000);
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)![0];
      await until(async () => (await fetch(`${url}/readyz`)).ok, 10_000);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      assert.equal(said.split(AWAY).length - 1, 1, said);
      await redis.up();
      await until(() => said.includes('Redis is back'));
      await redis.kill();
      await until(() => said.split(AWAY).length - 1 === 2);
      assert.ok((await fetch(`${url}/readyz`)).ok, 'Redis is no reason to take nothing');
      runtime.kill('SIGTERM');
      assert.deepEqual(await ended, [0, null], said);
      assert.doesNotMatch(said, /Unhandled|ECONNREFUSED.*\n.*ECONNREFUSED/);
    } finally {
      runtime.kill('SIGKILL');
      await ended;
      await redis.stop();
      rmSync(data, { recursive: true, force: true });
    }
  });
});
