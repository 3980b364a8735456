import type { RateLimiter, RateOf } from './rate-limit';
import type { Schedules } from './schedules';
import type { Store } from './store';

/**
 * What several runtimes share besides the store. All of it are hints, and all may be lost, doubled or late: what
 * is true stands in the store.
 */
export interface Cluster {
  /** @returns the store, whose receives wake the other runtimes, and which wakes for theirs */
  attach(store: Store): Store;
  /** One limit for all runtimes; for each of them alone while they cannot meet. */
  rateLimiter(rateOf: RateOf): RateLimiter;
  /** Ticks for these schedules; again when there is a new one. */
  drive(schedules: Schedules): void;
  /** Whether another runtime is known to lead just now: that one sweeps, this one only now and then. */
  readonly follows: boolean;
  /** Whether the others can be reached just now. */
  readonly connected: boolean;
  close(): Promise<void>;
}
