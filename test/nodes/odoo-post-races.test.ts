import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { type PostableDocument, posterNameOf } from '../../connectors/odoo';
import type { Invoice, Party } from '../../finance';
import { externalKey } from '../../finance';
import { DEMO_LOGIN, demoSeed, type LedgerMove, type RunningOdoo, startOdoo } from '../../sandbox/odoo';
import { buyer, invoice } from '../connectors/odoo/documents';
import { bankLine, bill, entry, payment, payout, refund } from '../connectors/odoo/kinds';
import { PostgresPlace } from '../engine/conformance/stores';
import { postgresServer } from '../support/postgres';
import { seedOf } from '../support/seed';
import { creditNote } from './posting-bench';
import { PostingWorker, SETTINGS } from './posting-worker';

/** More for a long run by hand; few in the gate. */
const ROUNDS = Number(process.env.LEDGERWAY_RACE_ROUNDS ?? 12);
const SEED = seedOf('LEDGERWAY_RACE_SEED');
const MODELS = ['account.move', 'account.payment', 'account.bank.statement.line'];

let odoo: RunningOdoo;
let folder: string;
let workers: PostingWorker[];

const stage = async (): Promise<void> => {
  const seed = demoSeed();
  seed.users.find(({ login }) => login === DEMO_LOGIN.login)?.groups.push('account.group_account_user');
  odoo = await startOdoo({ seed, workers: 4, now: () => new Date('2026-11-21T10:00:00Z') });
  folder = mkdtempSync(join(tmpdir(), 'ledgerway-race-'));
  workers = [];
};
const clear = async (): Promise<void> => {
  for (const worker of workers) await worker.close();
  await odoo.close();
  rmSync(folder, { recursive: true, force: true });
};
const hire = async (count: number): Promise<void> => {
  for (let index = 0; index < count; index++)
    workers.push(await PostingWorker.open(odoo.url, join(folder, `${index}.db`)));
};
const fault = async (mode: string, match: object, times = 1): Promise<void> => {
  const body = JSON.stringify({ mode, match, times });
  const headers = { 'content-type': 'application/json' };
  assert.equal((await fetch(`${odoo.url}/_sandbox/faults`, { method: 'POST', headers, body })).ok, true);
};
const ledger = async (): Promise<LedgerMove[]> =>
  ((await (await fetch(`${odoo.url}/_sandbox/ledger`)).json()) as { moves: LedgerMove[] }).moves;

/** External ids of ours → records; what has no document of ours is an entry of a payment or bank line. */
function keys(): Map<string, { model: string; id: number }[]> {
  const rows = odoo.db
    .all('ir.model.data')
    .filter(({ module, model }) => module === 'ledgerway' && MODELS.includes(String(model)));
  return Map.groupBy(
    rows.map(({ name, model, res_id }) => ({ name: String(name), model: String(model), id: Number(res_id) })),
    ({ name }) => name,
  );
}

/** 0 lost, 0 doubled: each document is one posted record, of its company, and each move is of one document. */
async function assertOnce(documents: readonly PostableDocument[]): Promise<void> {
  const known = keys();
  const moves = await ledger();
  const owners = new Map<number, string>();
  for (const document of documents) {
    const key = externalKey(document);
    const records = known.get(key) ?? [];
    assert.equal(records.length, 1, `${key} stands for ${records.length} records`);
    const { model, id } = records[0]!;
    const move = model === 'account.move' ? id : Number(odoo.db.at(model, id).move_id);
    assert.equal(owners.get(move), undefined, `${key} and ${owners.get(move)} share a move`);
    owners.set(move, key);
  }
  const extra = moves.filter(({ id, externalId }) => !owners.has(id) && !externalId?.endsWith('__settle'));
  assert.deepEqual(
    extra.map(({ id, ref }) => `${id} ${ref}`),
    [],
    'moves that no document asked for',
  );
  for (const { id, state, company, lines } of moves) {
    const cents = lines.reduce(
      (sum, { debit, credit }) => sum + Math.round((Number(debit) - Number(credit)) * 100),
      0,
    );
    assert.deepEqual([state, company.id, cents], ['posted', 1, 0], `move ${id}`);
  }
}

/** All workers receive the same documents, then they work. @returns the documents of all rounds */
async function rounds(work: (round: number) => Promise<unknown>): Promise<PostableDocument[]> {
  const all: PostableDocument[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const documents = day(round);
    all.push(...documents);
    if (round % 3 === 1) await fault('drop-after-commit', { method: round % 2 ? 'load' : 'action_post' });
    await Promise.all(
      workers.map(async (worker) => {
        for (const document of documents) await worker.receive(document);
      }),
    );
    await work(round);
  }
  return all;
}

/** Partners that were made of the customers of {@link day}. */
const customers = (): number =>
  odoo.db.all('res.partner').filter(({ name }) => /^Customer \d/.test(String(name))).length;

/** Documents of every kind about one round, that refer to each other; its customer is new. */
function day(round: number | string): PostableDocument[] {
  const customer: Party = buyer({
    id: `cus_${round}`,
    name: `Customer ${round}`,
    vatId: undefined,
    email: `${round}@c.example`,
  });
  const sold: Invoice = invoice(`r${round}`, { buyer: customer });
  const note = { ...creditNote(`r${round}`, sold), buyer: customer, precedingInvoice: undefined };
  return [
    payment(`r${round}`, [sold], { payer: customer }),
    refund(`r${round}`, [note], { payer: customer }),
    sold,
    note,
    bill(`r${round}`),
    payout(`r${round}`),
    entry(`r${round}`),
    bankLine(`r${round}`),
  ];
}

describe('four workers, each with a store of its own, and the same documents', () => {
  beforeEach(stage);
  afterEach(clear);

  it(`post each once, round after round, with answers lost after the commit (${ROUNDS} rounds)`, async function () {
    this.timeout(30_000 + ROUNDS * 4_000);
    await hire(4);
    const all = await rounds(() => Promise.all(workers.map((worker) => worker.work())));
    await assertOnce(all);
    const [first, ...others] = await Promise.all(workers.map((worker) => worker.results()));
    assert.equal(first!.size, all.length);
    for (const other of others) assert.deepEqual(other, first);
    assert.equal(customers(), ROUNDS, 'one partner a customer');
  });
});

describe('four runtimes on one Postgres store, and the same documents', () => {
  let place: PostgresPlace;
  before(async function () {
    this.timeout(60_000);
    await postgresServer();
  });
  beforeEach(async () => {
    await stage();
    place = await PostgresPlace.create();
  });
  afterEach(async () => {
    await clear();
    await place.remove();
  });
  const start = async (): Promise<PostingWorker> => PostingWorker.on(odoo.url, await place.open(SETTINGS), 2);

  /** One of them dies while all work, and another one comes for it. */
  async function replace(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 40));
    const [busy] = await place.query<{ worker: string }>(
      "SELECT worker FROM documents WHERE state = 'leased'",
    );
    const at = Math.max(
      workers.findIndex(({ name }) => name === busy?.worker),
      0,
    );
    await workers[at]!.die();
    workers[at] = await start();
    await workers[at].work();
  }

  it(`post each once, with answers lost after the commit and runtimes that die (${ROUNDS} rounds)`, async function () {
    this.timeout(30_000 + ROUNDS * 4_000);
    for (let index = 0; index < 4; index++) workers.push(await start());
    const all = await rounds(async (round) => {
      const work = workers.map((worker) => worker.work());
      if (round % 4 === 2) work.push(replace());
      await Promise.all(work);
    });
    await assertOnce(all);
    const { store } = workers[0]!;
    assert.equal((await workers[0]!.results()).size, all.length);
    const recovered = await place.query("SELECT seq FROM audit WHERE type = 'recovered'");
    assert.ok(recovered.length > 0, 'some died at work');
    assert.equal(customers(), ROUNDS, 'one partner a customer');
    assert.deepEqual((await store.audit()).findings, []);
  });
});

describe('a worker killed in the middle of posting', () => {
  beforeEach(stage);
  afterEach(clear);

  it('loses no document of any kind, and posts none twice', async function () {
    this.timeout(90_000);
    await hire(1);
    const documents = day('killed');
    for (const document of documents) await workers[0]!.receive(document);
    await workers.pop()!.close();
    let kills = 0;
    // each life gets a little further; the places are prime to each other, so that all kinds of them are met
    for (const step = [23, 29, 31, 37, 41]; ; kills++) {
      const ending = await life(step[kills % step.length]!);
      if (ending === 0) break;
      assert.equal(ending, 'SIGKILL');
      assert.ok(kills < 60, 'it ends at last');
    }
    assert.ok(kills >= 3, `${kills} kills`);
    await hire(1);
    const results = await workers[0]!.results();
    assert.equal(results.size, documents.length);
    await assertOnce(documents);
    assert.deepEqual((await workers[0]!.store.audit()).findings, []);
  });

  /** @returns the exit code, or the signal that ended it */
  const life = (killAt: number): Promise<number | NodeJS.Signals | null> =>
    new Promise((resolve) => {
      const orders = JSON.stringify({ url: odoo.url, file: join(folder, '0.db') });
      const env = { ...process.env, LEDGERWAY_KILL_AT: String(killAt) };
      const script = join(__dirname, 'posting-worker.js');
      spawn(process.execPath, [script, orders], { env, stdio: ['ignore', 'inherit', 'inherit'] }).on(
        'exit',
        (code, signal) => resolve(signal ?? code),
      );
    });
});

describe('whatever documents come in, and whatever is cut off', () => {
  beforeEach(stage);
  afterEach(clear);

  const cents = fc.integer({ min: 1, max: 900_000 });
  const eur = (minor: number): string => `${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, '0')}`;
  /** Documents of every kind with amounts of their own; those of a list refer to each other or not. */
  const lists = fc.array(
    fc.tuple(
      fc.constantFrom('payment', 'refund', 'entry', 'bank', 'payout', 'invoice', 'bill', 'note'),
      cents,
    ),
    { minLength: 1, maxLength: 10 },
  );
  const faults = fc.array(
    fc.record({
      model: fc.constantFrom(...MODELS, 'account.move.line'),
      method: fc.constantFrom('load', 'action_post', 'reconcile', 'search_read'),
      mode: fc.constantFrom(
        'serialization',
        'connection-lost',
        'drop-before',
        'drop-after-commit',
        'http-502',
      ),
    }),
    { maxLength: 3 },
  );

  function documentOf(kind: string, id: string, minor: number): PostableDocument {
    const amount = eur(minor);
    switch (kind) {
      case 'payment':
        return payment(id, [], { amount });
      case 'refund':
        return refund(id, [], { amount });
      case 'bank':
        return bankLine(id, { amount: minor % 2 ? amount : `-${amount}` });
      case 'payout':
        return { ...payout(id), amount, items: [] };
      case 'entry':
        return entry(id, {
          lines: [
            { account: '4970', label: 'a', debit: amount, credit: '0.00' },
            { account: '1360', label: 'b', debit: '0.00', credit: amount },
          ],
        });
      case 'invoice':
        return invoice(id);
      case 'bill':
        return bill(id);
      default:
        return { ...creditNote(id, invoice(id)), precedingInvoice: undefined };
    }
  }

  it(`every posted move balances, is its entity's, and traces back to one document (seed ${SEED})`, async function () {
    this.timeout(60_000);
    await hire(1);
    const [worker] = workers;
    const all: PostableDocument[] = [];
    let run = 0;
    await fc.assert(
      fc.asyncProperty(lists, faults, async (list, rules) => {
        run += 1;
        const documents = list.map(([kind, minor], index) => documentOf(kind, `p${run}_${index}`, minor));
        for (const { mode, ...match } of rules) await fault(mode, match);
        for (const document of documents) await worker!.receive(document);
        await worker!.work();
        await fetch(`${odoo.url}/_sandbox/faults`, { method: 'DELETE' });
        all.push(...documents);
      }),
      { numRuns: 12, seed: SEED },
    );
    await assertOnce(all);
    const results = await worker!.results();
    assert.equal(results.size, all.length);
    for (const document of all) {
      const posted = results.get(externalKey(document));
      assert.equal(posted?.state, 'posted', posterNameOf(document));
    }
  });
});
