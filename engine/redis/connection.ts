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
  private complained = false;
  private closing = false;

  private constructor(
    private readonly libraries: Libraries,
    private readonly options: ReturnType<typeof optionsOf>,
    /** For commands that do not block. */
    readonly client: Redis,
    private readonly log: Log,
  ) {
    this.hear(client);
    client.on('ready', () => {
      if (this.complained) log.info({}, 'Redis is back');
      this.complained = false;
    });
    client.on('close', () => this.complain(new Error('The connection ended.')));
  }

  /**
   * Does not wait for the server: where it is down, one warning is logged and the connection is made later.
   * @throws CONFIG_INVALID for what is no redis:// URL, and where the packages `ioredis` and `bullmq` are not installed
   */
  static async open(url: string, log: Log): Promise<Connection> {
    const options = optionsOf(url);
    const libraries = await load();
    const client = new libraries.Redis({
      ...options,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_MS,
    });
    return new Connection(libraries, options, client, log);
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

  close(): void {
    this.closing = true;
    this.client.disconnect();
  }
}

function optionsOf(url: string) {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^rediss?:$/.test(parsed.protocol) || !/^\/?\d*$/.test(parsed.pathname))
    throw new FinanceError('CONFIG_INVALID', { message: 'LEDGERWAY_REDIS is not a redis:// URL.' });
  const password = decodeURIComponent(parsed.password);
  for (const secret of [parsed.password, password]) knowSecret(secret);
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: Number(parsed.port || 6379),
    db: Number(parsed.pathname.slice(1) || 0),
    username: decodeURIComponent(parsed.username) || undefined,
    password: password || undefined,
    retryStrategy: (times: number) => Math.min(50 * times, LONGEST_DELAY_MS),
    ...(parsed.protocol === 'rediss:' ? { tls: {} } : {}),
  };
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
