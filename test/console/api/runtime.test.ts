import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fill } from '../../../cli/seed/seed';
import { hashPassword } from '../../../runtime';

const MAIN = join(__dirname, '..', '..', '..', 'cli', 'main.js');
const PASSWORD = 'correct horse battery';

describe('The console in a runtime', () => {
  let folder: string;
  let child: ChildProcess;
  let url: string;

  before(async function () {
    this.timeout(60_000);
    folder = mkdtempSync(join(tmpdir(), 'ledgerway-console-'));
    const users = join(folder, 'users.json');
    const scryptHash = await hashPassword(PASSWORD);
    const clara = { user: 'clara', scryptHash, roles: ['clerk'], entities: ['acme_de'] };
    writeFileSync(users, JSON.stringify([clara]));
    fill(join(folder, 'store.db'), { documents: 60, exceptions: 12, random: 3, hostile: false });
    const env = {
      ...process.env,
      LEDGERWAY_USERS: users,
      LEDGERWAY_ADMIN_PASSWORD: PASSWORD,
      LEDGERWAY_LOG_LEVEL: 'error',
      LEDGERWAY_ODOO_CHECK: 'off',
    };
    child = spawn(process.execPath, [MAIN, 'run', '--data', folder, '--port', '0', '--json'], { env });
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    assert.match(line.toString(), /"url"/);
    url = (JSON.parse(line.toString()) as { url: string }).url;
  });
  after(async () => {
    const ended = child.exitCode ?? once(child, 'exit').then(([code]) => code as number);
    child.kill('SIGTERM');
    const code = await ended;
    rmSync(folder, { recursive: true, force: true });
    assert.equal(code, 0);
  });

  async function login(username: string, password = PASSWORD): Promise<string | undefined> {
    const answer = await fetch(`${url}/auth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_id: 'node-red-admin',
        grant_type: 'password',
        scope: '',
        username,
        password,
      }),
    });
    return answer.ok ? ((await answer.json()) as { access_token: string }).access_token : undefined;
  }

  const ask = (path: string, token?: string, init: RequestInit = {}) =>
    fetch(`${url}${path}`, {
      ...init,
      headers: { ...init.headers, ...(token && { authorization: `Bearer ${token}` }) },
    });
  const api = (path: string, token?: string, init?: RequestInit) =>
    ask(`/console/api/v1${path}`, token, init);

  it('who logs in to the editor is logged in here, with roles and entities', async () => {
    const token = await login('clara');
    const me = (await (await api('/me', token)).json()) as {
      user: string;
      entities: string[];
      roles: string[];
    };
    assert.deepEqual([me.user, me.entities, me.roles], ['clara', ['acme_de'], ['clerk']]);
    const { items } = (await (await api('/exceptions', token)).json()) as { items: { entity: string }[] };
    assert.ok(items.length > 0 && items.every(({ entity }) => entity === 'acme_de'));
    assert.equal(await login('clara', 'wrong'), undefined);
    for (const path of ['/flows', '/settings/user', '/nodes'])
      assert.equal((await ask(path, token)).status, 401, `${path} is the editor’s`);
    for (const token of [undefined, 'made-up']) {
      const answer = await api('/me', token);
      assert.equal(answer.status, 401);
      assert.equal(((await answer.json()) as { error: { code: string } }).error.code, 'API_UNAUTHENTICATED');
    }
  });

  it('a decision goes through, beside the reader', async () => {
    const token = await login('clara');
    const { items } = (await (await api('/exceptions', token)).json()) as { items: { id: string }[] };
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'the-only-key' };
    const body = JSON.stringify({ text: 'seen' });
    const path = `/exceptions/${items[0]!.id}`;
    assert.equal((await api(`${path}/comment`, token, { method: 'POST', headers, body })).status, 200);
    const { comments } = (await (await api(path, token)).json()) as {
      comments: { text: string; actor: string }[];
    };
    assert.deepEqual(comments.at(-1)!.text, 'seen');
    assert.deepEqual(comments.at(-1)!.actor, 'clara');
  });

  it('a consumer’s token reads what it is for, until it is revoked, and opens nothing else', async () => {
    const admin = await login('admin');
    const write = (path: string, body: object) =>
      api(path, admin, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
        body: JSON.stringify(body),
      });
    const consumer = {
      name: 'auditor',
      entities: ['acme_us'],
      functions: ['documents.read'],
      expiresAt: Date.now() + 60_000,
    };
    const { id, token } = (await (await write('/consumers', consumer)).json()) as {
      id: string;
      token: string;
    };
    const { items } = (await (await api('/documents', token)).json()) as { items: { entity: string }[] };
    assert.ok(items.length > 0 && items.every(({ entity }) => entity === 'acme_us'));
    assert.equal((await api('/exceptions', token)).status, 403);
    for (const path of ['/flows', '/settings/user']) assert.equal((await ask(path, token)).status, 401);
    await write(`/consumers/${id}/revoke`, {});
    assert.equal((await api('/documents', token)).status, 401);
  });

  it('pages come with a strict policy; hashed files stay in caches, addresses lead to the page', async () => {
    for (const path of ['/console/', '/console/exceptions?sort=due', '/console/documents/doc_1']) {
      const answer = await ask(path);
      const policy = answer.headers.get('content-security-policy')!;
      assert.match(policy, /default-src 'none'.*script-src 'self';.*frame-ancestors 'none'/);
      assert.ok(!policy.includes('unsafe'));
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
      assert.equal(answer.headers.get('referrer-policy'), 'no-referrer');
      if (answer.status !== 200) continue;
      const page = await answer.text();
      assert.ok(!/<script(?![^>]*src=)/.test(page), 'no inline script');
      const [, asset] = /src="(\/console\/assets\/[^"]+)"/.exec(page)!;
      assert.match((await ask(asset!)).headers.get('cache-control')!, /immutable/);
    }
    assert.equal((await ask('/console/assets/none.js')).status, 404);
    assert.equal(
      (await ask('/console/..%2f..%2fpackage.json')).headers.get('content-type')?.includes('json') ?? false,
      false,
    );
  });
});
