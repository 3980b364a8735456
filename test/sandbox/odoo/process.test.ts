import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Caller, loadedIds } from './caller';

const MAIN = join(__dirname, '..', '..', '..', 'sandbox', 'odoo', 'main.js');

describe('Sandbox Odoo: a process that is killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-odoo-'));
  let child: ChildProcess | undefined;

  async function run(): Promise<string> {
    child = spawn(process.execPath, [MAIN, '--port', '0', '--data', join(folder, 'odoo.db')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    for await (const chunk of child.stdout!) {
      text += String(chunk);
      const [url] = /http:\/\/[\d.:]+/.exec(text) ?? [];
      if (url) return url;
    }
    throw new Error(`no address in: ${text}`);
  }
  async function kill(): Promise<void> {
    if (!child) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    child = undefined;
  }
  after(async () => {
    await kill();
    rmSync(folder, { recursive: true });
  });

  it('keeps every call that it answered, with ids and numbers going on', async function () {
    this.timeout(20_000);
    let caller = new Caller(await run());
    const keys = Array.from({ length: 30 }, (_, at) => `kill.${at}`);
    const first: number[] = [];
    for (const key of keys)
      first.push(...(await loadedIds(caller, [{ key, lines: [{ price: '10', taxes: '1' }] }])));
    await caller.call('account.move', 'action_post', [first.slice(0, 20)]);
    const [draft = 0] = await loadedIds(caller, [{ key: 'kill.gone', lines: [{ price: '1' }] }]);
    await caller.call('account.move', 'unlink', [[draft]]);
    await kill();

    caller = new Caller(await run());
    const again: number[] = [];
    for (const key of keys) again.push(...(await loadedIds(caller, [{ key, lines: [{ price: '99' }] }])));
    assert.deepEqual(again, first);
    assert.equal(
      await caller.call('account.move', 'search_count', [
        [
          ['state', '=', 'posted'],
          ['amount_total', '=', 11.9],
        ],
      ]),
      20,
    );
    const [next = 0] = await loadedIds(caller, [{ key: 'kill.next', lines: [{ price: '1' }] }]);
    assert.ok(next > draft, 'a deleted record’s id is not given again');
    await caller.call('account.move', 'action_post', [[next]]);
    const [read] = await caller.read('account.move', [next], ['name']);
    assert.equal(read?.name, 'INV/2026/00021');
  });
});
