import { LocalRateLimiter, type RateLimiter, type RateOf } from '../rate-limit';
import type { Connection } from './connection';

/** Calls of targets shall not wait for a Redis that hangs. */
const REST_MS = 2_000;

/** A token bucket by the server's clock: key; tokens a second, burst. Gives the milliseconds to wait. */
const TAKE = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local perMs, burst = ARGV[1] / 1000, tonumber(ARGV[2])
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(bucket[1]) or burst, tonumber(bucket[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * perMs)
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = math.ceil((1 - tokens) / perMs) end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.3f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / perMs) + 1000)
return wait`;

/**
 * One limit for all processes on one Redis. While Redis is away each process keeps the limit for itself; a Redis
 * that forgot everything lets at most one burst more through.
 */
export class RedisRateLimiter implements RateLimiter {
  private readonly local: LocalRateLimiter;
  /** Monotonic milliseconds until which a Redis that did not answer is not asked. */
  private restUntil = 0;

  constructor(
    private readonly connection: Connection,
    private readonly rateOf: RateOf,
  ) {
    this.local = new LocalRateLimiter(rateOf);
  }

  async take(target: string): Promise<number> {
    const rate = this.rateOf(target);
    if (!rate) return 0;
    if (!this.connection.ready || performance.now() < this.restUntil) return await this.local.take(target);
    try {
      const { client } = this.connection;
      return Number(await client.eval(TAKE, 1, `ledgerway:rate:${target}`, rate.perSecond, rate.burst));
    } catch {
      this.restUntil = performance.now() + REST_MS;
      return await this.local.take(target);
    }
  }
}
