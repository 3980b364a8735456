import assert from 'node:assert/strict';
import { ACTION_CODE, installAction, lookupMove, type OdooClient } from '../../../connectors/odoo';
import { FinanceError } from '../../../errors';
import { Books, keyOf } from './books';
import { invoice } from './documents';
import { bill, entry } from './kinds';

describe('load and post in one transaction', () => {
  let books: Books;
  const oneTransaction = { actionId: 1 };
  before(async () => {
    books = await Books.open(17, 'auto', [], [{ id: 1, name: 'Load and post', does: 'load_and_post' }]);
  });
  after(() => books.close());

  it('posts invoices, bills and entries once', async () => {
    for (const document of [invoice('one'), bill('one'), entry('one')]) {
      const posted = await books.post(document, { oneTransaction });
      assert.equal(posted.state, 'posted');
      assert.deepEqual(await books.post(document, { oneTransaction }), posted);
      assert.deepEqual(await books.post(document), posted);
    }
  });

  it('a lost answer leaves one posted move', async () => {
    const document = invoice('lost');
    const match = { model: 'ir.actions.server', method: 'run' };
    await books.fault({ match, mode: 'drop-after-commit', times: 1 });
    await assert.rejects(books.post(document, { oneTransaction }), { kind: 'in_doubt' });
    assert.equal((await lookupMove(books.client, keyOf(document), 1))?.state, 'posted');
    const posted = await books.post(document, { oneTransaction });
    assert.deepEqual(await books.moves('S-lost'), [posted.moveId]);
  });

  it('a draft that is there is compared before it is posted', async () => {
    const document = invoice('draft');
    const { load } = await books.prepared(document);
    const { fields, data } = load;
    const context = { mode: 'update', noupdate: true };
    const made = await books.client.call('account.move', 'load', { named: { fields, data }, context });
    const [id = 0] = (made as { ids: number[] }).ids;
    await books.edit('account.move', id, { ref: 'mine' });
    await assert.rejects(books.post(document, { oneTransaction }), { code: 'DOCUMENT_CONFLICT' });
  });

  it('is not asked in a locked period', async () => {
    await books.lock({ fiscalyear_lock_date: '2026-10-31' });
    const document = invoice('locked', { issueDate: '2026-10-31' });
    await assert.rejects(books.post(document, { oneTransaction }), { code: 'ODOO_DATE_MOVED' });
    assert.equal(await lookupMove(books.client, keyOf(document), 1), undefined);
  });

  it("another tax than the source's goes in two steps", async () => {
    const document = invoice('two_steps');
    const other = new FinanceError('ODOO_VALIDATION', { message: 'Odoo: LEDGERWAY_OTHER_TOTAL 7' });
    const client = Object.assign(Object.create(books.client) as OdooClient, {
      call: (...args: Parameters<OdooClient['call']>) =>
        args[0] === 'ir.actions.server' ? Promise.reject(other) : books.client.call(...args),
      version: () => books.client.version(),
    });
    assert.equal((await books.post(document, { oneTransaction }, client)).state, 'posted');
  });
});

describe('installing the action', () => {
  function administered(installed?: number): { admin: OdooClient; calls: unknown[] } {
    const calls: unknown[] = [];
    const admin: OdooClient = {
      url: '',
      database: '',
      concurrency: 1,
      version: () => Promise.resolve({ serverVersion: '17.0', major: 17 }),
      close: () => undefined,
      call(model, method, input) {
        if (method === 'check_object_reference') {
          if (installed !== undefined) return Promise.resolve(['ir.actions.server', installed]);
          return Promise.reject(new FinanceError('ODOO_MISSING'));
        }
        if (method === 'search_read') return Promise.resolve([{ id: 88, model: 'account.move' }]);
        calls.push([model, method, input?.named]);
        return Promise.resolve(model === 'ir.actions.server' ? [328] : [1]);
      },
    };
    return { admin, calls };
  }

  it('makes it with a key of its own, and finds it again', async () => {
    const { admin, calls } = administered();
    assert.equal(await installAction(admin), 328);
    assert.deepEqual(calls, [
      [
        'ir.actions.server',
        'create',
        {
          vals_list: [{ name: 'Ledgerway: load and post', model_id: 88, state: 'code', code: ACTION_CODE }],
        },
      ],
      [
        'ir.model.data',
        'create',
        {
          vals_list: [
            {
              module: 'ledgerway',
              name: 'load_and_post',
              model: 'ir.actions.server',
              res_id: 328,
              noupdate: true,
            },
          ],
        },
      ],
    ]);
    const again = administered(328);
    assert.equal(await installAction(again.admin), 328);
    assert.deepEqual(again.calls, [['ir.actions.server', 'write', { vals: { code: ACTION_CODE } }]]);
  });
});
