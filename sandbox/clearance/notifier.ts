import { createHmac } from 'node:crypto';
import { type Registry, type Submission, viewOf } from './registry';

/** Where the network reports its decisions, signed after Standard Webhooks. */
export interface NotifyTarget {
  url: string;
  /** `whsec_<base64>` */
  secret: string;
}

const AGAIN_MS = 500;

/** Reports each decision until it is answered with 2xx, over restarts too. */
export class Notifier {
  private readonly timers = new Set<NodeJS.Timeout>();
  private stopped = false;

  constructor(
    private readonly registry: Registry,
    private readonly target: NotifyTarget,
  ) {
    for (const submission of registry.all()) if (!submission.notified) this.watch(submission);
  }

  watch(submission: Submission, waitMs = submission.decidesAt - Date.now()): void {
    if (this.stopped) return;
    const timer = setTimeout(
      () => {
        this.timers.delete(timer);
        void this.notify(submission);
      },
      Math.max(0, waitMs),
    );
    this.timers.add(timer);
  }

  stop(): void {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
  }

  private async notify(submission: Submission): Promise<void> {
    const taken = await this.send(submission).catch(() => false);
    if (this.stopped) return;
    if (taken) this.registry.markNotified(submission);
    else this.watch(submission, AGAIN_MS);
  }

  private async send(submission: Submission): Promise<boolean> {
    const { url, secret } = this.target;
    const id = `evt_${submission.id}`;
    const t = String(Math.floor(Date.now() / 1000));
    const timestamp = new Date(submission.decidesAt).toISOString();
    const view = viewOf(submission);
    const body = JSON.stringify({ type: `document.${view.status}`, timestamp, data: view });
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    const signature = createHmac('sha256', key).update(`${id}.${t}.${body}`).digest('base64');
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': t,
      'webhook-signature': `v1,${signature}`,
    };
    const answer = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(5000) });
    await answer.arrayBuffer();
    return answer.ok;
  }
}
