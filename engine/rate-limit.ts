/** How often a target may be called: `burst` calls at once, and `perSecond` new ones a second. */
export interface Rate {
  perSecond: number;
  burst: number;
}

/** The rate of a target; `undefined` where it has no limit. */
export type RateOf = (target: string) => Rate | undefined;

/** Asks for leave to call a target once. */
export interface RateLimiter {
  /** @returns 0 = go (the call is counted); else the milliseconds to wait before asking again (nothing is counted) */
  take(target: string): Promise<number>;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** A token bucket a target, for this process alone. */
export class LocalRateLimiter implements RateLimiter {
  private readonly buckets = new Map<string, Bucket>();

  /** @param now monotonic clock in milliseconds */
  constructor(
    private readonly rateOf: RateOf,
    private readonly now: () => number = () => performance.now(),
  ) {}

  async take(target: string): Promise<number> {
    const rate = this.rateOf(target);
    if (!rate) return 0;
    const now = this.now();
    const bucket = this.buckets.get(target) ?? { tokens: rate.burst, at: now };
    const earned = ((now - bucket.at) / 1000) * rate.perSecond;
    const tokens = Math.min(rate.burst, bucket.tokens + earned);
    const free = tokens >= 1;
    this.buckets.set(target, { tokens: free ? tokens - 1 : tokens, at: now });
    return free ? 0 : Math.ceil(((1 - tokens) / rate.perSecond) * 1000);
  }
}
