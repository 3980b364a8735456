import { PERMISSIONS, ROLES } from './permissions';
import type { Route, Schema } from './route';

/** The OpenAPI 3.1 document of these routes. */
export function openApi(routes: readonly Route[]): Schema {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const one of routes) {
    const path = one.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [one.method]: operation(one, path) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ledgerway console API',
      version: '1',
      description:
        'Times are milliseconds since the epoch, money is a decimal string with its currency. Every answer is limited to the entities (and, for consumers, the periods) of the token.',
    },
    servers: [{ url: '/console/api/v1' }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'of POST /auth/token, or of a registered consumer',
        },
      },
      schemas: { Error: errorSchema },
      responses: {
        Error: {
          description: 'It failed; `code` is one of docs/errors.md.',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
        },
      },
    },
    'x-permissions': PERMISSIONS,
    'x-roles': ROLES,
  };
}

const errorSchema: Schema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'hint'],
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        hint: { type: 'string' },
        details: { type: 'object' },
      },
    },
  },
};

function operation(one: Route, path: string): Schema {
  const isStream = one.path === '/events';
  const failures = ['400', '401', '403', '404', '409', '429'].map((status) => [
    status,
    { $ref: '#/components/responses/Error' },
  ]);
  return {
    operationId: `${one.method}${path.replaceAll(/[^a-zA-Z]+(\w?)/g, (_, first: string) => first.toUpperCase())}`,
    summary: one.summary,
    'x-permissions': one.permissions,
    parameters: parameters(one, path),
    ...(one.body && {
      requestBody: { required: true, content: { 'application/json': { schema: one.body } } },
    }),
    responses: {
      [String(one.status ?? 200)]: {
        description: 'Done.',
        content: { [isStream ? 'text/event-stream' : 'application/json']: { schema: one.answer } },
      },
      ...Object.fromEntries(failures),
    },
  };
}

function parameters(one: Route, path: string): Schema[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(one.query ?? {}).map(([name, schema]) => ({ name, in: 'query', schema }));
  const key = {
    name: 'Idempotency-Key',
    in: 'header',
    required: true,
    description: 'New for each new write; the same to repeat one.',
    schema: { type: 'string', minLength: 8, maxLength: 200 },
  };
  return [...inPath, ...inQuery, ...(one.method === 'post' ? [key] : [])];
}
