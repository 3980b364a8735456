import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { FinanceError } from '../errors';
import type { Cluster } from './cluster';
import { Declarations } from './declarations';
import { Leases } from './leases';
import type { PipelineDefinition } from './model';
import { LocalRateLimiter, type RateLimiter, type RateOf } from './rate-limit';
import { type ScheduleOptions, Schedules } from './schedules';
import type { Store } from './store';
import { type TargetOptions, Targets } from './targets';

/** What of a logger the engine uses (pino fits). */
export interface Log {
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
}

const SILENT: Log = { info() {}, warn() {}, error() {} };

/** How often due documents are looked for. */
const SWEEP_MS = 200;
/** The same, while another runtime leads and does it. */
const FOLLOWER_SWEEP_MS = 1_000;
/** How much longer than its due time a schedule waits for a tick of the cluster. */
const TICK_PATIENCE_MS = 1_000;

/**
 * What a process holds for its nodes: stores by name, leases, declared pipelines, the sweeper. The runtime makes
 * one and hands it to the nodes as `RED.settings.ledgerway.host`; it survives every redeploy of the flows.
 */
export class Host {
  readonly worker = `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`;
  readonly log: Log;
  /** The systems that steps have effects on: their limits, and whether they are up. */
  readonly targets: Targets;
  private readonly leasesByStore = new Map<string, Leases>();
  private readonly schedulesByStore = new Map<string, Schedules>();
  private readonly stores: Record<string, Store>;
  private readonly readers: Record<string, Store>;
  private readonly cluster?: Cluster;
  private readonly declarations: Declarations;
  private readonly timers: NodeJS.Timeout[] = [];
  private drainingSince?: number;

  /** @throws CONFIG_INVALID where the lease of a store does not outlive the time-out of a target */
  constructor(
    stores: Record<string, Store>,
    options: {
      log?: Log;
      cluster?: Cluster;
      targets?: Record<string, TargetOptions>;
      /** Read-only stores beside those of the same names. */
      readers?: Record<string, Store>;
    } = {},
  ) {
    this.log = options.log ?? SILENT;
    this.readers = options.readers ?? {};
    const { cluster } = options;
    this.cluster = cluster;
    this.stores = Object.fromEntries(
      Object.entries(stores).map(([name, store]) => [name, cluster?.attach(store) ?? store]),
    );
    this.declarations = new Declarations({
      worker: this.worker,
      stores: this.stores,
      log: this.log,
      changing: () => this.drainingSince !== undefined,
    });
    const leases = Object.values(this.stores).map(({ settings }) => settings.leaseMs);
    this.targets = new Targets({
      leaseMs: Math.min(...leases),
      limits: options.targets,
      limiter: (rateOf) => this.rateLimiter(rateOf),
    });
    for (const [name, store] of Object.entries(this.stores)) {
      this.targets.guard(store);
      this.leasesByStore.set(name, new Leases(store, this.worker, this.reporter('leases')));
      this.schedulesByStore.set(name, this.newSchedules(store));
      let swept = 0;
      const timer = setInterval(() => {
        if (cluster?.follows && performance.now() < swept + FOLLOWER_SWEEP_MS) return;
        swept = performance.now();
        store.sweep({ count: false }).catch(this.reporter('sweep'));
      }, SWEEP_MS);
      timer.unref();
      this.timers.push(timer);
    }
  }

  /** @throws CONFIG_INVALID where the settings name no such store */
  store(name = 'default'): Store {
    const store = this.stores[name];
    if (!store)
      throw new FinanceError('CONFIG_INVALID', { message: `The settings name no store "${name}".` });
    return store;
  }

  /** Where a long look at a store holds no writer up; the store itself where it has no reader of its own. */
  reader(name = 'default'): Store {
    return this.readers[name] ?? this.store(name);
  }

  /** Whether what the runtimes have in common by way of Redis is there; undefined where there is no Redis. */
  get redis(): 'up' | 'away' | undefined {
    return this.cluster && (this.cluster.connected ? 'up' : 'away');
  }

  /** The schedules that this process takes part in. */
  scheduleNames(store = 'default'): string[] {
    return this.schedules(store).map(({ name }) => name);
  }

  /** The same, each with its period in milliseconds. */
  schedules(store = 'default'): { name: string; everyMs: number }[] {
    this.store(store);
    return this.schedulesByStore.get(store)!.list();
  }

  storeNames(): string[] {
    return Object.keys(this.stores);
  }

  leases(name = 'default'): Leases {
    this.store(name);
    return this.leasesByStore.get(name)!;
  }

  private newSchedules(store: Store): Schedules {
    return new Schedules({
      store,
      worker: this.worker,
      paused: () => this.paused,
      patienceMs: () => (this.cluster?.connected ? TICK_PATIENCE_MS : 0),
      report: this.reporter('schedule'),
    });
  }

  /** Does work at intervals, in one of the runtimes on the store. @returns stops it */
  every(storeName: string, schedule: ScheduleOptions): () => void {
    this.store(storeName);
    const schedules = this.schedulesByStore.get(storeName)!;
    const stop = schedules.every(schedule);
    this.cluster?.drive(schedules);
    return stop;
  }

  /** One limit for all runtimes where they have Redis in common, else one of this process. */
  rateLimiter(rateOf: RateOf): RateLimiter {
    return this.cluster?.rateLimiter(rateOf) ?? new LocalRateLimiter(rateOf);
  }

  /** Whether intake stands still: the process drains, or the pipelines of the flows are not known yet. */
  get paused(): boolean {
    return this.drainingSince !== undefined || !this.declarations.synced;
  }

  /** A pipeline of the deployed flows; `onError` hears of overlaps, and of their end. */
  declarePipeline(
    nodeId: string,
    store: string,
    definition: PipelineDefinition,
    onError: (error: FinanceError | undefined) => void,
  ): void {
    this.declarations.declare(nodeId, store, definition, onError);
  }

  /** The pipeline's node is gone; a redeploy declares it again before this takes effect. */
  retractPipeline(nodeId: string): void {
    this.declarations.retract(nodeId);
  }

  /** Flows are started: from now on the declared pipelines are all there are. */
  flowsStarted(): Promise<void> {
    return this.declarations.now();
  }

  /** Declares the pipelines again to a store that has lost them; the host does it by itself now and then. */
  checkPipelines(): Promise<void> {
    return this.declarations.check();
  }

  /**
   * Stops intake, waits for what is in flight up to `limitMs`, then gives the rest back.
   * @returns whether all was settled in time
   */
  async drain(limitMs: number): Promise<boolean> {
    this.drainingSince = Date.now();
    const idle = await Promise.all([...this.leasesByStore.values()].map((leases) => leases.idle(limitMs)));
    return idle.every(Boolean);
  }

  /** Ends a drain (after a deploy). */
  resume(): void {
    this.drainingSince = undefined;
  }

  async close(): Promise<void> {
    this.declarations.close();
    for (const timer of this.timers) clearInterval(timer);
    for (const schedules of this.schedulesByStore.values()) await schedules.close();
    for (const leases of this.leasesByStore.values()) await leases.close();
    await this.cluster?.close();
    for (const reader of Object.values(this.readers)) await reader.close();
    for (const store of Object.values(this.stores)) await store.close();
  }

  private reporter(what: string): (error: unknown) => void {
    return (error) => this.log.error({ err: error, what }, 'the store failed');
  }
}
