import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '../../../engine';
import { PIPELINE } from '../../support/store';
import { onEveryStore } from './stores';
import { type Orders, SETTINGS, work } from './victim';

const KILLS = 4;

onEveryStore('A worker killed in the middle of its writes', (place, kind) => {
  let folder: string;
  let effects: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ledgerway-kill-'));
    effects = join(folder, 'effects');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('loses nothing that it acknowledged, and does nothing twice', async function () {
    this.timeout(120_000);
    const said = new Map<string, Set<string>>([
      ['received', new Set()],
      ['settled', new Set()],
    ]);
    const victims: Victim[] = [];
    const workers = kind === 'Postgres' ? ['a', 'b'] : ['a'];
    try {
      for (const name of workers)
        victims.push(await Victim.start({ where: place().where, name, effects }, said));
      for (let kill = 0; kill < KILLS; kill++) {
        await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 250));
        const victim = victims.shift()!;
        await victim.kill();
        victims.push(await Victim.start(victim.orders, said));
      }
    } finally {
      for (const victim of victims) await victim.kill();
    }
    const store = await place().open(SETTINGS);
    await finish(store);
    const rows = new Map((await store.documents({ limit: 100_000 })).map((row) => [row.id, row]));
    assert.ok(said.get('received')!.size > 20 && said.get('settled')!.size > 5, 'the victims worked');
    for (const id of said.get('received')!) assert.equal(rows.get(id)?.outcome, 'completed', `${id} is lost`);
    for (const id of said.get('settled')!) assert.ok(rows.get(id)!.fence >= 1);
    const done = readFileSync(effects, 'utf8').trim().split('\n');
    assert.equal(done.length, new Set(done).size, 'an effect was had twice');
    assert.deepEqual(done.toSorted(), [...rows.keys()].toSorted());
    assert.deepEqual((await store.audit()).findings, []);
    assertLaneOrder(done, rows);
  });

  /** The effects of a lane came in the order of its receives. */
  function assertLaneOrder(done: string[], rows: Map<string, { lane: string; seq: number }>): void {
    for (const lane of Map.groupBy(done, (id) => rows.get(id)!.lane).values()) {
      const order = lane.map((id) => rows.get(id)!.seq);
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
      );
    }
  }

  async function finish(store: Store): Promise<void> {
    const until = Date.now() + 60_000;
    for (;;) {
      await store.sweep();
      const documents = await store.lease({ pipeline: PIPELINE.name, worker: 'last', limit: 20 });
      await Promise.all(documents.map((document) => work(store, document, effects)));
      const open = await store.documents({ limit: 100_000 });
      if (open.every(({ state }) => state === 'settled')) return;
      const stuck = open.find(({ state }) => state !== 'settled');
      assert.ok(Date.now() < until, `never settled: ${JSON.stringify(stuck)}`);
      if (documents.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
});

/** A process that works until it is killed. */
class Victim {
  private constructor(
    readonly orders: Orders,
    private readonly process: ChildProcess,
  ) {}

  /** Resolves when it has acknowledged something. */
  static async start(orders: Orders, said: Map<string, Set<string>>): Promise<Victim> {
    const script = join(__dirname, 'victim.js');
    assert.ok(existsSync(script));
    const child = spawn(process.execPath, [script, JSON.stringify(orders)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let errors = '';
    let rest = '';
    child.stderr!.on('data', (text) => {
      errors += text;
    });
    await new Promise<void>((resolve, reject) => {
      child.stdout!.on('data', (text) => {
        const lines = `${rest}${text}`.split('\n');
        rest = lines.pop()!;
        for (const line of lines) {
          const [what, id] = line.split(' ') as [string, string];
          said.get(what)!.add(id);
        }
        resolve();
      });
      child.once('exit', () => reject(new Error(`the worker ended by itself: ${errors}`)));
    });
    return new Victim(orders, child);
  }

  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.process.once('close', resolve));
    this.process.kill('SIGKILL');
    await ended;
  }
}
