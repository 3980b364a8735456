import { strict as assert } from 'node:assert';
import { openSqliteStore } from '../../engine';
import { layoutOf } from '../../runtime';
import { ledgerway } from '../support/command';
import { PIPELINE, receive, Scratch, take } from '../support/store';

const ODOO = 'http://odoo:8069/books';

describe('ledgerway targets', () => {
  let scratch: Scratch;
  beforeEach(() => {
    scratch = new Scratch();
  });
  afterEach(() => scratch.remove());

  const run = (...args: string[]) => ledgerway(['targets', ...args, '--data', scratch.folder]);

  it('a paused target takes no step until it is resumed, over restarts, with name and reason', async () => {
    await (await openSqliteStore({ file: layoutOf(scratch.folder).store })).close();
    const by = ['--actor', 'omar', '--reason', 'Odoo is upgraded'];
    assert.equal((await run('pause', ODOO, ...by)).code, 0);
    assert.match((await run('list')).stdout, /http:\/\/odoo:8069\/books/);
    const store = await openSqliteStore({ file: layoutOf(scratch.folder).store });
    await store.syncPipelines([PIPELINE]);
    await receive(store, 'in_1');
    const context = await take(store);
    const intent = { ...context, kind: 'odoo.load', target: ODOO, externalKey: 'k', request: {}, name: 'n' };
    assert.equal((await store.intend(intent)).status, 'paused');
    await store.close();
    assert.equal((await run('resume', ODOO, ...by)).code, 0);
    const again = await openSqliteStore({ file: layoutOf(scratch.folder).store });
    assert.equal((await again.intend({ ...intent, ...(await take(again)) })).status, 'new');
    assert.equal((await again.audit()).ok, true);
    await again.close();
  });

  it('refuses a decision without a name or a reason', async () => {
    const { code, stderr } = await run('pause', ODOO);
    assert.equal(code, 1);
    assert.match(stderr, /CONFIG_INVALID: Say: ledgerway targets/);
  });
});
