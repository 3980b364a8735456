import assert from 'node:assert/strict';
import { domainOf, type OdooClient, readPages, readRecords } from '../../../connectors/odoo';
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

  it('goes on where an earlier reading ended, up to a limit', async () => {
    const query = { model: 'account.move', fields: ['name'], pageSize: 2, company: 1 };
    const all = await collect(500, []);
    const pages: number[][] = [];
    for await (const page of readPages(books.client, { ...query, after: all[1], limit: 3 }))
      pages.push(page.map(({ id }) => Number(id)));
    assert.deepEqual(pages, [all.slice(2, 4), all.slice(4, 5)]);
  });
});

describe('a domain', () => {
  const give = (source: string, input: unknown = {}) => domainOf(source)(input);

  it('is JSON, or takes values from outside', async () => {
    const json = ['|', ['a', '=', 1], '!', ['b', 'in', [1, 2]]];
    assert.deepEqual(await give(JSON.stringify(json)), json);
    assert.deepEqual(await give(''), []);
    const input = { payload: { ref: 'S-1', ids: [4, 5] } };
    assert.deepEqual(await give('[["ref", "=", payload.ref], ["id", "in", [payload.ids]]]', input), [
      ['ref', '=', 'S-1'],
      ['id', 'in', [4, 5]],
    ]);
  });

  it('that lacks a value, a condition or its brackets is refused, not asked', async () => {
    for (const source of [
      '[["ref", "=", payload.ref]]',
      '["|", ["a", "=", 1]]',
      '[["a", "=", 1, 2]]',
      '["a", "=", 1]',
      '{"a": 1}',
      'nothing',
    ])
      await assert.rejects(give(source), { code: 'MAP_EXPRESSION' }, source);
    assert.throws(() => domainOf('[['), { code: 'MAP_EXPRESSION' });
  });
});
