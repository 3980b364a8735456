/** When a target counts as down, and how long it is left alone; times in milliseconds. */
export interface BreakerLimits {
  /** So many failures in a row, none longer ago than the window, open the breaker. */
  failures: number;
  windowMs: number;
  /** How long it stays open; doubled each time the probe fails, up to the longest pause. */
  pauseMs: number;
  longestPauseMs: number;
}

/** How a call ended: the target answered (be it with a refusal), it failed, or it was not called at all. */
export type CallEnd = 'answered' | 'failed' | 'not called';

/** The leave to call; the one call that an open breaker lets through is a probe. */
export interface Leave {
  probe: boolean;
}

/**
 * Keeps documents from a target that is down: closed → open after failures in a row → half open after a pause, when
 * one probe may try → closed, or open again for longer. It is this process's own view of the target.
 */
export class Breaker {
  private failures: number[] = [];
  private openUntil?: number;
  private pauseMs = 0;
  private probing = false;
  private openedAt?: number;

  /** @param now monotonic clock in milliseconds */
  constructor(
    private readonly limits: () => BreakerLimits,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get state(): 'closed' | 'open' | 'half open' {
    if (this.openUntil === undefined) return 'closed';
    return this.now() < this.openUntil ? 'open' : 'half open';
  }

  /** Since when it is not closed, in milliseconds since the epoch. */
  get since(): number | undefined {
    return this.openedAt;
  }

  /** Milliseconds until a call may be let through; 0 = now. */
  get waitMs(): number {
    if (this.openUntil === undefined) return 0;
    const untilHalfOpen = Math.ceil(this.openUntil - this.now());
    if (untilHalfOpen > 0) return untilHalfOpen;
    return this.probing ? this.limits().pauseMs : 0;
  }

  /** Leave to call, which must be given back with {@link end}; undefined while the target is left alone. */
  enter(): Leave | undefined {
    if (this.waitMs > 0) return undefined;
    const probe = this.openUntil !== undefined;
    this.probing = probe;
    return { probe };
  }

  end({ probe }: Leave, how: CallEnd): void {
    if (probe) this.endProbe(how);
    else if (this.openUntil === undefined) this.endCall(how);
  }

  /** A call that no leave was asked for failed. */
  fail(): void {
    const halfOpen = this.state === 'half open' && !this.probing;
    this.end({ probe: halfOpen }, 'failed');
  }

  private endProbe(how: CallEnd): void {
    this.probing = false;
    if (how === 'answered') this.close();
    if (how === 'failed') this.open(Math.min(this.pauseMs * 2, this.limits().longestPauseMs));
  }

  private endCall(how: CallEnd): void {
    if (how === 'answered') this.failures = [];
    if (how !== 'failed') return;
    const { failures, windowMs, pauseMs } = this.limits();
    const now = this.now();
    this.failures = [...this.failures.filter((at) => at > now - windowMs), now];
    if (this.failures.length >= failures) this.open(pauseMs);
  }

  private open(pauseMs: number): void {
    this.pauseMs = pauseMs;
    this.openUntil = this.now() + pauseMs;
    this.openedAt ??= Date.now();
    this.failures = [];
  }

  private close(): void {
    this.openUntil = undefined;
    this.openedAt = undefined;
    this.failures = [];
  }
}
