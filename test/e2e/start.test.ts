import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const BIN = resolve(__dirname, '..', '..', '..', 'bin', 'ledgerway.js');

/** `npm start -- --data DIR --port N`, until its addresses are printed. */
async function start(
  data: string,
  port: number,
): Promise<{ child: ChildProcess; text: string; seconds: number }> {
  const began = Date.now();
  const child = spawn(process.execPath, [BIN, 'start', '--data', data, '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  await new Promise<void>((done, reject) => {
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('Ctrl-C ends it')) done();
    });
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${text}`)));
  });
  child.removeAllListeners('exit');
  return { child, text, seconds: (Date.now() - began) / 1000 };
}

async function end(child: ChildProcess): Promise<number | null> {
  const exited = new Promise<number | null>((done) => child.once('exit', done));
  child.kill('SIGINT');
  return await exited;
}

const rowOf = (text: string, entity: string) =>
  text
    .split('\n')
    .find((line) => line.startsWith(entity))
    ?.trim()
    .split(/\s{2,}/) ?? [];

describe('ledgerway start: what a newcomer does', () => {
  let data: string;
  const port = 21_880 + (process.pid % 1000);
  before(() => {
    data = mkdtempSync(join(tmpdir(), 'ledgerway-start-'));
  });
  after(() => rmSync(data, { recursive: true, force: true }));

  it('shows within 60 s a table per entity, the addresses, the one-time password; a second start goes on', async () => {
    const first = await start(data, port);
    try {
      assert.ok(first.seconds < 60, `${first.seconds} s`);
      assert.match(first.text, /received +posted +e-invoices accepted +duplicates ignored +exceptions held/);
      for (const entity of ['acme_de', 'acme_us']) {
        const [, received, posted] = rowOf(first.text, entity).map(Number);
        assert.ok(received! > 20 && posted! > 20, `${entity}: ${rowOf(first.text, entity)}`);
      }
      assert.doesNotMatch(first.text, /does not tie/);
      const password = /one-time password (\S+)\)/.exec(first.text)?.[1];
      const ledger = /http:\S+\/ledger/.exec(first.text)?.[0];
      assert.ok(password && ledger, first.text);
      await signsIn(`http://127.0.0.1:${port}`, password);
      assert.match(await (await fetch(ledger)).text(), /Ledgerway Demo|Acme/);
    } finally {
      assert.equal(await end(first.child), 0);
    }
    const second = await start(data, port);
    try {
      assert.deepEqual(
        rowOf(second.text, 'total'),
        rowOf(first.text, 'total'),
        'it went on where it stopped',
      );
      assert.doesNotMatch(second.text, /does not tie/);
    } finally {
      assert.equal(await end(second.child), 0);
    }
  });

  /** The editor's own login, and no access without it. */
  async function signsIn(url: string, password: string): Promise<void> {
    assert.equal((await fetch(`${url}/flows`)).status, 401);
    const token = async (secret: string) =>
      await fetch(`${url}/auth/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          client_id: 'node-red-editor',
          grant_type: 'password',
          scope: '*',
          username: 'admin',
          password: secret,
        }),
      });
    assert.equal((await token('wrong')).status, 403);
    const answer = await token(password);
    assert.equal(answer.status, 200);
    const { access_token } = (await answer.json()) as { access_token: string };
    const flows = await fetch(`${url}/flows`, { headers: { authorization: `Bearer ${access_token}` } });
    assert.equal(flows.status, 200);
    assert.doesNotMatch(await flows.text(), /sk_|whsec_|token_sandbox/, 'no secret stands in a flow');
  }
});
