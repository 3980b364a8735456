import { createHmac } from 'node:crypto';
import type { Ledger, LedgerRow, Run, WebhookTarget } from './ledger';

/** Times of a patient sender, in milliseconds. */
export interface Patience {
  timeoutMs: number;
  /** Wait after the first failure; doubles with each one, up to `mostMs`. */
  baseMs: number;
  mostMs: number;
}

/** Answers that no resend can change. */
const PERMANENT = new Set([400, 401, 413]);

/** `Stripe-Signature` of a body at a time: HMAC-SHA256 over `{t}.{body}`. */
export function signatureOf(body: string, secret: string, now = new Date()): string {
  const t = Math.floor(now.getTime() / 1000);
  return `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`;
}

const GRACE_MS = 5000;

interface Pending {
  row: LedgerRow;
  failures: number;
  dueAt: number;
}

/**
 * Sends one run through real HTTP, with bounded concurrency, and sends again until it is answered with 2xx or refused
 * for good. What was answered is on record before anything that depends on it is sent.
 */
export class Sender {
  private readonly pending: Map<string, Pending>;
  private isStopping = false;
  private readonly cut = new AbortController();
  private flying = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private lastStart = 0;

  constructor(
    private readonly ledger: Ledger,
    private run: Run,
    private readonly patience: Patience,
  ) {
    const waiting = ledger.rows(run.id).filter((row) => row.status === 'waiting');
    const dueAt = (row: LedgerRow) => run.startedAt + row.holdMs;
    this.pending = new Map(waiting.map((row) => [row.key, { row, failures: 0, dueAt: dueAt(row) }]));
  }

  start(): void {
    this.fill();
  }

  /** The receiver has moved: what waits goes to its new place at once. */
  retarget(run: Run): void {
    this.run = run;
    for (const pending of this.pending.values()) if (pending.failures > 0) pending.dueAt = 0;
    this.fill();
  }

  /** Sends nothing more; what is under way may still be answered for a moment, so that its answer is on record. */
  async stop(): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.timer);
    const grace = setTimeout(() => this.cut.abort(), GRACE_MS);
    await Promise.allSettled(this.flying);
    clearTimeout(grace);
  }

  /** Starts what is due, as far as concurrency and rate allow, and sets the clock for the rest. */
  private fill(): void {
    clearTimeout(this.timer);
    if (this.isStopping) return;
    const now = Date.now();
    const pace = this.run.ratePerSecond ? 1000 / this.run.ratePerSecond : 0;
    let next = Number.POSITIVE_INFINITY;
    for (const pending of this.pending.values()) {
      if (this.flying.size >= this.run.concurrency) return;
      if (pending.dueAt === Number.POSITIVE_INFINITY || this.isBlocked(pending)) continue;
      const dueAt = Math.max(pending.dueAt, this.lastStart + pace);
      next = Math.min(next, dueAt);
      if (dueAt <= now) this.launch(pending, now);
    }
    if (Number.isFinite(next)) this.timer = setTimeout(() => this.fill(), Math.max(5, next - now));
  }

  private isBlocked({ row }: Pending): boolean {
    return row.after.some((key) => this.pending.has(key));
  }

  private launch(pending: Pending, now: number): void {
    this.lastStart = now;
    pending.dueAt = Number.POSITIVE_INFINITY;
    const flight = this.send(pending).finally(() => {
      this.flying.delete(flight);
      this.fill();
    });
    this.flying.add(flight);
  }

  private async send(pending: Pending): Promise<void> {
    const { row } = pending;
    const { status, retryAfterMs } = await this.attempt(row);
    if (this.isStopping && status === 0) return;
    const outcome =
      status >= 200 && status < 300 ? 'delivered' : PERMANENT.has(status) ? 'refused' : 'waiting';
    this.ledger.record(row.seq, outcome, status);
    if (outcome !== 'waiting') return void this.pending.delete(row.key);
    pending.failures += 1;
    pending.dueAt = Date.now() + (retryAfterMs ?? this.backoff(pending.failures));
  }

  private backoff(failures: number): number {
    const { baseMs, mostMs } = this.patience;
    return Math.min(mostMs, baseMs * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
  }

  private targetOf({ account }: LedgerRow): WebhookTarget | undefined {
    return this.run.targets.find(({ accounts }) => !accounts || accounts.includes(account));
  }

  /** Status 0: no answer, or nobody to ask. */
  private async attempt(row: LedgerRow): Promise<{ status: number; retryAfterMs?: number }> {
    const target = this.targetOf(row);
    if (!target) return { status: 0 };
    const { body, signed } = this.ledger.bytesOf(row.seq);
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      'stripe-signature': signatureOf(signed, target.secret),
    };
    const signal = AbortSignal.any([this.cut.signal, AbortSignal.timeout(this.patience.timeoutMs)]);
    try {
      const answer = await fetch(target.url, { method: 'POST', headers, body, signal, redirect: 'manual' });
      await answer.arrayBuffer();
      const retryAfter = Number(answer.headers.get('retry-after') ?? Number.NaN);
      return {
        status: answer.status,
        retryAfterMs: Number.isNaN(retryAfter) ? undefined : retryAfter * 1000,
      };
    } catch {
      return { status: 0 };
    }
  }
}
