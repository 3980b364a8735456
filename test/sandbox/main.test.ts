import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

interface Addresses {
  odoo: string;
  tax: string;
  clearance: string;
  billing: string;
  crm: string;
  secrets: Record<string, string>;
}

const MAIN = join(__dirname, '../../sandbox/main.js');

/** All counterparties in one process, as a start of the product runs them. */
async function start(...args: string[]): Promise<{ child: ChildProcess; addresses: Addresses }> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  return { child, addresses: JSON.parse(line) as Addresses };
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

const json = async <T>(url: string, init?: RequestInit) => (await (await fetch(url, init)).json()) as T;

describe('the sandbox process', function () {
  this.timeout(20_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sandbox-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('starts all five, goes on at the same addresses after a SIGKILL, ends on SIGTERM', async () => {
    const first = await start('--data', folder);
    const { addresses } = first;
    const post = (body: unknown) => ({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    await json(`${addresses.billing}/_sandbox/send`, post({ runId: 'r', documents: 10, deliver: false }));
    const sent = await json<unknown[]>(`${addresses.billing}/_sandbox/deliveries`);
    assert.ok(sent.length >= 10);
    assert.deepEqual(await json(`${addresses.tax}/_sandbox/transactions`), []);
    assert.deepEqual(await json(`${addresses.clearance}/_sandbox/documents`), []);
    assert.deepEqual(await json(`${addresses.crm}/_sandbox/writes`), []);
    assert.equal((await fetch(`${addresses.odoo}/web/health`)).status, 200);
    first.child.kill('SIGKILL');
    await exitOf(first.child);

    const { odoo, tax, clearance, billing, crm } = addresses;
    const ports = [odoo, tax, clearance, billing, crm].map((url) => new URL(url).port).join(',');
    const second = await start('--data', folder, '--ports', ports);
    assert.deepEqual(second.addresses, addresses);
    assert.deepEqual(await json(`${addresses.billing}/_sandbox/deliveries`), sent);
    second.child.kill('SIGTERM');
    assert.equal(await exitOf(second.child), 0);
  });

  it('ends when the process that started it is gone', async () => {
    const { child } = await start();
    child.stdin!.end();
    assert.equal(await exitOf(child), 0);
  });

  it('says what is wrong with its options', async () => {
    const child = spawn(process.execPath, [MAIN, '--ports', '1,2'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const said: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    assert.equal(await exitOf(child), 1);
    assert.match(Buffer.concat(said).toString(), /odoo,tax,clearance,billing,crm/);
  });
});
