import { strict as assert } from 'node:assert';
import Ajv from 'ajv/dist/2020';
import fc from 'fast-check';
import { ROUTES } from '../../../console/api';
import type { Schema } from '../../../console/api/route';
import { ERRORS } from '../../../errors';
import { World } from './world';

/** What must never come out: text of the machine's. */
const LEAK = /SELECT |INSERT |sqlite|node_modules|\.(js|ts):\d+|\bat \w+ \(|constraint|syntax error/i;

/** Values that a schema lets through, and now and then others. */
function drawn(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof({ arbitrary: fitting(schema), weight: 9 }, { arbitrary: fc.jsonValue(), weight: 1 });
}

function fitting(schema: Schema): fc.Arbitrary<unknown> {
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as unknown[]));
  const type = Array.isArray(schema.type) ? (schema.type[0] as string) : schema.type;
  switch (type) {
    case 'string':
      return typeof schema.pattern === 'string'
        ? fc.oneof(fc.stringMatching(new RegExp(schema.pattern)), text)
        : text;
    case 'integer':
    case 'number':
      return fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer(), fc.maxSafeInteger());
    case 'array':
      return fc.array(drawn((schema.items ?? {}) as Schema), { minLength: 1, maxLength: 3 });
    case 'object': {
      const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
      const members = properties.map(([name, member]) => [name, drawn(member)] as const);
      return fc.record(Object.fromEntries(members), { requiredKeys: schema.required as never });
    }
    default:
      return fc.jsonValue();
  }
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(
    "' OR 1=1 --",
    '%',
    '\\',
    '\u0000',
    '$1',
    '{lock}',
    '<script>',
    '1e999',
    '../../etc/passwd',
    '__proto__',
  ),
);

describe('The API under chance', () => {
  let world: World;
  let ids: string[];
  before(async () => {
    world = await new World().open();
    await world.pipelines();
    const held = [await world.held('a'), await world.held('b', { entity: 'acme_us' })];
    ids = [...held.flatMap(({ documentId, exceptionId }) => [documentId, exceptionId]), 'billing'];
  });
  after(() => world.close());

  const ajv = new Ajv({ strict: false });
  const checks = new Map(ROUTES.map((one) => [one, ajv.compile(one.answer)]));
  const asked = ROUTES.filter(({ path }) => path !== '/events');

  const request = fc.constantFrom(...asked).chain((one) =>
    fc.record({
      one: fc.constant(one),
      // path separators would be another route
      ids: fc.array(fc.oneof(fc.constantFrom(0, 1, 2, 3, 4), text), { minLength: 2, maxLength: 2 }),
      query: fc.record(
        Object.fromEntries(Object.entries(one.query ?? {}).map(([name, schema]) => [name, drawn(schema)])),
        { requiredKeys: [] },
      ),
      body: drawn(one.body ?? {}),
    }),
  );

  it('no request is answered 5xx, no answer tells of the machine, each is as documented (property)', async () => {
    await fc.assert(
      fc.asyncProperty(request, async ({ one, ids: chosen, query, body }) => {
        const known = chosen.map((id) => (typeof id === 'number' ? ids[id]! : id));
        const path = one.path.replaceAll(
          /:\w+/g,
          () => encodeURIComponent(known.pop()!.toWellFormed()) || 'x',
        );
        const params = Object.entries(query).map(([name, value]): [string, string] => [
          name,
          typeof value === 'string' ? value : JSON.stringify(value ?? null),
        ]);
        const address = `${path}?${new URLSearchParams(params)}`;
        const reply =
          one.method === 'get' ? await world.get('admin', address) : await world.post('admin', path, body);
        assert.ok(reply.status < 500, `${one.method} ${address} ${JSON.stringify(body)}: ${reply.text}`);
        if (reply.code !== undefined) {
          assert.ok(reply.code in ERRORS, reply.code);
          const said = JSON.stringify([address, body]);
          const leak = LEAK.exec(reply.text);
          assert.ok(!leak || said.includes(leak[0]), reply.text);
          return;
        }
        const check = checks.get(one)!;
        assert.ok(
          check(reply.json()),
          `${address}: ${JSON.stringify(check.errors)} in ${reply.text.slice(0, 400)}`,
        );
      }),
      { numRuns: 500 },
    );
    assert.deepEqual(world.log, []);
  }).timeout(60_000);

  it('what is no JSON, too large, or of a wrong path or method is refused in the same shape', async () => {
    const key = { 'idempotency-key': 'test-key-odd' };
    const replies = [
      await world.send('admin', 'POST', '/jobs', key, '{"a":'),
      await world.send('admin', 'POST', '/jobs', key, `"${'x'.repeat(2e6)}"`),
      await world.send('admin', 'POST', '/jobs', { ...key, 'content-type': 'text/plain' }, 'hello'),
      await world.send('admin', 'GET', '/documents/%E0%A4%A'),
      await world.send('admin', 'GET', '/documents?entity[$ne]=x'),
      await world.send('admin', 'GET', '/documents?entity=a&entity=b'),
    ];
    for (const { code, status, text: said } of replies)
      assert.deepEqual([status, code], [400, 'API_INVALID'], said);
    for (const [method, path] of [
      ['GET', '/nothing'],
      ['DELETE', '/documents'],
      ['POST', '/documents'],
    ] as const)
      assert.deepEqual((await world.send('admin', method, path, key)).code, 'API_NOT_FOUND');
  });

  it('a failure of the store is said by its code alone, and logged', async () => {
    const broken = new World();
    await broken.open();
    await broken.reader.close();
    const reply = await broken.get('admin', '/documents');
    assert.deepEqual(
      [reply.status, reply.json<{ error: object }>().error],
      [
        503,
        {
          code: 'STORE_UNAVAILABLE',
          message: ERRORS.STORE_UNAVAILABLE.title,
          hint: ERRORS.STORE_UNAVAILABLE.hint,
        },
      ],
    );
    assert.equal(broken.log.length, 1);
    await broken.close();
  });
});

describe('openapi.json', () => {
  let world: World;
  before(async () => {
    world = await new World().open();
  });
  after(() => world.close());

  interface Operation {
    operationId: string;
    parameters: { name: string; in: string; required?: boolean; schema: Schema }[];
    requestBody?: { content: Record<string, { schema: Schema }> };
    responses: Record<string, { $ref?: string; content?: Record<string, { schema: Schema }> }>;
  }
  interface ApiDocument {
    openapi: string;
    paths: Record<string, Record<string, Operation>>;
    components: { responses: object; schemas: { Error: Schema } };
  }

  it('holds every route, with parameters, body, answers and errors that are schemas', async () => {
    const document = (await world.get('auditor', '/openapi.json')).json<ApiDocument>();
    assert.equal(document.openapi, '3.1.0');
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
    assert.deepEqual(
      operations.map(({ path, method }) => `${method} ${path}`).sort(),
      ROUTES.map(({ path, method }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`).sort(),
    );
    const names = operations.map(({ operation }) => operation.operationId);
    assert.equal(new Set(names).size, names.length, names.join(' '));
    const ajv = new Ajv({ strict: false });
    for (const { path, method, operation } of operations) {
      const inPath = operation.parameters.filter((one) => one.in === 'path').map(({ name }) => name);
      assert.deepEqual(
        inPath,
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
      );
      for (const { schema } of operation.parameters) ajv.compile(schema);
      for (const { schema } of Object.values(operation.requestBody?.content ?? {})) {
        ajv.compile(schema);
        assert.equal(schema.additionalProperties, false, path);
      }
      for (const { $ref, content } of Object.values(operation.responses)) {
        for (const { schema } of Object.values(content ?? {})) ajv.compile(schema);
        assert.ok(content || $ref === '#/components/responses/Error');
      }
      const key = operation.parameters.some(({ name, required }) => name === 'Idempotency-Key' && required);
      assert.equal(key, method === 'post', path);
    }
    ajv.compile(document.components.schemas.Error);
  });
});
