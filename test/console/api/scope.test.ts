import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { ROUTES } from '../../../console/api';
import { CONSUMER_FUNCTIONS } from '../../../console/api/permissions';
import { World } from './world';

const reason = 'because of the test';

describe('A user of entity B sees nothing of entity A', () => {
  let world: World;
  let own: { documentId: string; exceptionId: string };
  let foreign: { documentId: string; exceptionId: string };
  let proposalId: string;
  let consumerId: string;
  let jobId: string;

  before(async () => {
    world = await new World().open();
    await world.pipelines();
    world.user('bea', ['admin'], { entities: ['acme_us'] });
    own = await world.held('us-1', { entity: 'acme_us' });
    foreign = await world.held('de-1', { amount: '20000.00' });
    await world.held('de-2');
    await world.post('clerk', `/exceptions/${foreign.exceptionId}/comment`, { text: 'about acme_de' });
    await world.post('clerk', `/exceptions/${foreign.exceptionId}/tag`, { add: ['acme_de'] });
    const proposed = await world.post('clerk', `/documents/${foreign.documentId}/skip`, {
      reason,
      effects: 'kept',
    });
    assert.equal(proposed.json().status, 'proposed');
    proposalId = proposed.json().proposalId!;
    const consumer = {
      name: 'auditor of acme_de',
      entities: ['acme_de'],
      functions: ['export'],
      expiresAt: 4e12,
    };
    consumerId = (await world.post('admin', '/consumers', consumer)).json().id!;
    const job = { action: 'assign', reason: 'acme_de', ids: [foreign.documentId], owner: 'clara' };
    jobId = (await world.post('clerk', '/jobs', job)).json().id!;
  });
  after(() => world.close());

  const paths = (path: string) =>
    path
      .replace('/exceptions/:id', `/exceptions/${foreign.exceptionId}`)
      .replace('/documents/:id', `/documents/${foreign.documentId}`)
      .replace('/proposals/:id', `/proposals/${proposalId}`)
      .replace('/consumers/:id', `/consumers/${consumerId}`)
      .replace('/jobs/:id', `/jobs/${jobId}`)
      .replace(':name', 'billing');

  /** Everything that tells of entity A. */
  const marks = () => [
    'acme_de',
    foreign.documentId,
    foreign.exceptionId,
    proposalId,
    consumerId,
    jobId,
    'de-1',
    'R-de',
  ];

  it('in any read, whatever is asked for (property)', async () => {
    const reads = ROUTES.filter(
      ({ method, path }) => method === 'get' && path !== '/events' && path !== '/openapi.json',
    );
    const value = fc.constantFrom(
      'acme_de',
      'R-de-1',
      'de-1',
      '20000',
      'held',
      'open',
      'invoice',
      '2026-10',
      'EUR',
      'clara',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...reads),
        fc.dictionary(
          fc.constantFrom('entity', 'q', 'tag', 'owner', 'kind', 'period', 'state', 'code'),
          value,
        ),
        async (one, asked) => {
          const query = Object.entries(asked).filter(([name]) => one.query?.[name]);
          const path = paths(one.path);
          const reply = await world.get('bea', `${path}?${new URLSearchParams(query)}`);
          assert.ok(reply.status < 500, reply.text);
          if (path !== one.path) assert.equal(reply.status, 404, `${path}: ${reply.text}`);
          // What one has asked with may be said back in a refusal.
          const told = reply.status === 200 ? marks() : marks().filter((mark) => !path.includes(mark));
          for (const mark of told)
            assert.ok(!reply.text.includes(mark), `${path} tells ${mark}: ${reply.text}`);
        },
      ),
      { numRuns: 150 },
    );
  }).timeout(30_000);

  it('and she sees her own', async () => {
    assert.equal((await world.get('bea', `/documents/${own.documentId}`)).status, 200);
    const { items } = (await world.get('bea', '/exceptions')).json<{ items: { id: string }[] }>();
    assert.deepEqual(
      items.map(({ id }) => id),
      [own.exceptionId],
    );
  });

  it('nor by any write, and none changes anything', async () => {
    const before = await world.store.changesSince({});
    const tries: [string, object][] = [
      ...['retry', 'skip', 'reject'].map((verb): [string, object] => [`/documents/:id/${verb}`, { reason }]),
      ['/documents/:id/correct', { reason, body: {} }],
      ['/documents/:id/link', { reason, model: 'account.move', id: 1 }],
      ['/documents/:id/mapping-fix', { reason, mapping: 'm', table: 't', key: 'k', value: 'v' }],
      ['/exceptions/:id/assign', { owner: 'bea' }],
      ['/exceptions/:id/comment', { text: 'hello' }],
      ['/exceptions/:id/tag', { add: ['mine'] }],
      ['/proposals/:id/approve', { reason }],
      ['/proposals/:id/refuse', { reason }],
      ['/consumers/:id/revoke', {}],
      ['/pipelines/:name/pause', { reason }],
      ['/pipelines/:name/resume', { reason }],
      ['/jobs', { action: 'retry', reason, ids: [foreign.documentId] }],
    ];
    for (const [path, body] of tries) {
      const reply = await world.post('bea', paths(path), body);
      assert.equal(reply.status, 404, `${path}: ${reply.text}`);
    }
    const byFilter = { action: 'assign', reason, owner: 'bea', filter: { entity: 'acme_de' } };
    assert.equal((await world.post('bea', '/jobs', byFilter)).json<{ total: number }>().total, 0);
    assert.equal(
      (await world.post('bea', '/targets/pause', { target: 'https://odoo.example/acme', reason })).status,
      403,
    );
    const consumer = { name: 'x', entities: ['acme_us', 'acme_de'], functions: ['export'], expiresAt: 4e12 };
    assert.equal((await world.post('bea', '/consumers', consumer)).status, 403);
    const { events } = await world.store.changesSince({ heads: before.heads });
    assert.deepEqual(events, [{ type: 'job', entity: null }], 'only her own empty job was written');
    const all = { ...PIPELINE_OF_ALL };
    await world.store.syncPipelines([all]);
    assert.equal((await world.post('bea', '/pipelines/all/pause', { reason })).status, 403);
  });
});

const PIPELINE_OF_ALL = {
  name: 'all',
  entities: [],
  kinds: [],
  lanePolicy: 'block' as const,
  requiredSteps: [],
};

describe('A consumer sees its periods and functions', () => {
  let world: World;
  let held: { documentId: string; exceptionId: string };
  before(async () => {
    world = await new World().open();
    await world.pipelines();
    held = await world.held('de-1', { amount: '20000.00' });
    await world.post('clerk', `/documents/${held.documentId}/skip`, { reason, effects: 'kept' });
    const one = { entities: ['acme_de'], permissions: new Set(CONSUMER_FUNCTIONS) };
    world.user('consumer:october', [], { ...one, periodFrom: '2026-10', periodTo: '2026-10' });
    world.user('consumer:november', [], { ...one, periodFrom: '2026-11', periodTo: '2026-11' });
  });
  after(() => world.close());

  it('what lies outside is not there, in any read', async () => {
    const paths = [
      '/overview',
      '/overview/charts',
      '/exceptions',
      '/exceptions/facets',
      `/exceptions/${held.exceptionId}`,
      '/documents',
      `/documents/${held.documentId}`,
      `/documents/${held.documentId}/export`,
      `/documents/${held.documentId}/mapping-fix`,
      '/search?q=de-1',
      '/in-doubt',
      '/proposals',
      '/jobs',
    ];
    for (const path of paths) {
      const inside = await world.get('consumer:october', path);
      const outside = await world.get('consumer:november', path);
      assert.ok([200, 404].includes(inside.status), inside.text);
      assert.ok(
        !outside.text.includes('R-de-1') && !outside.text.includes('"acme_de"'),
        `${path}: ${outside.text}`,
      );
    }
    assert.equal((await world.get('consumer:october', `/documents/${held.documentId}/export`)).status, 200);
    assert.equal((await world.get('consumer:november', `/documents/${held.documentId}/export`)).status, 404);
  });

  it('and it may write nothing', async () => {
    for (const { method, path } of ROUTES)
      if (method === 'post')
        assert.equal((await world.post('consumer:october', path.replace(':id', 'x'), {})).status, 403, path);
  });
});
