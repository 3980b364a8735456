import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = '/usr/bin/redis-server';
const READY_MS = 10_000;

/** A Redis server of its own for the tests: nothing on the disk, any free port of the loopback. */
export class RedisServer {
  private process?: ChildProcess;
  private readonly folders: string[] = [];

  private constructor(readonly port: number) {}

  /** The address of a server that is not up yet. */
  static async reserve(): Promise<RedisServer> {
    return new RedisServer(await freePort());
  }

  /** @throws where it cannot be started: the tests that need it fail, they are not skipped */
  static async start(): Promise<RedisServer> {
    const server = await RedisServer.reserve();
    await server.up();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts a server that knows nothing. */
  async up(): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'ledgerway-redis-'));
    this.folders.push(folder);
    const options = { port: this.port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder };
    const server = spawn(
      PROGRAM,
      Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
      { stdio: 'ignore' },
    );
    this.process = server;
    let failure: Error | undefined;
    server.once('error', (error) => {
      failure = error;
    });
    server.unref();
    for (const until = Date.now() + READY_MS; !(await this.answers()); ) {
      if (failure || server.exitCode !== null || Date.now() > until) {
        console.error(
          `\nREDIS CANNOT BE STARTED (${PROGRAM}). Its tests DO NOT RUN: apt-get install redis-server\n`,
        );
        throw failure ?? new Error('redis-server does not answer');
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  private async answers(): Promise<boolean> {
    return await this.say('PING').then(
      (answer) => answer.startsWith('+PONG'),
      () => false,
    );
  }

  /** Sends one command behind everybody's back. @returns the raw answer */
  say(...words: string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(this.port, '127.0.0.1', () => socket.write(`${words.join(' ')}\r\n`));
      socket.once('error', reject);
      socket.once('data', (data) => {
        resolve(data.toString());
        socket.destroy();
      });
    });
  }

  async flush(): Promise<void> {
    await this.say('FLUSHALL');
  }

  /** Kills it; what it knew is gone. */
  async kill(): Promise<void> {
    const server = this.process;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGKILL');
    await ended;
  }

  /** Lets it hang: connections stay, nothing is answered. */
  freeze(): void {
    this.process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.process?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    await this.kill();
    for (const folder of this.folders) rmSync(folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
