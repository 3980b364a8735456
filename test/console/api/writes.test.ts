import { strict as assert } from 'node:assert';
import { DatabaseSync } from 'node:sqlite';
import { World } from './world';

const reason = 'because of the test';

describe('Writes', () => {
  let world: World;
  let held: { documentId: string; exceptionId: string };
  let path: string;
  beforeEach(async () => {
    world = await new World().open();
    await world.pipelines();
    held = await world.held('in_1');
    path = `/exceptions/${held.exceptionId}/comment`;
  });
  afterEach(() => world.close());

  const comments = async () =>
    (await world.get('clerk', `/exceptions/${held.exceptionId}`)).json<{
      comments: { text: string; actor: string }[];
    }>().comments;

  it('want a key', async () => {
    for (const headers of [{}, { 'idempotency-key': 'short' }, { 'idempotency-key': 'x'.repeat(201) }]) {
      const reply = await world.send(
        'clerk',
        'POST',
        path,
        headers as Record<string, string>,
        '{"text":"a"}',
      );
      assert.deepEqual([reply.status, reply.code], [400, 'API_INVALID']);
    }
    assert.deepEqual(await comments(), []);
  });

  it('are done once, however often they come, and give the first answer again', async () => {
    const first = await world.post('clerk', path, { text: 'a' }, 'the-same-key');
    const again = await world.post('clerk', path, { text: 'a' }, 'the-same-key');
    assert.deepEqual([again.status, again.text], [first.status, first.text]);
    assert.deepEqual(
      (await comments()).map(({ text, actor }) => [text, actor]),
      [['a', 'clerk']],
    );
  });

  it('are done once when they come at once', async () => {
    const all = await Promise.all(
      Array.from({ length: 8 }, () => world.post('clerk', path, { text: 'a' }, 'the-same-key')),
    );
    for (const { status, code } of all) assert.ok(status === 200 || code === 'API_IN_PROGRESS');
    assert.ok(all.some(({ status }) => status === 200));
    assert.equal((await comments()).length, 1);
  });

  it('of another content, or to another place, are refused under a used key', async () => {
    await world.post('clerk', path, { text: 'a' }, 'the-same-key');
    const content = await world.post('clerk', path, { text: 'b' }, 'the-same-key');
    const place = await world.post(
      'clerk',
      path.replace('comment', 'assign'),
      { owner: 'x' },
      'the-same-key',
    );
    for (const { status, code } of [content, place])
      assert.deepEqual([status, code], [409, 'API_KEY_REUSED']);
    assert.equal((await comments()).length, 1);
  });

  it('of two people under one key are two', async () => {
    await world.post('clerk', path, { text: 'a' }, 'the-same-key');
    await world.post('approver', path, { text: 'a' }, 'the-same-key');
    assert.equal((await comments()).length, 2);
  });

  it('that were refused are refused again; what the document is meanwhile does not matter', async () => {
    const reject = `/documents/${held.documentId}/reject`;
    await world.post('clerk', `/documents/${held.documentId}/skip`, { reason });
    const first = await world.post('clerk', reject, { reason }, 'the-same-key');
    assert.deepEqual([first.status, first.code], [409, 'STORE_STATE']);
    const again = await world.post('clerk', reject, { reason }, 'the-same-key');
    assert.deepEqual([again.status, again.text], [first.status, first.text]);
  });

  it('that fail for the moment may come again under their key', async () => {
    const store = world.store as { comment: unknown };
    const { comment } = world.store;
    store.comment = async () => {
      throw new Error('a disk that is gone');
    };
    const failed = await world.post('clerk', path, { text: 'a' }, 'the-same-key');
    assert.deepEqual([failed.status, failed.code], [500, 'RUN_UNEXPECTED']);
    assert.ok(!failed.text.includes('disk'));
    store.comment = comment;
    assert.equal((await world.post('clerk', path, { text: 'a' }, 'the-same-key')).status, 200);
  });

  it('above the amount they are proposals, which another person approves', async () => {
    const { documentId } = await world.held('in_2', { amount: '20000.00' });
    const proposed = await world.post('clerk', `/documents/${documentId}/skip`, { reason, effects: 'kept' });
    assert.equal(proposed.json().status, 'proposed');
    const approve = `/proposals/${proposed.json().proposalId}/approve`;
    assert.equal((await world.post('clerk', approve, { reason })).status, 403);
    world.user('clerk', ['clerk', 'approver']);
    const own = await world.post('clerk', approve, { reason });
    assert.deepEqual([own.status, own.code], [403, 'DECISION_SECOND_PERSON']);
    const { items } = (await world.get('approver', '/proposals?state=open')).json<{
      items: { author: string }[];
    }>();
    assert.deepEqual(
      items.map(({ author }) => author),
      ['clerk'],
    );
    assert.equal((await world.post('approver', approve, { reason })).status, 200);
    assert.equal((await world.store.documentRow({ documentId })).outcome, 'skipped');
  });

  it('a consumer’s token is told once and stands nowhere', async () => {
    const body = {
      name: 'Big Four',
      entities: ['acme_de'],
      functions: ['export'],
      expiresAt: Date.now() + 1e6,
    };
    const first = await world.post('admin', '/consumers', body, 'the-same-key');
    const { token } = first.json();
    assert.match(token!, /^lwc_/);
    const again = await world.post('admin', '/consumers', body, 'the-same-key');
    assert.deepEqual([again.status, again.json()], [201, { id: first.json().id, token: null }]);
    const database = new DatabaseSync(world.file, { readOnly: true });
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as {
      name: string;
    }[];
    for (const { name } of tables)
      assert.ok(!JSON.stringify(database.prepare(`SELECT * FROM ${name}`).all()).includes(token!), name);
    database.close();
  });

  it('what no store keeps, and what is nested without end, is refused', async () => {
    const { documentId, exceptionId } = await world.held('odd');
    const deep = `{"reason":"x","body":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`;
    const key = { 'idempotency-key': 'a-deep-request' };
    const consumer = { name: 'a', entities: ['a'], functions: ['export'] };
    const replies = [
      await world.send('clerk', 'POST', `/documents/${documentId}/correct`, key, deep),
      await world.post('clerk', `/exceptions/${exceptionId}/comment`, { text: 'a\0b' }),
      await world.post('clerk', `/documents/${documentId}/correct`, { reason: 'x', body: { 'a\0': 1 } }),
      await world.get('clerk', '/exceptions?q=a%00b'),
      await world.get('clerk', '/documents/a%00b'),
      await world.post('admin', '/consumers', { ...consumer, expiresAt: 1e300 }),
      await world.post('clerk', `/documents/${documentId}/link`, { reason: 'x', model: 'a', id: 1e300 }),
    ];
    for (const { status, code, text } of replies)
      assert.deepEqual([status, code], [400, 'API_INVALID'], text.slice(0, 200));
  });

  it('are limited in a minute, reads apart from them, each user for themselves', async () => {
    await world.close();
    world = await new World().open({ limits: { reads: 5, writes: 2 } });
    const statuses = async (user: string, write: boolean) => {
      const all: number[] = [];
      for (let i = 0; i < 6; i++)
        all.push((write ? await world.post(user, '/jobs', {}) : await world.get(user, '/me')).status);
      return all;
    };
    assert.deepEqual(await statuses('clerk', true), [400, 400, 429, 429, 429, 429]);
    assert.deepEqual(await statuses('clerk', false), [200, 200, 200, 200, 200, 429]);
    assert.deepEqual(await statuses('approver', false), [200, 200, 200, 200, 200, 429]);
    const limited = await world.get('clerk', '/me');
    assert.deepEqual([limited.code, limited.headers.get('retry-after')], ['API_RATE_LIMITED', '60']);
  });
});
