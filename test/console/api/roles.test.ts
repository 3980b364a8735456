import { strict as assert } from 'node:assert';
import { ROUTES } from '../../../console/api';
import { PERMISSIONS, ROLES, type Role } from '../../../console/api/permissions';
import { mayCall } from '../../../console/api/router';
import { World } from './world';

const reason = 'because of the test';

/** A body for each write; routes that are not here are sent an empty one. */
const BODIES: Record<string, object> = {
  '/exceptions/:id/assign': { owner: 'clara' },
  '/exceptions/:id/comment': { text: 'hello' },
  '/exceptions/:id/tag': { add: ['vip'] },
  '/documents/:id/retry': { reason },
  '/documents/:id/skip': { reason, effects: 'kept' },
  '/documents/:id/reject': { reason, effects: 'kept' },
  '/documents/:id/correct': { reason, body: {} },
  '/documents/:id/link': { reason, model: 'account.move', id: 1 },
  '/documents/:id/mapping-fix': { reason, mapping: 'm', table: 't', key: 'k', value: 'v' },
  '/proposals/:id/approve': { reason },
  '/proposals/:id/refuse': { reason },
  '/jobs': { action: 'assign', reason, ids: ['doc_none'], owner: 'clara' },
  '/pipelines/:name/pause': { reason },
  '/pipelines/:name/resume': { reason },
  '/targets/pause': { target: 'https://odoo.example/acme', reason },
  '/targets/resume': { target: 'https://odoo.example/acme', reason },
  '/consumers': { name: 'auditor', entities: ['acme_de'], functions: ['documents.read'], expiresAt: 4e12 },
  '/consumers/:id/revoke': {},
};

describe('Who may do what', () => {
  let world: World;
  before(async () => {
    world = await new World().open();
    await world.pipelines();
    world.user('nobody', []);
  });
  after(() => world.close());

  it('a body is known for every write', () => {
    const writes = ROUTES.filter(({ method }) => method === 'post').map(({ path }) => path);
    assert.deepEqual(
      writes.filter((path) => !BODIES[path]),
      [],
    );
  });

  for (const one of ROUTES)
    it(`${one.method.toUpperCase()} ${one.path} wants ${one.permissions.join(' or ') || 'a login'}`, async () => {
      for (const role of [...Object.keys(ROLES), 'nobody']) {
        if (one.path === '/events') continue;
        const { documentId, exceptionId } = await world.held(`${role}-${one.method}-${one.path}`);
        const path = one.path
          .replace('/exceptions/:id', `/exceptions/${exceptionId}`)
          .replace('/documents/:id', `/documents/${documentId}`)
          .replace(':name', 'billing')
          .replace(':id', 'none');
        const reply =
          one.method === 'get'
            ? await world.get(role, path)
            : await world.post(role, path, BODIES[one.path]!);
        const may =
          mayCall(world.users.get(role)!, one) &&
          !(one.path === '/documents/:id/retry' && role === 'approver');
        if (may)
          assert.ok(![401, 403].includes(reply.status) && reply.status < 500, `${role}: ${reply.text}`);
        else assert.deepEqual([reply.status, reply.code], [403, 'API_FORBIDDEN'], `${role}: ${reply.text}`);
        if (one.path.startsWith('/pipelines/'))
          await world.store.pausePipeline({ name: 'billing', paused: false });
      }
    }).timeout(20_000);

  it('who is not logged in is told so, on every route and before anything else', async () => {
    for (const { method, path } of ROUTES) {
      const reply = await world.send(
        'a stranger',
        method.toUpperCase(),
        path,
        {},
        method === 'post' ? '{' : undefined,
      );
      assert.deepEqual([reply.status, reply.code], [401, 'API_UNAUTHENTICATED'], path);
      assert.equal(reply.headers.get('www-authenticate'), 'Bearer');
    }
  });

  it('an approver lets go on what waits for an approval, as it is, and nothing else', async () => {
    const { documentId } = await world.held('release', { code: 'DOCUMENT_APPROVAL' });
    const path = `/documents/${documentId}/retry`;
    assert.equal((await world.post('approver', path, { reason, mapping: 'latest' })).status, 403);
    const released = await world.post('approver', path, { reason });
    assert.deepEqual([released.status, released.json().status], [202, 'done']);
  });

  it('an author withdraws an own proposal, and nobody else’s', async () => {
    world.user('clara', ['clerk']);
    world.user('dora', ['clerk']);
    const { documentId } = await world.held('withdrawn', { amount: '10001.00' });
    const asked = await world.post('clara', `/documents/${documentId}/skip`, { reason, effects: 'kept' });
    const path = `/proposals/${asked.json().proposalId}/refuse`;
    assert.deepEqual((await world.post('dora', path, { reason })).code, 'API_FORBIDDEN');
    assert.equal((await world.post('clara', path, { reason })).status, 200);
    const { document, history } = await world.store.trace({ documentId });
    assert.equal(document.state, 'held');
    assert.deepEqual((history.at(-1)!.data as { actor?: string }).actor, 'clara');
  });

  it('a job that decides wants more than one that assigns', async () => {
    const { documentId } = await world.held('job');
    const ask = (user: string, action: string) =>
      world.post(user, '/jobs', { action, reason, ids: [documentId] });
    assert.equal((await ask('integrator', 'retry')).status, 403);
    assert.equal((await ask('integrator', 'assign')).status, 202);
    assert.equal((await ask('clerk', 'retry')).status, 202);
  });

  it('the roles of the table together use every permission, and only the admin has all', () => {
    const permissions = (role: Role): readonly string[] => ROLES[role];
    assert.deepEqual(permissions('admin'), PERMISSIONS);
    for (const role of Object.keys(ROLES) as Role[])
      if (role !== 'admin') assert.ok(permissions(role).length < PERMISSIONS.length, role);
    const used = new Set(ROUTES.flatMap(({ permissions: wanted }) => wanted));
    assert.deepEqual(
      PERMISSIONS.filter((one) => !used.has(one) && one !== 'bodies.read'),
      [],
    );
  });
});
