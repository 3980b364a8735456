import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { dayProgress, sendDay } from '../../cli/billing-day';
import { tie } from '../../cli/tie';
import { layoutOf } from '../../runtime';
import { ledgerway } from '../support/command';
import { invoiceEvents, Stack } from '../support/stack';

describe('The runtime', () => {
  it('refuses a flow whose node types are missing, and names them', async () => {
    const data = mkdtempSync(join(tmpdir(), 'ledgerway-missing-'));
    try {
      const { flows } = layoutOf(data);
      mkdirSync(dirname(flows), { recursive: true });
      writeFileSync(
        flows,
        JSON.stringify([
          { id: 't', type: 'tab' },
          { id: 'a', type: 'sap post', z: 't' },
          { id: 'b', type: 'debug', z: 't', wires: [] },
        ]),
      );
      const { code, stderr } = await ledgerway(['run', '--data', data, '--port', '0'], {
        LEDGERWAY_LOG_LEVEL: 'silent',
      });
      assert.equal(code, 1);
      assert.match(stderr, /CONFIG_NODE_MISSING: These node types are not installed: sap post\./);
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });

  it('a second runtime on one folder is refused, the first goes on', async () => {
    const stack = await Stack.start();
    try {
      const { code, stderr } = await ledgerway(['run', '--data', stack.folder, '--port', '0'], {
        LEDGERWAY_LOG_LEVEL: 'silent',
      });
      assert.equal(code, 1);
      assert.match(stderr, /STORE_OWNED/);
      assert.equal((await stack.runtime.readiness())?.ok, true);
    } finally {
      await stack.stop();
    }
  });

  it('SIGTERM and a deploy in the middle of a day change no result', async () => {
    const stack = await Stack.start();
    try {
      const { sandbox, runtime } = stack;
      const day = { runId: 'drained', seed: 'drained', documents: 150 };
      await sendDay(sandbox, runtime.url, day);
      await until(async () => (await dayProgress(sandbox, day.runId)).delivered > 30);
      assert.equal((await deploy(runtime.url, stack.folder)).status, 200);
      await until(async () => (await dayProgress(sandbox, day.runId)).delivered > 90);
      assert.equal(await runtime.stop(), 0, 'all in flight was settled before it ended');
      runtime.start();
      await runtime.ready();
      await until(async () => (await dayProgress(sandbox, day.runId)).done);
      await stack.quiet();
      const { differences, total, doubled } = await runtime.read((store) => tie(sandbox, store));
      assert.deepEqual(differences, []);
      assert.deepEqual([total.posted, doubled], [150, 0]);
      const expired = await runtime.read(async (store) =>
        (await store.documents({ limit: 1000 })).filter(({ expiries }) => expiries > 0),
      );
      assert.deepEqual(expired, [], 'no message was swallowed');
    } finally {
      await stack.stop();
    }
  });

  it('a key that Odoo refuses is an exception that says so, and no secret gets into the store', async () => {
    const wrong = 'a-key-that-odoo-does-not-know';
    const stack = await Stack.start({ LEDGERWAY_LOG_LEVEL: 'silent' }, { odooKey: wrong });
    try {
      const [event] = invoiceEvents('wrong-key', 1);
      assert.equal(await stack.send(JSON.stringify(event)), 200);
      await stack.quiet();
      assert.deepEqual(await stack.exceptionCodes(), ['ODOO_UNAUTHORIZED']);
      const kept = execFileSync('sh', ['-c', 'cat "$0"/store.db*', stack.folder], {
        maxBuffer: 1 << 28,
      }).toString('latin1');
      const { webhookSecret, taxKey, clearanceKey } = stack.sandbox.secrets;
      for (const secret of [wrong, webhookSecret, taxKey, clearanceKey])
        assert.ok(!kept.includes(secret), 'a secret is in the store');
    } finally {
      await stack.stop();
    }
  });

  it('a store that is full answers 503 with Retry-After, and the sender loses nothing', async () => {
    const stack = await Stack.start({ LEDGERWAY_HIGH_WATER: '3' });
    try {
      await stack.fault('odoo', { match: {}, mode: 'http-502', times: 100_000 });
      const events = invoiceEvents('full', 8).map((event) => JSON.stringify(event));
      const statuses = [];
      for (const body of events) statuses.push(await stack.send(body));
      assert.ok(statuses.includes(503), String(statuses));
      await stack.heal('odoo');
      for (const body of events) await stack.sendUntilTaken(body);
      const figures = await stack.quiet();
      assert.equal(
        Object.values(figures).reduce((sum, { posted }) => sum + posted, 0),
        8,
      );
    } finally {
      await stack.stop();
    }
  });

  it('a full disk answers 503, keeps what was acknowledged, and takes the rest once there is room', async () => {
    const stack = await Stack.start({ LEDGERWAY_LOG_LEVEL: 'silent' });
    try {
      const { runtime } = stack;
      const events = invoiceEvents('disk', 60).map((event) => JSON.stringify(event));
      await runtime.stop();
      runtime.start({ LEDGERWAY_STORE_PAGES: '420' });
      await runtime.ready();
      const statuses: number[] = [];
      for (const body of events) statuses.push(await stack.send(body));
      assert.ok(statuses.includes(200) && statuses.includes(503), String(statuses));
      await runtime.stop();
      runtime.start();
      await runtime.ready();
      for (const [index, body] of events.entries())
        if (statuses[index] !== 200) await stack.sendUntilTaken(body);
      const figures = await stack.quiet();
      assert.equal(
        Object.values(figures).reduce((sum, { posted }) => sum + posted, 0),
        60,
      );
      const { differences } = await runtime.read((store) =>
        tie(
          stack.sandbox,
          store,
          events.map(() => ({})),
        ),
      );
      assert.deepEqual(differences, []);
      assert.equal((await runtime.read((store) => store.audit())).ok, true);
    } finally {
      await stack.stop();
    }
  });

  async function until(holds: () => Promise<boolean>, limitMs = 60_000): Promise<void> {
    for (
      const end = Date.now() + limitMs;
      Date.now() < end;
      await new Promise((done) => setTimeout(done, 50))
    )
      if (await holds()) return;
    throw new Error('it did not come to be in time');
  }

  /** A full deploy of the same flows, as the editor does it. */
  async function deploy(url: string, folder: string): Promise<Response> {
    const login = await fetch(`${url}/auth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_id: 'node-red-editor',
        grant_type: 'password',
        scope: '*',
        username: 'admin',
        password: 'not-a-secret-here',
      }),
    });
    const { access_token } = (await login.json()) as { access_token: string };
    const flows = JSON.parse(readFileSync(layoutOf(folder).flows, 'utf8')) as unknown;
    return await fetch(`${url}/flows`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${access_token}`,
        'node-red-api-version': 'v2',
        'node-red-deployment-type': 'full',
      },
      body: JSON.stringify({ flows }),
    });
  }
});
