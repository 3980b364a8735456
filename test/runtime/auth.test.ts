import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROLES } from '../../console/api/permissions';
import { consumerToken, type Store, tokenHashOf } from '../../engine';
import { adminAuth, Users } from '../../runtime/auth';
import { hashPassword, isPassword } from '../../runtime/passwords';
import { Scratch } from '../support/store';

interface Profile {
  username: string;
  permissions: string | string[];
  console: {
    name: string;
    permissions: Set<string>;
    entities?: string[];
    periodFrom?: string;
    periodTo?: string;
  };
}
interface Auth {
  users(name: string): Promise<Profile | null>;
  authenticate(name: string, password: string): Promise<Profile | null>;
  default(): Promise<null>;
  tokens(token: string): Promise<Profile | null>;
}

const LOGIN = { user: 'admin', password: 'right' };

describe('Users and roles', () => {
  let folder: string;
  let file: string;
  let scryptHash: string;
  before(async () => {
    scryptHash = await hashPassword('correct horse battery');
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ledgerway-users-'));
    file = join(folder, 'users.json');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  let changes = 0;
  function write(users: unknown): void {
    writeFileSync(file, JSON.stringify(users));
    utimesSync(file, 1_000, 1_000 + ++changes);
  }
  const open = () => adminAuth(new Users(LOGIN, file)) as Auth;
  const clara = (more: object = {}) => ({
    user: 'clara',
    scryptHash,
    roles: ['clerk'],
    entities: ['acme_de'],
    ...more,
  });

  it('a password is kept as a salted hash, another each time', async () => {
    const other = await hashPassword('correct horse battery');
    assert.notEqual(other, scryptHash);
    assert.deepEqual(
      [await isPassword('correct horse battery', other), await isPassword('wrong', other)],
      [true, false],
    );
    assert.ok(!scryptHash.includes('horse'));
  });

  it('the administrator of the environment may all', async () => {
    write([]);
    const auth = open();
    const profile = await auth.authenticate('admin', 'right');
    assert.deepEqual([profile!.permissions, [...profile!.console.permissions]], ['*', [...ROLES.admin]]);
    assert.equal(profile!.console.entities, undefined);
    assert.equal(await auth.authenticate('admin', 'wrong'), null);
    assert.equal(await auth.authenticate('eva', 'right'), null);
    assert.equal(await auth.default(), null);
  });

  it('a user of the file has the permissions of the roles, within the entities, and the editor by role', async () => {
    write([
      clara(),
      clara({ user: 'ingo', roles: ['integrator', 'clerk'], entities: null }),
      clara({ user: 'olga', roles: ['operator'], entities: null }),
    ]);
    const auth = open();
    const profile = await auth.authenticate('clara', 'correct horse battery');
    assert.deepEqual([...profile!.console.permissions].sort(), [...ROLES.clerk].sort());
    assert.deepEqual([profile!.permissions, profile!.console.entities], [[], ['acme_de']]);
    assert.equal(await auth.authenticate('clara', 'wrong'), null);
    const ingo = await auth.users('ingo');
    assert.deepEqual([ingo!.permissions, ingo!.console.entities], ['*', undefined]);
    assert.ok(
      ingo!.console.permissions.has('exceptions.resolve') &&
        ingo!.console.permissions.has('pipelines.operate'),
    );
    assert.equal((await auth.users('olga'))!.permissions, '*.read');
  });

  it('a change of the file counts at once; a file that is no longer right lets nobody of it in', async () => {
    write([clara()]);
    const auth = open();
    assert.ok(await auth.users('clara'));
    write([clara({ roles: ['auditor'] })]);
    assert.ok((await auth.users('clara'))!.console.permissions.has('export'));
    write([]);
    assert.equal(await auth.users('clara'), null);
    write('nonsense');
    assert.equal(await auth.users('clara'), null);
    assert.ok(await auth.authenticate('admin', 'right'));
  });

  it('who sees only some entities has nothing of the editor, whose flows are of all', async () => {
    write([
      clara({ user: 'ingo', roles: ['integrator', 'admin'] }),
      clara({ user: 'otto', roles: ['operator'] }),
    ]);
    for (const name of ['ingo', 'otto']) assert.deepEqual((await open().users(name))!.permissions, []);
    write([clara({ user: 'otto', roles: ['operator'], entities: null })]);
    assert.equal((await open().users('otto'))!.permissions, '*.read');
  });

  it('that a file is not valid any more is told once', async () => {
    write([clara()]);
    const told: unknown[] = [];
    const users = new Users(LOGIN, file, (error) => told.push(error));
    write('nonsense');
    for (let n = 0; n < 3; n++) assert.equal(await users.find('clara'), null);
    assert.deepEqual(
      told.map((error) => (error as { code: string }).code),
      ['CONFIG_INVALID'],
    );
    write([clara()]);
    assert.ok(await users.find('clara'));
  });

  it('a start with a file that is not right fails and says why', () => {
    const wrong: [unknown, RegExp][] = [
      [{}, /list/],
      [[{}], /user 1 has no name/],
      [[clara({ scryptHash: 'plain' })], /ledgerway user hash/],
      [[clara({ roles: ['boss'] })], /role/],
      [[clara({ entities: undefined })], /entities/],
      [[clara(), clara()], /twice/],
      [[clara(), clara({ user: 'Clara\u200b' })], /twice/],
      [[clara({ user: 'Admin' })], /administrator/],
      [[clara({ user: 'consumer:clara' })], /consumer:/],
    ];
    for (const [users, message] of wrong) {
      write(users);
      assert.throws(() => new Users(LOGIN, file), { code: 'CONFIG_INVALID', message });
    }
    assert.throws(() => new Users(LOGIN, join(folder, 'none')), { code: 'CONFIG_INVALID' });
  });
});

describe('Tokens of consumers', () => {
  const scratch = new Scratch();
  let store: Store;
  let auth: Auth;
  before(async () => {
    store = await scratch.store();
    auth = adminAuth(new Users(LOGIN), (token) =>
      store.findConsumer({ tokenHash: tokenHashOf(token) }),
    ) as Auth;
  });
  after(() => scratch.remove());

  async function register(name: string, more: { expiresAt?: number; functions?: string[] } = {}) {
    const { token, tokenHash } = consumerToken();
    const { id } = await store.createConsumer({
      name,
      tokenHash,
      entities: ['acme_de'],
      functions: ['documents.read', 'export'],
      periodFrom: '2026-01',
      periodTo: '2026-03',
      expiresAt: Date.now() + 60_000,
      actor: 'admin',
      ...more,
    });
    return { id, token };
  }

  it('let in as far as they were registered for, and not into the editor', async () => {
    const { token } = await register('auditor');
    const profile = await auth.tokens(token);
    const { name, permissions, entities, periodFrom, periodTo } = profile!.console;
    assert.deepEqual([profile!.permissions, name], [[], 'consumer:auditor']);
    assert.deepEqual(
      [[...permissions], entities, periodFrom, periodTo],
      [['documents.read', 'export'], ['acme_de'], '2026-01', '2026-03'],
    );
    assert.equal(await auth.tokens('lwc_made_up'), null);
  });

  it('never let write, whatever stands in the store', async () => {
    const { token } = await register('greedy', {
      functions: ['exceptions.resolve', 'consumers.manage', 'export'],
    });
    assert.deepEqual([...(await auth.tokens(token))!.console.permissions], ['export']);
  });

  it('are over when they expire or are revoked', async () => {
    const short = await register('short', { expiresAt: Date.now() + 150 });
    assert.ok(await auth.tokens(short.token));
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(await auth.tokens(short.token), null);
    const revoked = await register('revoked');
    await store.revokeConsumer({ id: revoked.id, actor: 'admin' });
    assert.equal(await auth.tokens(revoked.token), null);
  });
});
