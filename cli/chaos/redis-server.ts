import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FinanceError } from '../../errors';
import { freePort } from '../runtime-process';

const READY_MS = 10_000;

/** A Redis server of a chaos run: in memory, on a port of the loopback. */
export class RedisServer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly port: number,
    private readonly folder: string,
  ) {}

  /** @throws CONFIG_INVALID where the program `redis-server` is not installed or does not answer */
  static async start(): Promise<RedisServer> {
    const folder = mkdtempSync(join(tmpdir(), 'ledgerway-redis-'));
    const port = await freePort();
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
    const child = spawn('redis-server', args, { stdio: ['pipe', 'ignore', 'ignore'] });
    const failed = new Promise<never>((_, reject) => {
      child.once('error', (cause) =>
        reject(new FinanceError('CONFIG_INVALID', { message: `redis-server: ${cause.message}`, cause })),
      );
    });
    const server = new RedisServer(child, port, folder);
    await Promise.race([server.ready(), failed]);
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  private async ready(): Promise<void> {
    for (const until = Date.now() + READY_MS; ; await sleep(50)) {
      const answer = await this.command('PING').catch(() => '');
      if (answer.startsWith('+PONG')) return;
      if (Date.now() > until)
        throw new FinanceError('CONFIG_INVALID', { message: 'redis-server does not answer.' });
    }
  }

  /** Forgets everything, as a failover may. */
  async flush(): Promise<void> {
    await this.command('FLUSHALL');
  }

  private async command(text: string): Promise<string> {
    return await new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write(`${text}\r\n`));
      socket.once('data', (answer) => {
        socket.destroy();
        resolve(answer.toString());
      });
      socket.once('error', reject);
    });
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    if (this.child.exitCode === null && this.child.kill('SIGTERM')) await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
