import { strict as assert } from 'node:assert';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPostgresStore, openSqliteStore, type Store } from '../../engine';
import { backupSqlite, storePoint } from '../../engine/sqlite/backup';
import { ledgerway } from '../support/command';
import { type PostgresServer, postgresServer, stopPostgresServer } from '../support/postgres';
import { PIPELINE, receive, take } from '../support/store';

/** A data folder as a runtime leaves it. */
class DataFolder {
  readonly root = mkdtempSync(join(tmpdir(), 'ledgerway-cli-'));
  readonly data = join(this.root, 'data');
  private readonly stores: Store[] = [];

  constructor() {
    mkdirSync(join(this.data, 'node-red', 'node_modules', 'x'), { recursive: true });
    mkdirSync(join(this.data, 'mappings'), { recursive: true });
    writeFileSync(join(this.data, 'credential-secret'), 'not-a-secret', { mode: 0o600 });
    writeFileSync(join(this.data, 'node-red', 'flows.json'), '[]');
    writeFileSync(join(this.data, 'node-red', 'node_modules', 'x', 'index.js'), '');
    writeFileSync(join(this.data, 'mappings', 'invoice.json'), '{"version":1}');
  }

  path(name: string): string {
    return join(this.root, name);
  }

  async store(data = this.data): Promise<Store> {
    const store = await openSqliteStore({ file: join(data, 'store.db') });
    this.stores.push(store);
    return store;
  }

  async remove(): Promise<void> {
    for (const store of this.stores) await store.close();
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Some documents in several states, one of them completed with a step. */
async function fill(store: Store, from = 0, to = 30): Promise<void> {
  await store.syncPipelines([PIPELINE]);
  for (let n = from; n < to; n++)
    await receive(store, `in_${n}`, undefined, { cursor: { name: 'c', value: String(n) } });
  const run = await take(store);
  const key = { businessKey: `acme_de/invoice/stripe/in_${from}`, contentHash: 'h' };
  const claim = await store.claim({ ...run, ...key });
  assert.ok(claim.status === 'new');
  const effect = {
    kind: 'odoo.load',
    target: 't',
    externalKey: `in_${from}`,
    name: 'post',
    request: { a: 1 },
  };
  const step = await store.intend({ ...run, hop: claim.hop, ...effect });
  assert.ok(step.status === 'new');
  await store.complete({ ...run, stepId: step.stepId, result: { id: 7 } });
  await store.settle({ ...run, hop: step.hop, outcome: 'completed' });
}

describe('ledgerway store backup, restore, drill', () => {
  let folder: DataFolder;
  beforeEach(() => {
    folder = new DataFolder();
  });
  afterEach(() => folder.remove());

  it('backs up beside a running store, and restores all of it into an empty folder', async function () {
    this.timeout(60_000);
    const store = await folder.store();
    await fill(store);
    const backup = await ledgerway([
      'store',
      'backup',
      '--data',
      folder.data,
      '--to',
      folder.path('b'),
      '--json',
    ]);
    assert.equal(backup.code, 0, backup.stderr);
    const taken = backup.json();
    assert.equal(taken.files, 4, 'store, flows, mapping, secret; not what npm can fetch');
    await fill(store, 30, 40);
    const restored = await ledgerway([
      'store',
      'restore',
      '--from',
      folder.path('b'),
      '--data',
      folder.path('r'),
      '--json',
    ]);
    assert.equal(restored.code, 0, restored.stderr);
    const { recoveryPoint, seconds } = restored.json();
    assert.equal(recoveryPoint, taken.recoveryPoint);
    assert.ok(Date.parse(String(recoveryPoint)) <= Date.now() && Number(seconds) < 30);
    assert.equal(statSync(folder.path('r/credential-secret')).mode & 0o777, 0o600);
    assert.equal(readFileSync(folder.path('r/mappings/invoice.json'), 'utf8'), '{"version":1}');
    const copy = await folder.store(folder.path('r'));
    assert.equal((await copy.deliveries()).length, 30, 'what came after the recovery point is not there');
    assert.deepEqual((await copy.audit()).findings, []);
  });

  it('copies a busy store once: commits go on, and the copy is of one moment', async function () {
    this.timeout(60_000);
    const store = await folder.store();
    const content = 'x'.repeat(20_000);
    const body = { mediaType: 'text/plain', content };
    for (let n = 0; n < 1_000; n += 50)
      await Promise.all(
        Array.from({ length: 50 }, (_, k) => receive(store, `in_${n + k}`, undefined, { skip: 's', body })),
      );
    let running = true;
    const copied = backupSqlite(join(folder.data, 'store.db'), folder.path('copy.db')).finally(() => {
      running = false;
    });
    let meanwhile = 0;
    while (running) await receive(store, `new_${meanwhile++}`, undefined, { skip: 's', body });
    const { lastEventAt } = await copied;
    assert.ok(meanwhile > 0, 'nothing was received while it ran');
    assert.equal(storePoint(folder.path('copy.db')).lastEventAt, lastEventAt);
    const copy = await openSqliteStore({ file: folder.path('copy.db') });
    assert.ok((await copy.audit()).ok);
    const held = (await copy.deliveries()).length;
    await copy.close();
    assert.ok(held >= 1_000 && held <= 1_000 + meanwhile, `${held} documents`);
    console.log(`      ${meanwhile} receives while 20 MB were copied`);
  });

  it('the drill backs up, restores, verifies, and leaves nothing behind', async function () {
    this.timeout(60_000);
    await fill(await folder.store());
    const { code, stderr, json } = await ledgerway(['store', 'drill', '--data', folder.data, '--json']);
    assert.equal(code, 0, stderr);
    const { recoveryPoint, seconds, backupSeconds, audit } = json();
    assert.ok(recoveryPoint && Number(seconds) >= 0 && Number(backupSeconds) >= 0);
    assert.deepEqual((audit as { ok: boolean }).ok, true);
    const words = await ledgerway(['store', 'drill', '--data', folder.data]);
    assert.match(words.stdout, /recovery point 20.*\n.*verifies: \d+ events/);
  });

  it('refuses a folder that is not empty, and a backup that was changed, cut or added to', async function () {
    this.timeout(60_000);
    await (await folder.store()).close();
    const backup = ['store', 'backup', '--data', folder.data, '--to', folder.path('b')];
    assert.equal((await ledgerway(backup)).code, 0);
    assert.match((await ledgerway(backup)).stderr, /STORE_NOT_EMPTY/);
    const restore = (to: string) =>
      ledgerway(['store', 'restore', '--from', folder.path('b'), '--data', folder.path(to)]);
    assert.match((await restore('data')).stderr, /STORE_NOT_EMPTY/);
    const flows = folder.path('b/data/node-red/flows.json');
    appendFileSync(flows, ' ');
    assert.match((await restore('r')).stderr, /STORE_DAMAGED.*flows\.json was changed/);
    rmSync(flows);
    assert.match((await restore('r')).stderr, /flows\.json is missing/);
    writeFileSync(flows, '[]');
    writeFileSync(folder.path('b/data/stranger'), '');
    assert.match((await restore('r')).stderr, /stranger is not of the backup/);
    assert.equal(existsSync(folder.path('r')), false, 'nothing of a damaged backup is restored');
  });

  it('of a store in Postgres it backs up the rest, and says who backs up the documents', async function () {
    this.timeout(60_000);
    const args = ['store', 'backup', '--data', folder.data, '--to', folder.path('b')];
    const { code, stdout } = await ledgerway(args, { LEDGERWAY_STORE: 'postgres://nobody@127.0.0.1:1/none' });
    assert.equal(code, 0);
    assert.match(stdout, /3 files .*\n.*pg_dump/);
  });
});

describe('ledgerway store retain', () => {
  it('says what is over its time, and erases it only when told to', async function () {
    this.timeout(60_000);
    const folder = new DataFolder();
    try {
      const store = await folder.store();
      await fill(store);
      await store.close();
      const retain = (...more: string[]) =>
        ledgerway(['store', 'retain', '--data', folder.data, '--json', ...more]);
      assert.match((await retain('--dry-run')).stderr, /no retention policy/);
      writeFileSync(join(folder.data, 'retention.json'), '{"rules":[{"days":0}]}');
      assert.match((await retain()).stderr, /either --dry-run or --apply/);
      const due = { 'acme_de invoice': 1 };
      assert.deepEqual((await retain('--dry-run')).json(), {
        ...{ applied: false, due, documents: 0, bodies: 0, steps: 0 },
      });
      assert.deepEqual((await retain('--apply')).json(), {
        ...{ applied: true, due, documents: 1, bodies: 1, steps: 1 },
      });
      assert.equal((await ledgerway(['audit', 'verify', '--data', folder.data])).code, 0);
    } finally {
      await folder.remove();
    }
  });
});

describe('ledgerway audit anchor, keygen, verify --anchors', () => {
  it('a key is made, anchors go to a file and to a URL, and verification finds a forged chain', async function () {
    this.timeout(60_000);
    const folder = new DataFolder();
    const posted: string[] = [];
    const server = createServer((req, res) => {
      req.on('data', (chunk) => posted.push(String(chunk)));
      req.on('end', () => res.writeHead(204).end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    try {
      await fill(await folder.store());
      const key = folder.path('anchor.pem');
      const file = folder.path('anchors.jsonl');
      const run = (...args: string[]) => ledgerway(['audit', ...args, '--json', '--data', folder.data]);
      assert.equal((await run('keygen', '--to', key)).code, 0);
      assert.equal(statSync(key).mode & 0o777, 0o600);
      assert.match((await run('keygen', '--to', key)).stderr, /STORE_NOT_EMPTY/);
      assert.equal((await run('anchor', '--key', key, '--to', file)).json().anchors, 1);
      assert.equal((await run('anchor', '--key', key, '--to', url)).code, 0);
      const verify = (...more: string[]) =>
        run('verify', '--anchors', file, '--public-key', `${key}.pub`, ...more);
      assert.deepEqual((await verify()).json().anchors, 1);
      const anchor = JSON.parse(posted[0]!) as { hash: string };
      appendFileSync(file, `${JSON.stringify({ ...anchor, hash: 'f'.repeat(64) })}\n`);
      const forged = await verify();
      assert.equal(forged.code, 1);
      assert.match(forged.stderr, /anchors line 2: its signature does not verify/);
    } finally {
      server.close();
      await folder.remove();
    }
  });
});

describe('ledgerway store migrate', () => {
  let folder: DataFolder;
  let server: PostgresServer;
  let url: string;
  before(async function () {
    this.timeout(60_000);
    server = await postgresServer();
  });
  beforeEach(async () => {
    folder = new DataFolder();
    url = await server.database();
  });
  afterEach(async () => {
    await folder.remove();
    await server.giveBack(url);
  });
  after(async () => await stopPostgresServer());

  const migrate = (to: string) =>
    ledgerway([
      'store',
      'migrate',
      '--from',
      `sqlite:${join(folder.data, 'store.db')}`,
      '--to',
      to,
      '--json',
    ]);

  it('takes all of it to Postgres: rows, numbers, texts, the chain; and the run goes on', async function () {
    this.timeout(60_000);
    const source = await folder.store();
    await fill(source);
    const before = await Promise.all([source.deliveries(), source.figures(), source.documents()]);
    const traces = await Promise.all(before[2].map(({ id }) => source.trace({ documentId: id })));
    const { events } = await source.audit();
    assert.match((await migrate(url)).stderr, /STORE_OWNED/, 'a runtime may still write into it');
    await source.close();
    const { code, stderr, json } = await migrate(url);
    assert.equal(code, 0, stderr);
    const audit = json().audit as { ok: boolean; events: number };
    assert.deepEqual([audit.ok, audit.events], [true, events]);
    const target = await openPostgresStore({ url, poolSize: 4 });
    try {
      const after = await Promise.all([target.deliveries(), target.figures(), target.documents()]);
      assert.deepEqual(after, before);
      const moved = await Promise.all(after[2].map(({ id }) => target.trace({ documentId: id })));
      assert.deepEqual(moved, traces);
      assert.equal(await target.getCursor({ name: 'c' }), '29');
      assert.equal((await receive(target, 'in_3')).status, 'duplicate');
      await fill(target, 30, 60);
      const chains = await server.query<{ chain: number }>('SELECT chain FROM audit_heads', url);
      assert.equal(chains.length, 16, 'new events may go to any chain');
      assert.deepEqual((await target.audit()).findings, []);
      const seqs = (await target.documents({ limit: 1000 })).map(({ seq }) => seq);
      assert.equal(new Set(seqs).size, 60);
    } finally {
      await target.close();
    }
    assert.match((await migrate(url)).stderr, /STORE_NOT_EMPTY/);
  });

  it('is all or nothing: where the copy fails in the middle, the target stays empty', async function () {
    this.timeout(60_000);
    const source = await folder.store();
    await fill(source);
    await source.close();
    await (await openPostgresStore({ url })).close();
    await server.query('ALTER TABLE steps ADD CONSTRAINT no_steps CHECK (attempts > 5)', url);
    assert.equal((await migrate(url)).code, 1);
    const rows = await server.query<{ n: string }>(
      'SELECT (SELECT COUNT(*) FROM documents) + (SELECT COUNT(*) FROM audit) AS n',
      url,
    );
    assert.equal(rows[0]!.n, '0');
    await server.query('ALTER TABLE steps DROP CONSTRAINT no_steps', url);
    assert.equal((await migrate(url)).code, 0, 'and it can be run again');
  });
});
