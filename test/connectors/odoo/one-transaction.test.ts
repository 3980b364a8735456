import assert from 'node:assert/strict';
import {
  ACTION_CODE,
  actionOf,
  installAction,
  lookupMove,
  removeAction,
  searchRead,
} from '../../../connectors/odoo';
import { Books, keyOf } from './books';
import { invoice, withTax } from './documents';
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
});

describe('installing the action', () => {
  let books: Books;
  beforeEach(async () => {
    books = await Books.open(17);
  });
  afterEach(() => books.close());
  const actions = () => searchRead(books.admin, 'ir.actions.server', [], ['name', 'state', 'code']);

  it('makes it with a key of its own, and finds it again', async () => {
    const id = await installAction(books.admin);
    const [made, ...others] = await actions();
    assert.deepEqual(
      [made, others],
      [{ id, name: 'Ledgerway: load and post', state: 'code', code: ACTION_CODE }, []],
    );
    await books.edit('ir.actions.server', id, { code: 'pass' });
    assert.equal(await installAction(books.admin), id);
    assert.deepEqual(
      (await actions()).map(({ code }) => code),
      [ACTION_CODE],
      'brought to the present code',
    );
    assert.deepEqual(await actionOf(books.admin, 'ledgerway.load_and_post'), { actionId: id });
  });

  it('takes up an action that was cut off from its key, and leaves those of others alone', async () => {
    const other = { name: 'Load and post', state: 'code', code: 'pass' };
    await books.admin.call('ir.actions.server', 'create', { named: { vals_list: [other] } });
    await books.fault({
      match: { model: 'ir.model.data', method: 'create' },
      mode: 'connection-lost',
      times: 1,
    });
    await assert.rejects(installAction(books.admin));
    const [, orphan, ...more] = await actions();
    assert.deepEqual(more, []);
    assert.equal(await installAction(books.admin), orphan?.id);
    assert.equal((await actions()).length, 2, 'neither made again nor taken from others');
    assert.deepEqual(await actionOf(books.admin, 'ledgerway.load_and_post'), { actionId: orphan?.id });
  });

  it('what was installed posts, and takes two steps where the source has another tax', async () => {
    const oneTransaction = { actionId: await installAction(books.admin) };
    assert.equal((await books.post(invoice('one'), { oneTransaction })).state, 'posted');
    const other = await books.post(withTax(invoice('two'), '18.99', '118.99'), { oneTransaction });
    assert.deepEqual([other.state, other.amountTax], ['posted', '18.99']);
  });

  it('is for administrators, and they can take it away', async () => {
    await assert.rejects(installAction(books.client), { code: 'ODOO_ACCESS' });
    const id = await installAction(books.admin);
    assert.equal(await removeAction(books.admin), id);
    assert.equal(await removeAction(books.admin), undefined);
    assert.deepEqual(await actions(), []);
  });
});
