/** So long the server's answer counts; a change of its clock is seen after this time, in milliseconds. */
const KNOWN_MS = 1_000;
/** An answer that took longer does not say precisely enough when it was given. */
const PRECISE_MS = 20;

/**
 * The server's clock, without asking it for each transaction. It never goes back by the little by which two answers
 * differ; where the server's was set back, it is.
 */
export class ServerClock {
  /** What the server's clock is ahead of this process's monotonic one. */
  private ahead = 0;
  private asked = Number.NEGATIVE_INFINITY;
  private last = 0;

  constructor(readonly monotonic: () => number = () => performance.now()) {}

  /** Milliseconds since the epoch; undefined where the server must be asked. */
  now(): number | undefined {
    const here = this.monotonic();
    return here < this.asked + KNOWN_MS ? this.onward(Math.floor(here + this.ahead)) : undefined;
  }

  /**
   * @param now what the server said
   * @param sent when it was asked, by this process's monotonic clock
   * @returns the time that counts
   */
  set(now: number, sent: number): number {
    const here = this.monotonic();
    if (here - sent <= PRECISE_MS) {
      this.ahead = now - (sent + here) / 2;
      this.asked = sent;
    }
    return this.onward(now);
  }

  private onward(now: number): number {
    this.last = this.last - now > KNOWN_MS ? now : Math.max(this.last, now);
    return this.last;
  }
}
