import { strict as assert } from 'node:assert';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { dayProgress } from '../../cli/billing-day';
import { getJson, postJson } from '../../cli/http';
import { RuntimeProcess } from '../../cli/runtime-process';
import { type AnsweredEvent, tie } from '../../cli/tie';
import { signatureOf } from '../../sandbox/billing';
import { ledgerway } from '../support/command';
import { Stack } from '../support/stack';

async function until(what: string, holds: () => Promise<boolean>, limitMs = 40_000): Promise<void> {
  for (const end = Date.now() + limitMs; !(await holds()); await sleep(100))
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
}

/** Has the billing system send a day, until all of it is answered and nothing is open. */
async function day(stack: Stack, seed: string): Promise<void> {
  const { billing, secrets } = stack.sandbox;
  const targets = [{ url: `${stack.runtime.url}/hooks/stripe`, secret: secrets.webhookSecret }];
  const request = { runId: seed, seed, documents: 20, oddities: false, targets };
  await postJson(`${billing}/_sandbox/send`, request);
  await until('the day is sent', async () => (await dayProgress(stack.sandbox, seed)).done);
  await stack.quiet();
}

/** The events that the billing system knows to have been answered. */
async function answered(stack: Stack): Promise<AnsweredEvent[]> {
  const rows = (await getJson(`${stack.sandbox.billing}/_sandbox/deliveries`)) as {
    account: string;
    eventId: string;
    status: string;
    malformed?: boolean;
  }[];
  return rows
    .filter(({ status }) => status === 'delivered')
    .map(({ account, eventId, malformed }) => (malformed ? {} : { key: `stripe/${account}/${eventId}` }));
}

interface Move {
  externalId: string;
  name: string;
}

async function moves(stack: Stack): Promise<Map<string, string>> {
  const ledger = (await getJson(`${stack.sandbox.odoo}/_sandbox/ledger`)) as { moves: Move[] };
  return new Map(ledger.moves.map(({ externalId, name }) => [externalId, name]));
}

/** Every event of the billing system's list, the oldest first. */
async function listed({ sandbox }: Stack): Promise<{ id: string }[]> {
  const lists = ['acct_de', 'acct_us'].map(async (account) => {
    const answer = await fetch(`${sandbox.billing}/v1/events?limit=100`, {
      headers: { authorization: `Bearer ${sandbox.secrets.billingKey}`, 'stripe-account': account },
    });
    return ((await answer.json()) as { data: { id: string }[] }).data.reverse();
  });
  return (await Promise.all(lists)).flat();
}

/** Sends an event again, signed anew, until it is answered 2xx. */
async function resend({ sandbox }: Stack, runtime: RuntimeProcess, event: object): Promise<void> {
  const body = JSON.stringify(event);
  const headers = {
    'content-type': 'application/json',
    'stripe-signature': signatureOf(body, sandbox.secrets.webhookSecret),
  };
  await until('the event is taken', async () => {
    const answer = await fetch(`${runtime.url}/hooks/stripe`, { method: 'POST', headers, body });
    await answer.arrayBuffer();
    return answer.ok;
  });
}

describe('A stale backup', () => {
  it('doubles nothing: what it does not know comes again, and the targets are asked before anything is sent', async function () {
    this.timeout(180_000);
    const stack = await Stack.start();
    const [backup, data] = [`${stack.folder}-backup`, `${stack.folder}-restored`];
    let restored: RuntimeProcess | undefined;
    try {
      await day(stack, 'before');
      const inBackup = await answered(stack);
      const taken = await ledgerway(['store', 'backup', '--data', stack.folder, '--to', backup, '--json']);
      assert.equal(taken.code, 0, taken.stderr);
      const early = await moves(stack);
      await day(stack, 'after');
      const inAll = await answered(stack);
      const all = await moves(stack);
      assert.ok(all.size > early.size && inAll.length > inBackup.length);
      const documents = (await getJson(`${stack.sandbox.clearance}/_sandbox/documents`)) as unknown[];
      await stack.runtime.stop();

      const back = await ledgerway(['store', 'restore', '--from', backup, '--data', data, '--json']);
      assert.equal(back.code, 0, back.stderr);
      restored = await RuntimeProcess.prepare(data, stack.sandbox);
      restored.start();
      await restored.ready();
      const keys = inAll.flatMap(({ key }) => key ?? []);
      const lost = async () => {
        const known = new Set(
          (await restored!.read((store) => store.deliveries())).map(({ receive_key }) => receive_key),
        );
        return keys.filter((key) => !known.has(key));
      };
      for (const event of await listed(stack)) await resend(stack, restored, event);
      assert.deepEqual(await lost(), [], 'every event is there again');
      await until('nothing is open', async () => (await restored!.readiness())?.open === 0);

      const old = new Set(inBackup.map(({ key }) => key));
      const sent = [
        ...inBackup,
        ...[...new Set(keys)].filter((key) => !old.has(key)).map((key) => ({ key })),
      ];
      const result = await restored.read((store) => tie(stack.sandbox, store, sent));
      assert.equal(result.doubled, 0);
      assert.deepEqual(result.differences, []);
      assert.deepEqual(await moves(stack), all, 'not one move more, not one renamed');
      const accepted = (await getJson(`${stack.sandbox.clearance}/_sandbox/documents`)) as unknown[];
      assert.equal(accepted.length, documents.length);
      assert.equal((await restored.read((store) => store.audit())).ok, true);
      console.log(
        `      ${all.size} moves, ${all.size - early.size} of them unknown to the backup; doubled ${result.doubled}`,
      );
    } finally {
      await restored?.stop();
      await stack.stop();
      for (const folder of [backup, data]) rmSync(folder, { recursive: true, force: true });
    }
  });
});
