import { randomUUID } from 'node:crypto';
import type { Connection } from './connection';

/** How long the lock outlives the last news of its holder. */
const LOCK_MS = 5_000;
const RENEW_MS = LOCK_MS / 5;

/** The lock is ours already, and lasts on; or it is free. Gives whether it is ours, and whether it was. */
const HOLD = `
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) return 'kept' end
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 'taken' end
return 'other'`;

const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/**
 * One of several processes leads. Nothing true hangs on it: where two think so for a moment, work is tried twice
 * and the store lets one of them do it.
 */
export class Leader {
  private readonly token = randomUUID();
  private state: 'leads' | 'follows' | 'unknown' = 'unknown';
  /** Monotonic milliseconds until which `state` holds. */
  private until = 0;
  private readonly timer: NodeJS.Timeout;

  /** @param onTaken called each time the lock becomes ours: at first, after another one, after Redis forgot it */
  constructor(
    private readonly connection: Connection,
    private readonly key: string,
    private readonly onTaken: () => void,
  ) {
    this.timer = setInterval(() => void this.hold(), RENEW_MS);
    this.timer.unref();
    connection.client.on('ready', () => void this.hold());
  }

  get leads(): boolean {
    return this.state === 'leads' && performance.now() < this.until;
  }

  /** Whether another one is known to lead. */
  get follows(): boolean {
    return this.state === 'follows' && performance.now() < this.until;
  }

  private async hold(): Promise<void> {
    if (!this.connection.ready) return;
    const asked = performance.now();
    const { client } = this.connection;
    const answer = await client.eval(HOLD, 1, this.key, this.token, LOCK_MS).catch(() => undefined);
    if (answer === undefined) return;
    this.state = answer === 'other' ? 'follows' : 'leads';
    this.until = asked + LOCK_MS;
    if (answer === 'taken') this.onTaken();
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.state = 'unknown';
    if (this.connection.ready)
      await this.connection.client.eval(RELEASE, 1, this.key, this.token).catch(() => undefined);
  }
}
