import { strict as assert } from 'node:assert';
import type { DocumentRow, Json, LeaseRef, Store } from '../../../engine';
import { FinanceError } from '../../../errors';
import { PIPELINE, receive } from '../../support/store';
import type { Place } from './stores';

/** One thing that a worker, a source or a person may do; `pick` chooses what it is done to. */
export interface Command {
  op:
    | 'receive'
    | 'lease'
    | 'claim'
    | 'intend'
    | 'complete'
    | 'settle'
    | 'hold'
    | 'retry'
    | 'await'
    | 'release'
    | 'renew'
    | 'replay'
    | 'dismiss'
    | 'expire'
    | 'sweep'
    | 'crash';
  worker: number;
  pick: number;
}

export const LEASE_MS = 40;
const TARGET = { kind: 'odoo.load', target: 'http://odoo/ledger', name: 'post' };
/** Refusals that the rules of the run ask for. */
const REFUSALS = new Set(['STORE_FENCE_STALE', 'STORE_STATE', 'RUN_STEPS_OPEN', 'RUN_UNCLAIMED']);
const LANES = 3;
const KEYS = 4;

interface Held extends LeaseRef {
  stepId?: string;
}

interface Write {
  documentId: string;
  fence: number;
  type: 'intended' | 'completed';
}

/** Drives the runtimes of a store at random, and remembers what they were told. */
export class World {
  /** Deliveries acknowledged, by event. */
  private readonly delivered = new Map<string, { documentId: string; count: number }>();
  /** What each worker believes to hold; leases that ended stay in, as a clone or a hung process would have it. */
  private readonly contexts: Held[][];
  private readonly leases = new Map<string, string>();
  private readonly newest = new Map<string, number>();
  private readonly writes: Write[] = [];

  private constructor(
    private readonly place: Place,
    private readonly stores: Store[],
  ) {
    this.contexts = stores.map(() => []);
  }

  static async create(place: Place, workers: number): Promise<World> {
    const stores = await place.runtimes(workers, {
      leaseMs: LEASE_MS,
      graceMs: 5,
      suspectMs: 10,
      maxExpiries: 4,
      maxCrashesAlone: 2,
    });
    await stores[0]!.syncPipelines([PIPELINE]);
    return new World(place, stores);
  }

  private async store(worker: number): Promise<Store> {
    return this.stores[worker % this.stores.length]!;
  }

  /** Does the commands at the same time; what the rules refuse is refused. */
  async together(commands: Command[]): Promise<void> {
    await Promise.all(
      commands.map(async (command) => {
        try {
          await this.apply({ ...command, worker: command.worker % this.stores.length });
        } catch (error) {
          if (!(error instanceof FinanceError && REFUSALS.has(error.code))) throw error;
        }
      }),
    );
  }

  private async apply({ op, worker, pick }: Command): Promise<void> {
    const store = await this.store(worker);
    switch (op) {
      case 'receive':
        return await this.receive(store, pick);
      case 'lease':
        return await this.lease(store, worker, 1 + (pick % 3));
      case 'release':
        await store.release({ worker: name(worker) });
        return;
      case 'renew':
        await store.renew({ worker: name(worker), leases: this.contexts[worker]!, leaseMs: LEASE_MS });
        return;
      case 'expire':
        await new Promise((resolve) => setTimeout(resolve, LEASE_MS + 5));
        await store.sweep();
        return;
      case 'sweep':
        await store.sweep();
        return;
      case 'replay':
      case 'dismiss':
        return await this.decide(store, op, pick);
      case 'crash':
        return;
      default:
        return await this.work(store, op, worker, pick);
    }
  }

  /** A runtime dies with all it knows, and another one starts. Not together with anything else of that runtime. */
  async crash(worker: number): Promise<void> {
    const index = worker % this.stores.length;
    const old = this.stores[index]!;
    const fresh = await this.place.crash(old);
    for (const [other, store] of this.stores.entries())
      if (store === old) {
        this.stores[other] = fresh;
        this.contexts[other] = [];
      }
  }

  private async receive(store: Store, pick: number): Promise<void> {
    const event = `evt_${pick % 40}`;
    const { documentId } = await receive(store, `object_${pick % LANES}`, event);
    const known = this.delivered.get(event) ?? { documentId, count: 0 };
    assert.equal(documentId, known.documentId, 'two documents of one event');
    this.delivered.set(event, { documentId, count: known.count + 1 });
  }

  private async lease(store: Store, worker: number, limit: number): Promise<void> {
    const leased = await store.lease({ pipeline: PIPELINE.name, worker: name(worker), limit });
    for (const { context } of leased) {
      const right = `${context.documentId} fence ${context.fence}`;
      assert.ok(!this.leases.has(right), `${right} was leased twice`);
      this.leases.set(right, name(worker));
      this.saw(context);
      this.contexts[worker]!.push(context);
    }
  }

  private saw({ documentId, fence }: LeaseRef): void {
    this.newest.set(documentId, Math.max(fence, this.newest.get(documentId) ?? 0));
  }

  /** A write with a lease that may be over: with a newer one known before it began, it must be refused. */
  private async work(store: Store, op: Command['op'], worker: number, pick: number): Promise<void> {
    const contexts = this.contexts[worker]!;
    const context = contexts[contexts.length - 1 - (pick % 2)] ?? contexts[0];
    if (!context) return;
    const newest = this.newest.get(context.documentId)!;
    if (op === 'complete' && !context.stepId) return;
    await this.write(store, op, context, pick);
    assert.ok(
      context.fence >= newest,
      `${op} of ${context.documentId} with fence ${context.fence} after ${newest}`,
    );
  }

  private async write(store: Store, op: Command['op'], context: Held, pick: number): Promise<void> {
    const { documentId, fence } = context;
    if (op === 'claim') {
      const claim = await store.claim({
        ...context,
        businessKey: key(pick),
        contentHash: `hash_${pick % 2}`,
      });
      if (claim.status === 'new') context.hop = claim.hop;
    } else if (op === 'intend') {
      const known = await store.intend({
        ...context,
        ...TARGET,
        externalKey: documentId,
        request: { documentId },
      });
      if (known.status === 'new') this.writes.push({ documentId, fence, type: 'intended' });
      if ('hop' in known) Object.assign(context, { hop: known.hop, stepId: known.stepId });
    } else if (op === 'complete' && context.stepId) {
      await store.complete({ documentId, fence, stepId: context.stepId, result: { pick } });
      this.writes.push({ documentId, fence, type: 'completed' });
    } else if (op === 'settle')
      await store.settle({ ...context, outcome: pick % 7 ? 'completed' : 'skipped' });
    else if (op === 'hold')
      await store.hold({ ...context, error: new FinanceError('ODOO_VALIDATION').toJSON() });
    else if (op === 'retry')
      await store.dispose({
        ...context,
        error: { ...new FinanceError('ODOO_SERIALIZATION').toJSON(), retryAfterMs: 1 },
      });
    else if (op === 'await')
      await store.awaitReference({ ...context, businessKey: key(pick), due: Date.now() + 50 });
  }

  /** A person decides about a document that is held (or replays a settled one). */
  private async decide(store: Store, op: 'replay' | 'dismiss', pick: number): Promise<void> {
    const rows = await store.documents({ state: op === 'replay' && pick % 4 === 0 ? 'settled' : 'held' });
    const row = rows[pick % Math.max(1, rows.length)];
    if (!row) return;
    const decision = { documentId: row.id, actor: 'eva', reason: 'seen' };
    if (op === 'replay') await store.replay(decision);
    else await store.dismiss({ ...decision, outcome: pick % 2 ? 'skipped' : 'rejected', effects: 'kept' });
  }

  /** What must be true at any moment between transactions. */
  async check(): Promise<void> {
    const store = this.stores[0]!;
    const rows = await store.documents({ limit: 10_000 });
    assert.deepEqual(
      rows.map(({ id }) => id).toSorted(),
      [...this.delivered.values()].map(({ documentId }) => documentId).toSorted(),
      'documents are the events acknowledged, no more and no less',
    );
    const counts = new Map((await store.deliveries()).map((row) => [row.receive_key, row.count]));
    for (const [event, { count }] of this.delivered) assert.equal(counts.get(`stripe/${event}`), count);
    for (const lane of Map.groupBy(rows, (row) => row.lane).values()) checkLane(lane);
    checkKeys(rows);
    assert.deepEqual((await store.audit()).findings, []);
  }

  /** What the history must tell: fences that grow, and each acknowledged write under its own. */
  async checkHistory(): Promise<void> {
    const store = this.stores[0]!;
    const firstLeases: { lane: string; seq: number; order: number }[] = [];
    for (const { documentId } of this.delivered.values()) {
      const { document, history } = await store.trace({ documentId });
      let fence = 0;
      const found: string[] = [];
      for (const event of history) {
        const { type } = event;
        const facts = event.data as { fence?: number };
        if (type === 'leased') {
          assert.equal(facts.fence, fence + 1, `fences of ${documentId}`);
          fence++;
          if (fence === 1)
            firstLeases.push({ lane: document.lane, seq: document.seq, order: orderOf(event) });
        }
        if (type === 'intended' || type === 'completed') found.push(`${type} ${fence}`);
      }
      const acknowledged = this.writes.filter((write) => write.documentId === documentId);
      assert.deepEqual(
        found.toSorted(),
        acknowledged.map((write) => `${write.type} ${write.fence}`).toSorted(),
        `writes of ${documentId}`,
      );
      assert.equal(document.fence, fence);
    }
    for (const lane of Map.groupBy(firstLeases, (lease) => lease.lane).values()) {
      const byTime = lane.toSorted((a, b) => a.order - b.order).map(({ seq }) => seq);
      assert.deepEqual(
        byTime,
        byTime.toSorted((a, b) => a - b),
        'order of a lane',
      );
    }
  }

  /** From any state all documents can be brought to their end. */
  async finish(): Promise<void> {
    const [store] = this.stores as [Store];
    const until = Date.now() + 8_000;
    for (;;) {
      await store.sweep();
      const open = (await store.documents({ limit: 10_000 })).filter(({ state }) => state !== 'settled');
      if (open.length === 0) return;
      assert.ok(Date.now() < until, `never settled: ${JSON.stringify(open[0])}`);
      const held = open.filter(({ state }) => state === 'held');
      for (const { id: documentId } of held)
        await store.dismiss({
          documentId,
          outcome: 'rejected',
          actor: 'eva',
          reason: 'end',
          effects: 'kept',
        });
      const leased = await store.lease({ pipeline: PIPELINE.name, worker: 'last', limit: 10 });
      for (const { context } of leased) await this.finishOne(store, context);
      if (held.length + leased.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  private async finishOne(store: Store, context: LeaseRef): Promise<void> {
    const { documentId, fence } = context;
    const request = { documentId } as Json;
    const known = await store.intend({ ...context, ...TARGET, externalKey: documentId, request });
    assert.ok('hop' in known, known.status);
    if (known.status === 'new') this.writes.push({ documentId, fence, type: 'intended' });
    if (known.status !== 'done') {
      await store.complete({ documentId, fence, stepId: known.stepId, result: {} });
      this.writes.push({ documentId, fence, type: 'completed' });
    }
    await store.settle({ ...context, hop: known.hop, outcome: 'completed' });
  }
}

/** The place of an event among those of all chains. */
function orderOf({ seq, data }: { seq: number; data: Json }): number {
  return (data as { order?: number }).order ?? seq;
}

/** A lane with documents in it has exactly one that may run, and what is under way is that one. */
function checkLane(rows: DocumentRow[]): void {
  const inLane = rows.filter((row) => row.in_lane === 1);
  if (inLane.length === 0) return;
  const free = inLane.filter((row) => row.blocked === 0);
  assert.equal(free.length, 1, `${free.length} of ${inLane.length} documents of a lane may run`);
  const leased = rows.filter((row) => row.state === 'leased');
  assert.ok(leased.length <= 1, 'two documents of a lane are leased');
  for (const row of leased) assert.equal(row.id, free[0]!.id);
}

/** One document at most is completed under a business key; a duplicate names the one it is a duplicate of. */
function checkKeys(rows: DocumentRow[]): void {
  for (const row of rows)
    if (row.outcome === 'duplicate') assert.ok(rows.some(({ id }) => id === row.duplicate_of));
}

function name(worker: number): string {
  return `w${worker}`;
}

function key(pick: number): string {
  return `acme_de/invoice/stripe/${pick % KEYS}`;
}
