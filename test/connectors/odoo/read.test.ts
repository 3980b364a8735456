import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type OdooClient,
  pollChanges,
  readRecords,
  type WatchCursor,
  watchChanges,
} from '../../../connectors/odoo';
import { Books } from './books';
import { invoice } from './documents';

describe('reading', () => {
  let books: Books;
  before(async () => {
    books = await Books.open(17);
    for (let index = 0; index < 7; index += 1) await books.post(invoice(`read_${index}`));
  });
  after(() => books.close());

  const collect = async (pageSize: number, domain: unknown[]) => {
    const ids: number[] = [];
    const query = { model: 'account.move', domain, fields: ['name'], pageSize, company: 1 };
    for await (const { id } of readRecords(books.client, query)) ids.push(Number(id));
    return ids;
  };

  it('gives every record once, whatever the size of a page', async () => {
    const all = await collect(500, []);
    assert.equal(all.length, 7);
    for (const size of [1, 2, 3, 7]) assert.deepEqual(await collect(size, []), all);
    const either = ['|', ['ref', '=', 'S-read_1'], ['ref', '=', 'S-read_5']];
    assert.deepEqual(await collect(1, either), [all[1], all[5]]);
  });

  it('asks for the next page only when it is wanted', async () => {
    let calls = 0;
    const client = Object.assign(Object.create(books.client) as OdooClient, {
      call: (...args: Parameters<OdooClient['call']>) => {
        calls += 1;
        return books.client.call(...args);
      },
    });
    for await (const _row of readRecords(client, { model: 'account.move', fields: ['name'], pageSize: 2 }))
      break;
    assert.equal(calls, 1);
  });

  it('watches what people and we do: every posted state once', async () => {
    const query = {
      model: 'account.move',
      domain: [['state', '=', 'posted']],
      fields: ['name', 'payment_state'],
      company: 1,
      pageSize: 3,
    };
    const given: number[] = [];
    let cursor: WatchCursor | undefined;
    for await (const changes of watchChanges(books.client, query)) {
      given.push(...changes.records.map(({ id }) => Number(id)));
      cursor = JSON.parse(JSON.stringify(changes.cursor)) as WatchCursor;
    }
    assert.equal(given.length, 7);
    assert.deepEqual((await pollChanges(books.client, query, cursor)).records, []);
    const posted = await books.post(invoice('read_later'));
    const next = await pollChanges(books.client, query, cursor);
    assert.deepEqual(
      next.records.map(({ id }) => id),
      [posted.moveId],
    );
  });
});

/** A table whose writers commit late: stamped when they begin, seen when they end. */
class Table {
  readonly rows = new Map<number, { id: number; write_date: string; value: number }>();
  readonly client: OdooClient;

  constructor() {
    const call: OdooClient['call'] = (_model, _method, input) => {
      const { domain, limit } = (input?.named ?? {}) as {
        domain: [string, string, unknown][];
        limit: number;
      };
      const from = domain.find(([field]) => field === 'write_date')?.[2] as string;
      const but = domain.find(([field]) => field === 'id')?.[2] as number[];
      const found = [...this.rows.values()]
        .filter(({ id, write_date }) => write_date >= from && !but.includes(id))
        .sort((a, b) => (a.write_date === b.write_date ? a.id - b.id : a.write_date < b.write_date ? -1 : 1));
      return Promise.resolve(found.slice(0, limit).map((row) => ({ ...row })));
    };
    const version = () => Promise.resolve({ serverVersion: '17.0', major: 17 });
    this.client = { url: '', database: '', concurrency: 1, version, close: () => undefined, call };
  }
}

describe('watching', () => {
  it('misses nothing and gives no state twice, at equal times and with late commits', async () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('write' as const),
        id: fc.integer({ min: 1, max: 12 }),
        /** Seconds that the transaction took. */
        late: fc.integer({ min: 0, max: 20 }),
        many: fc.integer({ min: 1, max: 4 }),
      }),
      fc.record({ do: fc.constant('tick' as const), seconds: fc.integer({ min: 0, max: 30 }) }),
      fc.record({ do: fc.constant('poll' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        async (steps, pageSize) => {
          const table = new Table();
          const query = { model: 'x', fields: ['value'], pageSize, overlapSeconds: 20 };
          const given: string[] = [];
          let now = Date.parse('2026-11-21T10:00:00Z');
          let value = 0;
          let cursor: WatchCursor | undefined;
          const written: string[] = [];
          const poll = async (): Promise<void> => {
            for (let hasMore = true; hasMore; ) {
              const changes = await pollChanges(table.client, query, cursor);
              given.push(...changes.records.map(({ id, value: state }) => `${id}:${state}`));
              cursor = JSON.parse(JSON.stringify(changes.cursor)) as WatchCursor;
              hasMore = changes.hasMore;
            }
          };
          for (const each of steps) {
            if (each.do === 'tick') now += each.seconds * 1000;
            else if (each.do === 'poll') await poll();
            else {
              // a second never goes back for one record: its row is locked while another writes it
              for (let id = each.id; id < each.id + each.many; id += 1) {
                const stamp = new Date(now - each.late * 1000).toISOString().slice(0, 19).replace('T', ' ');
                const before = table.rows.get(id)?.write_date ?? '';
                value += 1;
                table.rows.set(id, { id, write_date: stamp > before ? stamp : before || stamp, value });
              }
              await poll();
              for (const { id, value: state } of table.rows.values()) {
                const mark = `${id}:${state}`;
                if (!written.includes(mark)) written.push(mark);
              }
            }
          }
          await poll();
          assert.deepEqual([...given].sort(), [...written].sort());
        },
      ),
      { numRuns: 150 },
    );
  });
});
