import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DEMO_LOGIN, demoSeed, type RunningOdoo, startOdoo } from '../../../sandbox/odoo';
import { Caller, RpcError } from './caller';

const NOW = new Date('2026-11-21T10:00:00Z');
const refused = (name: RegExp) => (error: unknown) =>
  error instanceof RpcError && name.test(error.pythonName);

describe('Sandbox Odoo: users, keys and what they may do', () => {
  let server: RunningOdoo;
  let user: Caller;
  let admin: Caller;
  const start = async (version: '16.0' | '17.0' | '19.0', dataFile?: string) => {
    server = await startOdoo({ version, seed: demoSeed(), now: () => NOW, dataFile });
    [user, admin] = [new Caller(server.url), Caller.admin(server.url)];
  };
  afterEach(() => server.close());

  it('tells a user its own keys and an administrator all, and nobody the key itself', async () => {
    await start('19.0');
    const keys = (caller: Caller) =>
      caller.call<object[]>('res.users.apikeys', 'search_read', [[], ['name']]);
    assert.equal((await keys(user)).length, 1);
    assert.equal((await keys(admin)).length, 1);
    await assert.rejects(user.call('res.users.apikeys', 'search_read', [[], ['key']]), refused(/ValueError/));
    await assert.rejects(user.call('res.users.apikeys', 'create', [{ name: 'x' }]), refused(/AccessError/));
  });

  it('lets a key in until it is revoked: by its user on 19, by a person before', async () => {
    await start('17.0');
    const [id] = await user.call<number[]>('res.users.apikeys', 'search', [[]]);
    const body = JSON.stringify({ do: 'delete', model: 'res.users.apikeys', id });
    assert.equal((await fetch(`${server.url}/_sandbox/edit`, { method: 'POST', body })).status, 200);
    await assert.rejects(user.call('res.users', 'context_get', []), refused(/AccessDenied/));
    assert.ok(await admin.call('res.users', 'context_get', []), 'a password goes on');
  });

  it('answers what a user may do as each version does', async () => {
    await start('17.0');
    const may = (caller: Caller, operation: string) =>
      caller.call('account.journal', 'check_access_rights', [operation, false]);
    assert.equal(await may(user, 'read'), true);
    assert.equal(await may(user, 'write'), false);
    assert.equal(await may(admin, 'write'), true);
    const raising = user.call('account.journal', 'check_access_rights', ['write']);
    await assert.rejects(raising, refused(/AccessError/));
    assert.equal(await user.call('res.users', 'has_group', ['account.group_account_invoice']), true);
    await assert.rejects(user.call('account.journal', 'has_access', [[], 'read']), refused(/AttributeError/));
    await server.close();
    await start('19.0');
    assert.equal(await user.call('account.journal', 'has_access', [[], 'write']), false);
    assert.equal(await user.call('account.journal', 'has_access', [[1], 'read']), true);
    assert.equal(await user.call('account.journal', 'has_access', [[999], 'read']), false);
    const group = [[DEMO_LOGIN.uid], 'account.group_account_user'];
    assert.equal(await user.call('res.users', 'has_group', group), false);
  });

  it('keeps bank accounts of partners, each number once', async () => {
    await start('17.0');
    const account = { partner_id: 7, acc_number: 'DE02 1203 0000 0000 2020 51' };
    const id = await user.call<number>('res.partner.bank', 'create', [account]);
    const [row] = await user.read('res.partner.bank', [id], ['sanitized_acc_number', 'partner_id']);
    assert.deepEqual(row, {
      id,
      sanitized_acc_number: 'DE02120300000000202051',
      partner_id: [7, 'Mustermann Handel GmbH'],
    });
    const twin = { ...account, acc_number: 'de02120300000000202051' };
    await assert.rejects(user.call('res.partner.bank', 'create', [twin]), refused(/ValidationError/));
    await user.call('res.partner.bank', 'create', [{ ...twin, partner_id: 8 }]);
  });

  it('goes on with the data file of an earlier sandbox, where keys stood with their users', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ledgerway-odoo-'));
    const file = join(folder, 'odoo.db');
    await start('17.0', file);
    await server.close();
    const data = new DatabaseSync(file);
    data.exec("DELETE FROM record WHERE model IN ('res.users.apikeys', 'ir.model')");
    data
      .prepare(
        "UPDATE record SET body = json_set(body, '$.api_keys', json(?)) WHERE model = 'res.users' AND id = ?",
      )
      .run(JSON.stringify([DEMO_LOGIN.apiKey]), DEMO_LOGIN.uid);
    data.close();
    await start('17.0', file);
    assert.ok(await user.call('res.users', 'context_get', []));
    assert.equal(
      (await admin.call<number[]>('ir.model', 'search', [[['model', '=', 'account.move']]])).length,
      1,
    );
    rmSync(folder, { recursive: true });
  });
});
