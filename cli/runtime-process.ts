import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Store } from '../engine';
import { FinanceError } from '../errors';
import { installTemplate, storeOf } from '../runtime';
import { credentialsOf, environmentOf, type SandboxAddresses } from './sandbox';

const MAIN = join(__dirname, 'main.js');

/** How a runtime ended: by SIGKILL, or with an exit code. */
export type Ending = 'killed' | number;

/** A runtime in a process of its own, with the template *billing invoice*, so that it can be killed. */
export class RuntimeProcess {
  private child?: ChildProcess;
  private exited: Promise<Ending> = Promise.resolve(0);

  private constructor(
    readonly data: string,
    readonly port: number,
    private readonly env: NodeJS.ProcessEnv,
    private readonly program: string[],
  ) {}

  /**
   * Prepares a data folder for the runtime; nothing is started yet.
   * @param program script and first arguments, for a stand-in of the runtime
   */
  static async prepare(
    data: string,
    sandbox: SandboxAddresses,
    env: NodeJS.ProcessEnv = {},
    program = [MAIN, 'run'],
  ): Promise<RuntimeProcess> {
    installTemplate(data, 'billing-invoice', credentialsOf(sandbox));
    const quiet = { LEDGERWAY_LOG_LEVEL: 'error', LEDGERWAY_ADMIN_PASSWORD: 'not-a-secret-here' };
    const all = { ...process.env, ...quiet, ...environmentOf(sandbox), ...env };
    return new RuntimeProcess(data, await freePort(), all, program);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** For the admin API. */
  get adminPassword(): string {
    return this.env.LEDGERWAY_ADMIN_PASSWORD ?? '';
  }

  get alive(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /**
   * Starts the process; returns at once. {@link ready} waits for it.
   * @param onBoundary hears of the boundaries that LEDGERWAY_TELL_AT names
   */
  start(env: NodeJS.ProcessEnv = {}, onBoundary?: () => void): void {
    const args = ['--enable-source-maps', ...this.program, '--data', this.data, '--port', String(this.port)];
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...this.env, ...env },
    });
    child.on('message', () => onBoundary?.());
    this.child = child;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve(signal === 'SIGKILL' ? 'killed' : (code ?? 1)));
    });
  }

  /** Resolves when it takes events. @throws RUN_UNEXPECTED where it ends or takes too long */
  async ready(limitMs = 30_000): Promise<void> {
    for (const until = Date.now() + limitMs; Date.now() < until; ) {
      if (!this.alive) throw new FinanceError('RUN_UNEXPECTED', { message: 'The runtime ended.' });
      if ((await this.readiness())?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new FinanceError('RUN_UNEXPECTED', { message: 'The runtime did not become ready.' });
  }

  /** What its readiness page says; undefined where it does not answer. */
  async readiness(): Promise<{ ok: boolean; open: number } | undefined> {
    try {
      const answer = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(2000) });
      const { stores } = (await answer.json()) as { stores: Record<string, { open?: number }> };
      return { ok: answer.ok, open: Object.values(stores).reduce((sum, { open }) => sum + (open ?? 1), 0) };
    } catch {
      return undefined;
    }
  }

  /** How the process ended, once it did. */
  ended(): Promise<Ending> {
    return this.exited;
  }

  async kill(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.exited;
  }

  /** Drains and ends. */
  async stop(): Promise<Ending> {
    if (this.alive) this.child?.kill('SIGTERM');
    return await this.exited;
  }

  /** Reads the store beside the process, or after it. */
  async read<Result>(look: (store: Store) => Promise<Result>): Promise<Result> {
    const store = await storeOf({ dataDir: this.data, storeUrl: this.env.LEDGERWAY_STORE }, true);
    try {
      return await look(store);
    } finally {
      await store.close();
    }
  }
}

/** A port of the loopback that is free just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
