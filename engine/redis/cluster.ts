import type { Queue, Worker } from 'bullmq';
import type { Cluster } from '../cluster';
import type { Log } from '../host';
import { sha256 } from '../ids';
import type { RateLimiter, RateOf } from '../rate-limit';
import type { Schedules } from '../schedules';
import type { Store } from '../store';
import { MESSAGE_PIPELINE } from '../transitions/lease';
import { Connection } from './connection';
import { Leader } from './leader';
import { RedisRateLimiter } from './rate-limit';

/** Wake-ups that come within this time travel together. */
const GATHER_MS = 5;
/** More than that wait for the poll of the pipelines. */
const MOST_GATHERED = 1_000;
const WAKE = 'wake';
const TICK = 'tick';

/** All that a job carries: who has work. What work, the store says. */
interface Wake {
  store: string;
  pipeline: string;
  documentId: string;
}

export interface OpenRedisOptions {
  /** `redis://user:password@host:port/number`, `rediss://` for TLS. */
  url: string;
  /** What the runtimes on one store have in common, and no others. Rate limits go beyond it. */
  scope: string;
  log: Log;
}

/**
 * Wake-ups by id, ticks of schedules, a leader and common rate limits by way of Redis and BullMQ. Does not wait for
 * the server, and does without it while it is away.
 * @throws CONFIG_INVALID
 */
export async function openRedis({ url, scope, log }: OpenRedisOptions): Promise<Cluster> {
  return new RedisCluster(await Connection.open(url, log), `ledgerway-${sha256(scope).slice(0, 12)}`);
}

class RedisCluster implements Cluster {
  private readonly queue: Queue;
  private readonly worker: Worker;
  private readonly leader: Leader;
  private readonly listeners = new Map<string, Set<(pipeline: string) => void>>();
  private readonly gathered = new Map<string, Wake>();
  private sending?: NodeJS.Timeout;
  private readonly schedules = new Set<Schedules>();

  constructor(
    private readonly connection: Connection,
    name: string,
  ) {
    this.queue = connection.queue(name);
    this.worker = connection.worker(name, async (job) => this.hear(job));
    this.leader = new Leader(connection, `${name}:leader`, () => this.plan());
  }

  get follows(): boolean {
    return this.connection.ready && this.leader.follows;
  }

  get connected(): boolean {
    return this.connection.ready;
  }

  attach(store: Store): Store {
    const listeners = this.listeners.get(store.name) ?? new Set();
    this.listeners.set(store.name, listeners);
    const receive: Store['receive'] = async (input) => {
      const result = await store.receive(input);
      const { status, pipeline, documentId } = result;
      if (status === 'received' && pipeline && pipeline !== MESSAGE_PIPELINE)
        this.announce({ store: store.name, pipeline, documentId });
      return result;
    };
    const onWake: Store['onWake'] = (listener) => {
      listeners.add(listener);
      const stop = store.onWake(listener);
      return () => {
        listeners.delete(listener);
        stop();
      };
    };
    return Object.create(store, { receive: { value: receive }, onWake: { value: onWake } }) as Store;
  }

  rateLimiter(rateOf: RateOf): RateLimiter {
    return new RedisRateLimiter(this.connection, rateOf);
  }

  drive(schedules: Schedules): void {
    this.schedules.add(schedules);
    if (this.leader.leads) this.plan();
  }

  private announce(wake: Wake): void {
    if (!this.connection.ready || this.gathered.size >= MOST_GATHERED) return;
    this.gathered.set(wake.documentId, wake);
    this.sending ??= setTimeout(() => this.send(), GATHER_MS);
    this.sending.unref();
  }

  private send(): void {
    this.sending = undefined;
    const jobs = [...this.gathered.values()].map((data) => ({
      name: WAKE,
      data,
      opts: { jobId: data.documentId },
    }));
    this.gathered.clear();
    if (this.connection.ready) this.queue.addBulk(jobs).catch(() => undefined);
  }

  private hear({ name, data }: { name: string; data: unknown }): void {
    if (name === TICK) this.tick(data);
    else this.wake(data);
  }

  private wake(data: unknown): void {
    const wake = wakeOf(data);
    if (wake) for (const listener of this.listeners.get(wake.store) ?? []) listener(wake.pipeline);
  }

  /** A schedule that nobody has any more ends with its next tick. */
  private tick(data: unknown): void {
    const { schedule } = (data ?? {}) as { schedule?: unknown };
    if (typeof schedule !== 'string') return;
    const known = [...this.schedules].filter((schedules) => schedules.tick(schedule)).length > 0;
    if (!known && this.leader.leads) this.queue.removeJobScheduler(schedule).catch(() => undefined);
  }

  /** The leader sees to it that Redis ticks. */
  private plan(): void {
    for (const { name, everyMs } of [...this.schedules].flatMap((schedules) => schedules.list()))
      this.queue
        .upsertJobScheduler(name, { every: everyMs }, { name: TICK, data: { schedule: name } })
        .catch(() => undefined);
  }

  async close(): Promise<void> {
    clearTimeout(this.sending);
    await this.leader.close();
    this.connection.close();
    // A wake-up lost here is found by the poll: nothing to wait for.
    await Promise.allSettled([this.worker.close(true), this.queue.close()]);
  }
}

/** Anybody with access to Redis may add a job: what is no wake-up is not heard. */
function wakeOf(data: unknown): Wake | undefined {
  const { store, pipeline, documentId } = (data ?? {}) as Partial<Wake>;
  const texts = [store, pipeline, documentId].every((one) => typeof one === 'string');
  return texts ? (data as Wake) : undefined;
}
