import { FinanceError } from '../errors';
import { LocalRateLimiter, type RateLimiter, type RateOf } from './rate-limit';
import type { Store } from './store';
import type { BreakerLimits } from './targets/breaker';
import { Target, type TargetLimits } from './targets/target';

export type { BreakerLimits } from './targets/breaker';
export type { Passage, TargetLimits } from './targets/target';
export { Target } from './targets/target';

/** What is left out has its default. */
export type TargetOptions = Partial<Omit<TargetLimits, 'breaker'>> & { breaker?: Partial<BreakerLimits> };

/** Limits of a target that nothing is said of; its time-out is five sixths of the lease. */
export const DEFAULT_LIMITS: Omit<TargetLimits, 'timeoutMs'> = {
  concurrency: 64,
  waitMs: 30_000,
  breaker: { failures: 10, windowMs: 30_000, pauseMs: 2_000, longestPauseMs: 60_000 },
};

export interface TargetsOptions {
  /** The shortest lease of the stores, in milliseconds. */
  leaseMs: number;
  /** Target (URL and database) → its limits. */
  limits?: Record<string, TargetOptions>;
  /** Makes the limiter of the rates; by default one for this process alone. */
  limiter?: (rateOf: RateOf) => RateLimiter;
}

const ofStore = new WeakMap<Store, Targets>();

/** The targets of a process, by name; each comes to be when it is first named. */
export class Targets {
  private readonly limits = new Map<string, TargetLimits>();
  private readonly targets = new Map<string, Target>();
  private readonly limiter: RateLimiter;
  private readonly leaseMs: number;

  /** @throws CONFIG_INVALID, see {@link Targets.limit} */
  constructor({ leaseMs, limits = {}, limiter }: TargetsOptions) {
    this.leaseMs = leaseMs;
    const rateOf: RateOf = (target) => this.limits.get(target)?.rate;
    this.limiter = limiter ? limiter(rateOf) : new LocalRateLimiter(rateOf);
    for (const [name, given] of Object.entries(limits)) this.limit(name, given);
  }

  /** Those that steps on this store go through. */
  static ofStore(store: Store): Targets | undefined {
    return ofStore.get(store);
  }

  /** Lets steps on this store go through these targets. */
  guard(store: Store): void {
    ofStore.set(store, this);
  }

  of(name: string): Target {
    let target = this.targets.get(name);
    if (!target) {
      if (!this.limits.has(name)) this.limit(name, {});
      target = new Target(name, () => this.limits.get(name)!, this.limiter);
      this.targets.set(name, target);
    }
    return target;
  }

  /**
   * Sets the limits of a target; what runs goes on under the old ones.
   * @throws CONFIG_INVALID for a number that is none, and a time-out that the lease does not outlive
   */
  limit(name: string, given: TargetOptions): void {
    const limits: TargetLimits = {
      timeoutMs: Math.floor((this.leaseMs * 5) / 6),
      ...DEFAULT_LIMITS,
      ...given,
      breaker: { ...DEFAULT_LIMITS.breaker, ...given.breaker },
    };
    assertPositive(name, { ...limits, ...limits.breaker, ...limits.rate });
    const { timeoutMs } = limits;
    if (timeoutMs >= this.leaseMs)
      throw new FinanceError('CONFIG_INVALID', {
        message: `The time-out of ${name}, ${timeoutMs} ms, is not shorter than the lease of a document, ${this.leaseMs} ms.`,
      });
    this.limits.set(name, limits);
  }

  /** The targets that steps went to, or that limits were set for. */
  list(): Record<string, 'up' | 'degraded'> {
    const names = new Set([...this.limits.keys(), ...this.targets.keys()]);
    return Object.fromEntries([...names].sort().map((name) => [name, this.targets.get(name)?.state ?? 'up']));
  }
}

function assertPositive(target: string, limits: object): void {
  for (const [name, value] of Object.entries(limits)) {
    if (typeof value === 'object' || value === undefined) continue;
    const number = Number(value);
    if (!Number.isFinite(number) || number <= 0)
      throw new FinanceError('CONFIG_INVALID', {
        message: `${name} of target ${target} is not a number above zero.`,
      });
  }
}
