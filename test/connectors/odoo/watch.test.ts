import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Change, type OdooClient, type WatchCursor, watchChanges } from '../../../connectors/odoo';
import { Books } from './books';
import { invoice } from './documents';

const json = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('watching Odoo', () => {
  let books: Books;
  before(async () => {
    books = await Books.open(17);
  });
  after(() => books.close());

  it('gives what people and we do: every posted state once', async () => {
    const query = {
      model: 'account.move',
      domain: [['state', '=', 'posted']],
      fields: ['name', 'payment_state'],
      company: 1,
      pageSize: 3,
    };
    let cursor: WatchCursor | undefined;
    const poll = async (): Promise<number[]> => {
      const given: number[] = [];
      for await (const page of watchChanges(books.client, query, cursor)) {
        given.push(...page.changes.map(({ record }) => Number(record.id)));
        cursor = json(page.cursor);
      }
      return given;
    };
    for (let index = 0; index < 7; index += 1) await books.post(invoice(`watch_${index}`));
    assert.equal((await poll()).length, 7);
    assert.deepEqual(await poll(), []);
    const posted = await books.post(invoice('watch_later'));
    assert.deepEqual(await poll(), [posted.moveId]);
  });

  it('needs a model that knows the time of its last change', async () => {
    const client = { call: () => Promise.resolve([{ id: 1 }]) } as unknown as OdooClient;
    await assert.rejects(watchChanges(client, { model: 'x', fields: [] }).next(), { code: 'ODOO_MODEL' });
  });
});

interface Row {
  id: number;
  /** With fractions, as the database has it. */
  stamp: number;
  value: number;
}

const shown = (stamp: number): string => new Date(stamp).toISOString().slice(0, 19).replace('T', ' ');

/** A table whose writers commit late: stamped when they begin, seen when they end. Shows whole seconds only. */
class Table {
  readonly rows = new Map<number, Row>();
  largestRequest = 0;
  readonly client: OdooClient;

  constructor() {
    const call: OdooClient['call'] = (_model, _method, input) => {
      const { domain, limit, order } = (input?.named ?? {}) as {
        domain: [string, string, unknown][];
        limit: number;
        order: string;
      };
      this.largestRequest = Math.max(this.largestRequest, JSON.stringify(domain).length);
      const holds = (row: Row) =>
        domain.every(([field, operator, value]) => {
          const seen = field === 'id' ? row.id : row.stamp;
          const wanted = field === 'id' ? Number(value) : Date.parse(`${String(value).replace(' ', 'T')}Z`);
          return operator === '>=' ? seen >= wanted : operator === '<' ? seen < wanted : seen > wanted;
        });
      const found = [...this.rows.values()]
        .filter(holds)
        .sort((a, b) => (order === 'id' ? a.id - b.id : a.stamp - b.stamp || a.id - b.id));
      const page = found.slice(0, limit);
      return Promise.resolve(page.map(({ id, stamp, value }) => ({ id, write_date: shown(stamp), value })));
    };
    const version = () => Promise.resolve({ serverVersion: '17.0', major: 17 });
    this.client = { url: '', database: '', concurrency: 1, version, close: () => undefined, call };
  }
}

/** A store that receives by key, and a cursor that is committed after the changes were received. */
class Receiver {
  readonly received = new Map<string, string>();
  private cursor?: WatchCursor;

  constructor(
    private readonly table: Table,
    private readonly query: { pageSize: number; now: () => number },
  ) {}

  /** @param killAfter the process is killed after so many changes; what is not committed is forgotten */
  async poll(killAfter = Number.POSITIVE_INFINITY): Promise<void> {
    const query = { model: 'x', fields: ['value'], overlapSeconds: 20, ...this.query };
    let left = killAfter;
    for await (const { changes, cursor } of watchChanges(this.table.client, query, this.cursor)) {
      for (const change of changes) {
        if (left-- <= 0) return;
        this.receive(change);
      }
      if (left <= 0) return;
      this.cursor = json(cursor);
    }
  }

  private receive({ key, record }: Change): void {
    if (!this.received.has(key)) this.received.set(key, `${record.id}:${record.value}`);
  }

  get given(): string[] {
    return [...this.received.values()];
  }

  get remembered(): number {
    return Object.keys(this.cursor?.given ?? {}).length;
  }
}

describe('a watch', () => {
  const START = Date.parse('2026-11-21T10:00:00Z');

  it('misses nothing and gives nothing twice: equal times, late commits, kills at any place', async () => {
    const kill = fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined });
    const step = fc.oneof(
      fc.record({
        do: fc.constant('write' as const),
        id: fc.integer({ min: 1, max: 12 }),
        /** Milliseconds that the transaction took. */
        late: fc.integer({ min: 0, max: 20_000 }),
        many: fc.integer({ min: 1, max: 6 }),
        /** Few values, so that a record comes back to an earlier one. */
        value: fc.integer({ min: 0, max: 1 }),
        kill,
      }),
      fc.record({ do: fc.constant('tick' as const), ms: fc.integer({ min: 0, max: 30_000 }) }),
      fc.record({ do: fc.constant('pause' as const), hours: fc.integer({ min: 1, max: 3 }), kill }),
    );
    const property = fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      async (steps, pageSize) => {
        const table = new Table();
        let now = START;
        const receiver = new Receiver(table, { pageSize, now: () => now });
        const written = new Map<number, string[]>();
        const poll = async (killAfter?: number): Promise<void> => {
          if (killAfter !== undefined) await receiver.poll(killAfter);
          await receiver.poll();
        };
        for (const each of steps) {
          if (each.do === 'tick') now += each.ms;
          else if (each.do === 'pause') {
            now += each.hours * 3_600_000;
            await poll(each.kill);
          } else {
            // the time of one record never goes back: its row is locked while another transaction writes it
            for (let id = each.id; id < each.id + each.many; id += 1) {
              const before = table.rows.get(id);
              const stamp = Math.max(now - each.late, before?.stamp ?? 0);
              const same = before && before.value === each.value && shown(before.stamp) === shown(stamp);
              table.rows.set(id, { id, stamp, value: each.value });
              if (!same) written.set(id, [...(written.get(id) ?? []), `${id}:${each.value}`]);
            }
            await poll(each.kill);
          }
        }
        await poll();
        assert.deepEqual(receiver.given.toSorted(), [...written.values()].flat().toSorted());
        for (const [id, states] of written)
          assert.deepEqual(
            receiver.given.filter((state) => state.startsWith(`${id}:`)),
            states,
            'in their order',
          );
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  it('after a kill in the middle of a page it goes on with what is there then', async () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('write' as const),
        id: fc.integer({ min: 1, max: 8 }),
        late: fc.integer({ min: 0, max: 20_000 }),
      }),
      fc.record({ do: fc.constant('tick' as const), ms: fc.integer({ min: 0, max: 30_000 }) }),
      fc.record({
        do: fc.constant('poll' as const),
        kill: fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined }),
      }),
    );
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 60 }),
      fc.integer({ min: 1, max: 5 }),
      async (steps, pageSize) => {
        const table = new Table();
        let now = START;
        let value = 0;
        const receiver = new Receiver(table, { pageSize, now: () => now });
        // a record changes at once or when its transaction ends, but never later than 20 s
        for (const each of steps) {
          if (each.do === 'tick') now += each.ms;
          else if (each.do === 'poll') await receiver.poll(each.kill);
          else {
            const stamp = Math.max(now - each.late, table.rows.get(each.id)?.stamp ?? 0);
            table.rows.set(each.id, { id: each.id, stamp, value: ++value });
          }
        }
        await receiver.poll();
        for (const { id, value: state } of table.rows.values()) {
          const own = receiver.given
            .filter((text) => text.startsWith(`${id}:`))
            .map((text) => Number(text.split(':')[1]));
          assert.equal(own.at(-1), state, 'the last state is there');
          assert.deepEqual(
            own,
            [...new Set(own)].toSorted((a, b) => a - b),
            'none twice, all in order',
          );
        }
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  it('a record that comes back to an earlier state in the same second is another change', async () => {
    const table = new Table();
    const receiver = new Receiver(table, { pageSize: 5, now: () => START });
    for (const value of [0, 1, 0, 1]) {
      table.rows.set(1, { id: 1, stamp: START, value });
      await receiver.poll(1);
      await receiver.poll();
    }
    assert.deepEqual(receiver.given, ['1:0', '1:1', '1:0', '1:1']);
  });

  it('reads what is long past once, and remembers nothing of it, however much is of one second', async () => {
    const table = new Table();
    for (let id = 1; id <= 1000; id += 1) table.rows.set(id, { id, stamp: START + (id % 7), value: 0 });
    const receiver = new Receiver(table, { pageSize: 50, now: () => START + 3_600_000 });
    await receiver.poll(475);
    await receiver.poll();
    assert.equal(receiver.given.length, 1000);
    assert.equal(receiver.remembered, 0);
    assert.ok(table.largestRequest < 200, `${table.largestRequest} characters`);
  });

  it('remembers what is of the last minutes, and lets it go when they are over', async () => {
    const table = new Table();
    let now = START;
    for (let id = 1; id <= 30; id += 1) table.rows.set(id, { id, stamp: START, value: 0 });
    const receiver = new Receiver(table, { pageSize: 50, now: () => now });
    await receiver.poll();
    assert.equal(receiver.remembered, 30);
    now += 3_600_000;
    await receiver.poll();
    assert.equal(receiver.remembered, 0);
    assert.equal(receiver.given.length, 30);
  });
});
