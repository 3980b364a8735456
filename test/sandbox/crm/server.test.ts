import assert from 'node:assert/strict';
import { CRM_API_KEY, type CrmWrite, startCrm } from '../../../sandbox/crm';

interface Answer {
  status: number;
  body: { id?: string; body?: unknown; writes?: number; error?: { message: string } };
}

describe('the sandbox CRM', () => {
  let crm: Awaited<ReturnType<typeof startCrm>>;
  beforeEach(async () => {
    crm = await startCrm();
  });
  afterEach(() => crm.close());

  const call = async (method: string, path: string, body?: unknown, key?: string): Promise<Answer> => {
    const answer = await fetch(`${crm.url}/v1/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${CRM_API_KEY}`,
        'content-type': 'application/json',
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Answer['body'] };
  };
  const writes = async () => (await (await fetch(`${crm.url}/_sandbox/writes`)).json()) as CrmWrite[];

  it('writes an object over, once a key, and remembers the order', async () => {
    assert.equal((await call('PUT', 'customers/c_1', { open: '10.00' }, 'one')).status, 201);
    assert.equal((await call('PUT', 'customers/c_1', { open: '5.00' }, 'two')).status, 200);
    assert.deepEqual((await call('PUT', 'customers/c_1', { open: '10.00' }, 'one')).body.writes, 1);
    assert.deepEqual((await call('GET', 'customers/c_1')).body.body, { open: '5.00' });
    assert.equal((await call('PUT', 'customers/c_1', { open: '1.00' }, 'two')).status, 409);
    assert.deepEqual(
      (await writes()).map(({ key, body }) => [key, body]),
      [
        ['one', { open: '10.00' }],
        ['two', { open: '5.00' }],
      ],
    );
  });

  it('without a key each request makes another object, which its reference finds', async () => {
    await call('POST', 'notes', { reference: 'r', text: 'a' });
    await call('POST', 'notes', { reference: 'r', text: 'a' });
    const found = await call('GET', 'notes?reference=r');
    assert.equal((found.body as unknown as unknown[]).length, 2);
    assert.equal((await call('GET', 'notes/none')).status, 404);
    assert.equal((await call('POST', 'notes', [])).status, 422);
  });

  it('asks for its key, and misbehaves on demand', async () => {
    assert.equal((await fetch(`${crm.url}/v1/customers/c_1`)).status, 401);
    await fetch(`${crm.url}/_sandbox/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ fault: 'drop-after-commit', at: 'write' }),
    });
    await assert.rejects(call('PUT', 'customers/c_1', { open: '1.00' }, 'k'));
    assert.equal((await writes()).length, 1);
  });
});
