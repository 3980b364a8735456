import type { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { FinanceError } from '../../errors';
import type { Log } from '../host';
import { knowSecret } from '../scrub';

/** A command that takes longer counts as lost: nobody's work waits for Redis. */
const COMMAND_MS = 500;
const LONGEST_DELAY_MS = 1_000;

type Libraries = Pick<typeof import('ioredis'), 'Redis'> & Pick<typeof import('bullmq'), 'Queue' | 'Worker'>;

/** What emits an `error` that must not stay unheard. */
interface Fallible {
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** The connections of one process to Redis. They come back by themselves; meanwhile commands fail at once. */
export class Connection {
  /** For commands that do not block. */
  readonly client: Redis;
  private readonly options: ServerOptions & { retryStrategy(times: number): number | null };
  private complained = false;
  private closing = false;

  private constructor(
    private readonly libraries: Libraries,
    server: ServerOptions,
    private readonly log: Log,
  ) {
    const retryStrategy = (times: number) => (this.closing ? null : Math.min(50 * times, LONGEST_DELAY_MS));
    this.options = { ...server, retryStrategy };
    this.client = new libraries.Redis({
      ...this.options,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_MS,
    });
    this.hear(this.client);
    this.client.on('close', () => this.complain(new Error('The connection ended.')));
    this.client.on('ready', () => {
      if (this.complained) log.info({}, 'Redis is back');
      this.complained = false;
    });
  }

  /**
   * Does not wait for the server: where it is down, one warning is logged and the connection is made later.
   * @throws CONFIG_INVALID for what is no redis:// URL, and where the packages `ioredis` and `bullmq` are not installed
   */
  static async open(url: string, log: Log): Promise<Connection> {
    const server = serverOf(url);
    return new Connection(await load(), server, log);
  }

  get ready(): boolean {
    return this.client.status === 'ready';
  }

  /** Hears of failures; the first one since Redis was there is logged. */
  private hear(source: Fallible): void {
    source.on('error', (error) => this.complain(error));
  }

  private complain(error: Error): void {
    if (this.complained || this.closing || this.ready) return;
    this.complained = true;
    this.log.warn({ reason: error.message }, 'Redis is away: the store goes on by itself until it is back');
  }

  /** Sends jobs over the connection of commands. */
  queue(name: string): Queue {
    const queue = new this.libraries.Queue(name, {
      connection: this.client,
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    });
    this.hear(queue);
    return queue;
  }

  /** Takes jobs, over two connections of its own. */
  worker(name: string, work: (job: { name: string; data: unknown }) => Promise<void>): Worker {
    const worker = new this.libraries.Worker(name, work, {
      connection: { ...this.options, maxRetriesPerRequest: null },
      runRetryDelay: LONGEST_DELAY_MS,
      drainDelay: 2,
    });
    this.hear(worker);
    return worker;
  }

  /** Nothing connects any more. */
  close(): void {
    this.closing = true;
    this.client.disconnect();
  }
}

type ServerOptions = ReturnType<typeof serverOf>;

function serverOf(url: string) {
  try {
    const { protocol, hostname, port, pathname, username, password } = new URL(url);
    if (!/^rediss?:$/.test(protocol) || !/^\/?\d*$/.test(pathname)) throw new Error('no redis:// URL');
    for (const secret of [password, decodeURIComponent(password)]) knowSecret(secret);
    return {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || 6379),
      db: Number(pathname.slice(1) || 0),
      username: decodeURIComponent(username) || undefined,
      password: decodeURIComponent(password) || undefined,
      ...(protocol === 'rediss:' ? { tls: {} } : {}),
    };
  } catch {
    throw new FinanceError('CONFIG_INVALID', { message: 'LEDGERWAY_REDIS is not a redis:// URL.' });
  }
}

async function load(): Promise<Libraries> {
  try {
    const { Redis } = (await import('ioredis')).default;
    const { Queue, Worker } = await import('bullmq');
    return { Redis, Queue, Worker };
  } catch (cause) {
    throw new FinanceError('CONFIG_INVALID', {
      message: 'LEDGERWAY_REDIS needs the packages "ioredis" and "bullmq": npm install ioredis bullmq.',
      cause,
    });
  }
}
