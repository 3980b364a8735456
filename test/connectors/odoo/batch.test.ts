import assert from 'node:assert/strict';
import {
  Batcher,
  type LoadRequest,
  lookupMove,
  type OdooClient,
  prepareInvoice,
} from '../../../connectors/odoo';
import type { FinanceError } from '../../../errors';
import type { Invoice } from '../../../finance/documents';
import { Books, keyOf, untilDone } from './books';
import { invoice } from './documents';
import { entry, payment } from './kinds';

/** A client that notes how many records each call held. */
function counted(client: OdooClient): { client: OdooClient; calls: Record<string, number[]> } {
  const calls: Record<string, number[]> = {};
  const note = (name: string, size: number) => {
    calls[name] = [...(calls[name] ?? []), size];
  };
  const watching: OdooClient = {
    url: client.url,
    database: client.database,
    concurrency: client.concurrency,
    version: () => client.version(),
    close: () => client.close(),
    call(model, method, input, options) {
      const data = input?.named?.data as string[][] | undefined;
      const keys = data?.filter(([key]) => key !== '');
      if (model.startsWith('account.')) note(method, keys?.length ?? input?.ids?.length ?? 0);
      return client.call(model, method, input, options);
    },
  };
  return { client: watching, calls };
}

describe('micro-batches', () => {
  let books: Books;
  before(async () => {
    books = await Books.open(17);
  });
  after(() => books.close());

  const many = (name: string, count: number): Invoice[] =>
    Array.from({ length: count }, (_, index) => invoice(`${name}_${index}`));
  const bad = (document: Invoice): Invoice => ({
    ...document,
    posting: { ...document.posting, journal: 'NOPE' },
  });
  const post = (client: OdooClient, documents: Invoice[], writer = new Batcher(client)) =>
    Promise.allSettled(documents.map((document) => books.post(document, { writer }, client)));

  it('one load and one post for all that come together, each with its own result', async () => {
    const { client, calls } = counted(books.client);
    const documents = many('together', 12);
    const posted = await post(client, documents);
    assert.ok(posted.every(({ status }) => status === 'fulfilled'));
    assert.deepEqual(calls.load, [12]);
    assert.deepEqual(calls.action_post, [12]);
    for (const [index, document] of documents.entries()) {
      const result = posted[index];
      assert.ok(result?.status === 'fulfilled');
      assert.deepEqual(await books.moves(document.number ?? ''), [result.value.moveId]);
    }
    assert.ok((calls.search_read?.length ?? 0) < 20, `${calls.search_read?.length} reads`);
  });

  it('what is too much for one batch goes in equal ones, and fills up while the workers are busy', async () => {
    const { client, calls } = counted(books.client);
    const writer = new Batcher(client, { size: 5, windowMs: 1, concurrency: 1 });
    await books.fault({
      match: { model: 'account.move', method: 'load' },
      mode: 'delay',
      delayMs: 60,
      times: 1,
    });
    await post(client, many('full', 12), writer);
    assert.deepEqual(calls.load, [4, 4, 4]);
  });

  it('free workers share what is enough for each', async () => {
    const { client, calls } = counted(books.client);
    await post(client, many('shared', 60));
    assert.deepEqual(calls.load, [30, 30]);
  });

  it('one bad record in every position is taken out, the others go on', async () => {
    const count = 6;
    for (let position = 0; position < count; position += 1) {
      const documents = many(`bad${position}`, count);
      const requests: LoadRequest[] = [];
      for (const [index, document] of documents.entries()) {
        const { load } = await prepareInvoice(books.client, document, books.options(document));
        const column = load.fields.indexOf('invoice_line_ids/account_id/.id');
        requests.push(
          index === position ? { ...load, data: load.data.map((row) => row.with(column, '999999')) } : load,
        );
      }
      const batcher = new Batcher(books.client);
      const results = await Promise.allSettled(requests.map((request) => batcher.load(request)));
      assert.deepEqual(
        results.map(({ status }) => status),
        documents.map((_, index) => (index === position ? 'rejected' : 'fulfilled')),
      );
      const failed = results[position];
      assert.ok(failed?.status === 'rejected');
      assert.equal((failed.reason as FinanceError).code, 'ODOO_MISSING');
      for (const [index, document] of documents.entries())
        assert.equal((await books.moves(document.number ?? '')).length, index === position ? 0 : 1);
    }
  });

  it('what cannot be posted is taken out by halves, in every position', async () => {
    for (const position of [0, 3, 6]) {
      const documents = many(`halves${position}`, 7);
      const edit = async (): Promise<void> => {
        const ids = await books.moves(`S-halves${position}_${position}`);
        await books.edit('account.move', ids[0] ?? 0, { invoice_line_ids: [[5]] });
      };
      const batcher = new Batcher(books.client);
      const loads: LoadRequest[] = [];
      for (const document of documents)
        loads.push((await prepareInvoice(books.client, document, books.options(document))).load);
      const ids = await Promise.all(loads.map((request) => batcher.load(request)));
      await edit();
      const results = await Promise.allSettled(ids.map((id) => batcher.post('account.move', id, 1)));
      assert.deepEqual(
        results.map(({ status }) => status),
        documents.map((_, index) => (index === position ? 'rejected' : 'fulfilled')),
      );
    }
  });

  it('a key that comes twice goes in two batches and is one move', async () => {
    const { client, calls } = counted(books.client);
    const document = invoice('twice');
    const posted = await post(client, [document, document, invoice('other')]);
    const ids = posted.map((result) => (result.status === 'fulfilled' ? result.value.moveId : 0));
    assert.equal(ids[0], ids[1]);
    assert.notEqual(ids[0], ids[2]);
    assert.deepEqual(calls.load?.toSorted(), [1, 2]);
  });

  it('a race that is lost is repeated, without the callers noticing', async () => {
    const match = { model: 'account.move', method: 'load' };
    await books.fault({ match, mode: 'serialization', times: 3 });
    await books.fault({ match: { ...match, method: 'action_post' }, mode: 'serialization', times: 2 });
    const posted = await post(books.client, many('race', 4));
    assert.ok(posted.every(({ status }) => status === 'fulfilled'));
  });

  it('a lost answer is in doubt for all of the batch, and nothing is made twice', async () => {
    const documents = many('lost', 5);
    for (const method of ['load', 'action_post']) {
      await books.fault({ match: { model: 'account.move', method }, mode: 'drop-after-commit', times: 1 });
      const results = await post(books.client, documents);
      assert.ok(
        results.every(
          (result) => result.status === 'rejected' && (result.reason as FinanceError).kind === 'in_doubt',
        ),
      );
      for (const document of documents)
        assert.equal(
          (await lookupMove(books.client, keyOf(document), 1))?.state,
          method === 'load' ? 'draft' : 'posted',
        );
    }
    await post(books.client, documents);
    for (const document of documents) assert.equal((await books.moves(document.number ?? '')).length, 1);
  });

  it('documents of several kinds, columns and outcomes at once each get their own', async () => {
    const writer = new Batcher(books.client);
    const results = await Promise.allSettled([
      books.post(invoice('mixed_1'), { writer }),
      books.post(entry('mixed'), { writer }),
      books.post(payment('mixed', []), { writer }),
      books.post(bad(invoice('mixed_bad')), { writer }),
      books.post(invoice('mixed_2', { dueDate: undefined }), { writer }),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
    );
  });

  it('four workers race over the same keys, round after round: one move each', async function () {
    const rounds = Number(process.env.LEDGERWAY_RACE_ROUNDS ?? 12);
    this.timeout(10_000 + rounds * 500);
    const workers = Array.from({ length: 4 }, () => books.connect());
    const writers = workers.map((client) => new Batcher(client));
    for (let round = 0; round < rounds; round += 1) {
      const documents = [invoice(`duel_${round}_a`), invoice(`duel_${round}_b`)];
      const ids = await Promise.all(
        workers.flatMap((client, index) =>
          documents.map((document) =>
            untilDone(() => books.post(document, { writer: writers[index] }, client)),
          ),
        ),
      );
      assert.equal(new Set(ids.map(({ moveId }) => moveId)).size, 2);
      for (const document of documents) assert.equal((await books.moves(document.number ?? '')).length, 1);
    }
  });
});
