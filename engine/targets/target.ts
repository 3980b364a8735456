import { setTimeout as sleep } from 'node:timers/promises';
import { FinanceError, isFinanceError } from '../../errors';
import type { Rate, RateLimiter } from '../rate-limit';
import { isNotTried } from '../retry';
import { Breaker, type BreakerLimits, type CallEnd, type Leave } from './breaker';
import { Slots } from './slots';

/** How a target may be used; times in milliseconds. */
export interface TargetLimits {
  /** Calls a second; without it there is no limit. */
  rate?: Rate;
  /** Steps at once, of this process. */
  concurrency: number;
  /** How long a step waits for a free slot and for the rate; then its document comes back later. */
  waitMs: number;
  /** How long a step may take; one that takes longer is in doubt. Must be shorter than the lease. */
  timeoutMs: number;
  breaker: BreakerLimits;
}

/** The leave to call a target for one step. */
export interface Passage {
  /** Calls the target, once. @throws what `work` throws; TARGET_TIMEOUT, which leaves the effect in doubt */
  run<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Gives the leave back, called or not. */
  leave(): void;
}

/** Errors that the breaker knows of; one may pass through several calls. */
const counted = new WeakSet<object>();

/** A system that steps have effects on: how fast, how many at once, and whether it is up. */
export class Target {
  readonly breaker: Breaker;
  readonly slots: Slots;

  constructor(
    /** URL and database. */
    readonly name: string,
    private readonly limits: () => TargetLimits,
    private readonly limiter: RateLimiter,
    now?: () => number,
  ) {
    this.breaker = new Breaker(() => limits().breaker, now);
    this.slots = new Slots(() => limits().concurrency);
  }

  /** `degraded`: the last calls failed, and the target is left alone for a while. */
  get state(): 'up' | 'degraded' {
    return this.breaker.state === 'closed' ? 'up' : 'degraded';
  }

  /**
   * Waits, within bounds, until the target may be called.
   * @throws TARGET_UNAVAILABLE while the breaker is open, TARGET_BUSY where there is no room in time; both with
   * `retryAfterMs`, and neither counts as an attempt
   */
  async enter(): Promise<Passage> {
    this.assertUp();
    const until = performance.now() + this.limits().waitMs;
    if (!(await this.slots.take(this.limits().waitMs))) throw this.busy(this.limits().waitMs);
    try {
      await this.pace(until);
      const leave = this.breaker.enter();
      if (!leave) throw this.down();
      return this.passage(leave);
    } catch (error) {
      this.slots.giveBack();
      throw error;
    }
  }

  /**
   * Reads what a step needs before it can be asked for, steps of its own among it: kept from a target that is down,
   * and its failures count, but it takes no slot.
   * @throws what `work` throws; TARGET_UNAVAILABLE while the breaker is open
   */
  async prepare<Result>(work: () => Promise<Result> | Result): Promise<Result> {
    this.assertUp();
    try {
      return await work();
    } catch (error) {
      if (isOutage(error) && !counted.has(error)) this.breaker.fail();
      throw error;
    }
  }

  private assertUp(): void {
    if (this.breaker.waitMs > 0) throw this.down();
  }

  private async pace(until: number): Promise<void> {
    for (;;) {
      this.assertUp();
      const waitMs = this.limits().rate ? await this.limiter.take(this.name) : 0;
      if (waitMs <= 0) return;
      if (performance.now() + waitMs > until) throw this.busy(waitMs);
      await sleep(waitMs);
    }
  }

  private passage(leave: Leave): Passage {
    let over = false;
    const end = (how: CallEnd) => {
      if (over) return;
      over = true;
      this.breaker.end(leave, how);
      this.slots.giveBack();
    };
    return {
      run: async (work) => {
        try {
          const result = await this.inTime(work());
          end('answered');
          return result;
        } catch (error) {
          const down = isOutage(error);
          if (down) counted.add(error);
          end(down ? 'failed' : 'answered');
          throw error;
        }
      },
      leave: () => end('not called'),
    };
  }

  private async inTime<Result>(work: Promise<Result>): Promise<Result> {
    const { timeoutMs } = this.limits();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(this.late(timeoutMs)), timeoutMs);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private late(timeoutMs: number): FinanceError {
    const message = `${this.name} did not answer within ${timeoutMs} ms.`;
    return new FinanceError('TARGET_TIMEOUT', { message, details: { target: this.name } });
  }

  private down(): FinanceError {
    const message = `The last calls of ${this.name} failed; it is left alone for a while.`;
    const retryAfterMs = Math.max(1, this.breaker.waitMs);
    return new FinanceError('TARGET_UNAVAILABLE', { message, retryAfterMs, details: { target: this.name } });
  }

  private busy(retryAfterMs: number): FinanceError {
    const message = `${this.name} has no room: as many steps as are allowed run, or ran this second.`;
    return new FinanceError('TARGET_BUSY', { message, retryAfterMs, details: { target: this.name } });
  }
}

/** Whether the error says that the target is down, and not that it answers what we do not like. */
function isOutage(error: unknown): error is FinanceError {
  if (!isFinanceError(error)) return false;
  const { code, kind } = error;
  // The engine's own words: the target answered that it knows nothing, or it was not asked.
  if (code === 'RUN_IN_DOUBT' || code.startsWith('STORE_') || isNotTried(error)) return false;
  return kind === 'unavailable' || kind === 'in_doubt' || code === 'RUN_DEADLINE';
}
