import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RuntimeProcess } from '../../cli/runtime-process';
import { type Sandbox, startSandbox } from '../../cli/sandbox';
import type { Figures } from '../../engine';
import { DEMO_DAY, type Delivery, dayOfEvents, signatureOf } from '../../sandbox/billing';

/** Sandbox and runtime in processes of their own on a folder of their own, as `npm start` lays them out. */
export class Stack {
  private constructor(
    readonly folder: string,
    readonly sandbox: Sandbox,
    readonly runtime: RuntimeProcess,
  ) {}

  /** @param secrets in place of those that the counterparties know */
  static async start(env: NodeJS.ProcessEnv = {}, secrets: Partial<Sandbox['secrets']> = {}): Promise<Stack> {
    const folder = mkdtempSync(join(tmpdir(), 'ledgerway-stack-'));
    const sandbox = await startSandbox(join(folder, 'sandbox'));
    const told = { ...sandbox, secrets: { ...sandbox.secrets, ...secrets } };
    const runtime = await RuntimeProcess.prepare(folder, told, env);
    runtime.start();
    await runtime.ready();
    return new Stack(folder, sandbox, runtime);
  }

  /** Sends a raw body as the billing system would, rightly signed unless told otherwise. @returns the HTTP status */
  async send(body: string, secret = this.sandbox.secrets.webhookSecret): Promise<number> {
    const answer = await fetch(`${this.runtime.url}/hooks/stripe`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'stripe-signature': signatureOf(body, secret) },
      body,
    });
    await answer.arrayBuffer();
    return answer.status;
  }

  /** Sends again, as a sender does, until it is answered 2xx. */
  async sendUntilTaken(body: string, limitMs = 30_000): Promise<void> {
    for (const until = Date.now() + limitMs; Date.now() < until; ) {
      const status = await this.send(body).catch(() => 0);
      if (status >= 200 && status < 300) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('the event was not taken in time');
  }

  /** Waits until nothing is open. */
  async quiet(limitMs = 60_000): Promise<Record<string, Figures>> {
    for (const until = Date.now() + limitMs; Date.now() < until; ) {
      const readiness = await this.runtime.readiness();
      if (readiness?.ok && readiness.open === 0) return await this.runtime.read((store) => store.figures());
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(
      `still open: ${JSON.stringify(await this.runtime.read((store) => store.documents({ limit: 5 })))}`,
    );
  }

  /** Codes of the open exceptions, sorted. */
  async exceptionCodes(): Promise<string[]> {
    const open = await this.runtime.read((store) => store.exceptions());
    return open.map(({ code }) => code).sort();
  }

  /** Tells a counterparty to misbehave. */
  async fault(counterparty: 'odoo' | 'tax' | 'clearance', fault: object): Promise<void> {
    const answer = await fetch(`${this.sandbox[counterparty]}/_sandbox/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fault),
    });
    if (!answer.ok) throw new Error(`fault: ${answer.status} ${await answer.text()}`);
  }

  async heal(counterparty: 'odoo' | 'tax' | 'clearance'): Promise<void> {
    await fetch(`${this.sandbox[counterparty]}/_sandbox/faults`, { method: 'DELETE' });
  }

  async stop(): Promise<void> {
    await this.runtime.stop();
    await this.sandbox.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** An event as the billing system makes it, as plain JSON to change. */
export interface StripeEvent {
  id: string;
  account?: string;
  type: string;
  livemode: boolean;
  data: { object: Record<string, unknown> };
  [key: string]: unknown;
}

/** Good invoice events of a seed, none odd; every one about another invoice. */
export function invoiceEvents(seed: string, count: number): StripeEvent[] {
  const day = dayOfEvents({ ...DEMO_DAY, seed, documents: count * 2, oddities: false });
  const seen = new Set<string>();
  const invoices = day.filter(({ type, objectId }: Delivery) => {
    if (type !== 'invoice.finalized' || seen.has(objectId)) return false;
    seen.add(objectId);
    return true;
  });
  return invoices.slice(0, count).map(({ body }) => JSON.parse(body) as StripeEvent);
}
