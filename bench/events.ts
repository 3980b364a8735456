import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { postJson } from '../cli/http';
import { type Sandbox, startSandbox } from '../cli/sandbox';

/** Connections are kept: what is measured is the receiver. */
const AGENT = new Agent({ keepAlive: true });

/** Events as the sandbox billing system makes them; the runtime that is measured cannot fetch them there itself. */
export async function eventsOf(folder: string, count: number): Promise<string[]> {
  const sandbox = await startSandbox(folder);
  try {
    return await listed(sandbox, count);
  } finally {
    await sandbox.stop();
  }
}

async function listed({ billing, secrets }: Sandbox, count: number): Promise<string[]> {
  const day = { runId: 'bench', seed: 'bench', documents: count, oddities: false, deliver: false };
  await postJson(`${billing}/_sandbox/send`, day);
  const events: string[] = [];
  for (let after = ''; events.length < count; ) {
    const answer = await fetch(`${billing}/v1/events?limit=100${after}`, {
      headers: { authorization: `Bearer ${secrets.billingKey}` },
    });
    const { data, has_more: more } = (await answer.json()) as { data: { id: string }[]; has_more: boolean };
    events.push(...data.map((event) => JSON.stringify(event)));
    after = `&starting_after=${data.at(-1)?.id}`;
    if (!more) break;
  }
  return events;
}

/** POST of an event as the billing system sends it. @returns the HTTP status, 0 where there was no answer */
export async function send(url: string, body: string, secret: string): Promise<number> {
  const t = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
  const headers = { 'content-type': 'application/json', 'stripe-signature': `t=${t},v1=${signature}` };
  return await new Promise((resolve) => {
    const sent = request(url, { method: 'POST', agent: AGENT, headers }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.once('error', () => resolve(0));
    sent.end(body);
  });
}

/** Keys of events in the store, as the template's webhook makes them. */
export function receiveKeyOf(body: string): string {
  const { id, account } = JSON.parse(body) as { id: string; account: string };
  return `stripe/${account}/${id}`;
}
