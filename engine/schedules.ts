import type { Store } from './store';

/** How long a turn is held without news of its worker. */
const HOLD_MS = 6_000;
/** How soon one looks again whether a paused process may go on, or the store is back. */
const PAUSED_MS = 250;
const TROUBLED_MS = 2_000;
/** Part of a period by which a tick may come early; those who only count time wait it out. */
const EARLY = 0.1;

export interface ScheduleOptions {
  /** One name is one schedule, whatever process runs it. */
  name: string;
  /** From the start of one run to the start of the next. */
  everyMs: number;
  /** `signal` aborts when the schedule is stopped. */
  work(signal: AbortSignal): Promise<void>;
}

export interface SchedulesOptions {
  store: Store;
  worker: string;
  /** While true nothing is started; a run that ended meanwhile counts as unfinished. */
  paused(): boolean;
  /** How much longer than its due time this process waits for a tick, in milliseconds. */
  patienceMs(): number;
  report(error: unknown): void;
}

/**
 * Work done at intervals by one of the runtimes on a store. The store gives the turn, so a schedule fires once a
 * period however many runtimes there are and whatever wakes them; a turn whose holder is gone passes on.
 */
export class Schedules {
  private readonly schedules = new Map<string, Schedule>();

  constructor(private readonly options: SchedulesOptions) {}

  /** Starts a schedule; one never run, or overdue, runs at once. @returns stops it */
  every(schedule: ScheduleOptions): () => void {
    const before = this.schedules.get(schedule.name);
    before?.stop();
    const next = new Schedule(schedule, this.options);
    this.schedules.set(schedule.name, next);
    void (before?.run ?? Promise.resolve()).then(() => next.look(PAUSED_MS));
    return () => next.stop();
  }

  /** A tick: it may be time for `name`. @returns whether this process knows the schedule */
  tick(name: string): boolean {
    const schedule = this.schedules.get(name);
    if (!schedule?.going) return false;
    schedule.look(0);
    return true;
  }

  /** Name and period of each. */
  list(): { name: string; everyMs: number }[] {
    const going = [...this.schedules.values()].filter((one) => one.going);
    return going.map(({ schedule: { name, everyMs } }) => ({ name, everyMs }));
  }

  /** Stops all, and waits for what runs. */
  async close(): Promise<void> {
    const all = [...this.schedules.values()];
    for (const schedule of all) schedule.stop();
    await Promise.all(all.map(({ run }) => run));
  }
}

class Schedule {
  run: Promise<void> = Promise.resolve();
  private busy = false;
  private timer?: NodeJS.Timeout;
  private readonly stopped = new AbortController();

  constructor(
    readonly schedule: ScheduleOptions,
    private readonly options: SchedulesOptions,
  ) {}

  get going(): boolean {
    return !this.stopped.signal.aborted;
  }

  stop(): void {
    this.stopped.abort();
    clearTimeout(this.timer);
  }

  look(delayMs: number): void {
    if (!this.going) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.start(), delayMs);
    this.timer.unref();
  }

  private start(): void {
    if (this.busy) return;
    this.busy = true;
    this.run = this.attempt()
      .catch((error: unknown) => {
        this.options.report(error);
        return TROUBLED_MS;
      })
      .then((delayMs) => {
        this.busy = false;
        this.look(delayMs);
      });
  }

  /** @returns in how many milliseconds to look again */
  private async attempt(): Promise<number> {
    const { store, worker, paused, patienceMs, report } = this.options;
    const { name, everyMs, work } = this.schedule;
    if (paused()) return PAUSED_MS;
    const waitMs = await store.takeTurn({ name, worker, holdMs: HOLD_MS });
    if (waitMs > 0) return waitMs + EARLY * everyMs + patienceMs();
    const started = performance.now();
    const elapsed = () => performance.now() - started;
    let renewed: Promise<unknown> = Promise.resolve();
    const renewal = setInterval(() => {
      renewed = store.takeTurn({ name, worker, holdMs: HOLD_MS }).catch(report);
    }, HOLD_MS / 3);
    await work(this.stopped.signal).catch(report);
    clearInterval(renewal);
    await renewed;
    const unfinished = paused() || !this.going;
    const nextMs = unfinished ? 0 : Math.max(0, Math.ceil((1 - EARLY) * everyMs - elapsed()));
    await store.endTurn({ name, worker, nextMs });
    return unfinished ? PAUSED_MS : Math.max(PAUSED_MS, everyMs - elapsed() + patienceMs());
  }
}
