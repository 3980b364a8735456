import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv/dist/2020';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { rateLimit } from 'express-rate-limit';
import type { Log, Scope, Store } from '../../engine';
import { FinanceError } from '../../errors';
import { Events } from './events';
import type { RuntimeFacts } from './facts';
import { failureOf } from './failure';
import { once } from './idempotency';
import type { ApiUser } from './permissions';
import { Answer, type Call, Raw, type Route } from './route';
import type { ConsoleServices } from './services';

export interface ApiOptions {
  store: Store;
  /** For reading, so that a heavy list never holds a writer up. */
  reader: Store;
  services: ConsoleServices;
  facts: RuntimeFacts;
  /** Whose token a request carries; undefined for nobody's. */
  authenticate(request: Request): Promise<ApiUser | undefined>;
  log: Log;
  /** Requests a minute of one user. */
  limits?: { reads: number; writes: number };
}

/** Far above what a person does, below what hurts. */
const LIMITS = { reads: 1_200, writes: 300 };
/** Requests a minute of one address that carry no valid token. */
const STRANGERS = 120;
const BODY_LIMIT = '1mb';

type Known = Request & { apiUser: ApiUser };

/** The express application of these routes: login, limits, schemas, permissions and errors in one place. */
export function apiRouter(routes: readonly Route[], options: ApiOptions): Express {
  const app = express();
  app.disable('x-powered-by').set('query parser', 'simple').set('etag', false);
  app.use((_request, response, next) => {
    response.set({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    next();
  });
  // Only who is not known is counted by address, so that a stranger locks nobody out.
  const strangers = limit(STRANGERS, ({ ip }) => ip ?? '');
  app.use((request, response, next) => {
    login(request, options).then(
      () => next(),
      (error: unknown) => strangers(request, response, (limited?: unknown) => next(limited ?? error)),
    );
  });
  const { reads, writes } = options.limits ?? LIMITS;
  app.use(limit(reads, nameOf, ({ method }) => method !== 'GET'));
  app.use(limit(writes, nameOf, ({ method }) => method === 'GET'));
  app.use(express.json({ limit: BODY_LIMIT, strict: true }));
  const ajv = new Ajv({ useDefaults: true, strict: true, allowUnionTypes: true });
  const lenient = new Ajv({ useDefaults: true, coerceTypes: true, strict: true });
  const events = new Events(options.reader, options.log);
  for (const one of routes) app[one.method](one.path, handler(one, { ...options, events }, ajv, lenient));
  app.use((_request, _response, next) => next(new FinanceError('API_NOT_FOUND')));
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    refuse(error, request, response, options.log);
  });
  return app;
}

const authorized = (request: Request) => /^Bearer ./.test(request.headers.authorization ?? '');
const nameOf = (request: Request) => (request as Known).apiUser.name;

function limit(
  perMinute: number,
  key: (request: Request) => string,
  skip: (request: Request) => boolean = () => false,
): express.RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit: perMinute,
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    keyGenerator: key,
    skip,
    validate: false,
    handler: (_request, _response, next) =>
      next(new FinanceError('API_RATE_LIMITED', { retryAfterMs: 60_000 })),
  });
}

async function login(request: Request, { authenticate }: ApiOptions): Promise<void> {
  const user = authorized(request) ? await authenticate(request) : undefined;
  if (!user) throw new FinanceError('API_UNAUTHENTICATED');
  (request as Known).apiUser = user;
}

function handler(
  one: Route,
  options: ApiOptions & { events: Events },
  ajv: Ajv,
  lenient: Ajv,
): express.RequestHandler {
  const query = lenient.compile({
    type: 'object',
    additionalProperties: false,
    properties: one.query ?? {},
  });
  const body = one.body && ajv.compile(one.body);
  const answer = async (request: Request, response: Response) => {
    const { apiUser: user } = request as Known;
    if (!mayCall(user, one)) throw new FinanceError('API_FORBIDDEN');
    const asked = { ...request.query };
    assertStorable([request.params, asked, request.body]);
    check(query, asked, 'query');
    if (body) check(body, request.body, 'body');
    const { store, reader, services, facts, events } = options;
    const call: Call = {
      user,
      scope: scopeOf(user),
      params: request.params as Record<string, string>,
      query: asked,
      body: request.body as unknown,
      ...{ store, reader, services, facts, events },
    };
    const result = one.method === 'get' ? await one.handle(call) : await once(request, one, call);
    if (result instanceof Raw) return result.send(response);
    if (result instanceof Answer) return void response.status(result.status).json(result.body);
    response.status(one.status ?? 200).json(result ?? {});
  };
  return (request, response, next) => {
    answer(request, response).catch(next);
  };
}

/** Whether one of the permissions that a route wants is the user's. */
export function mayCall({ permissions }: ApiUser, route: Pick<Route, 'permissions'>): boolean {
  return route.permissions.length === 0 || route.permissions.some((one) => permissions.has(one));
}

/** What a user may see, as the store's queries want it. */
export function scopeOf({ entities, periodFrom, periodTo }: ApiUser): Scope {
  return { ...(entities && { entities }), ...(periodFrom && { periodFrom }), ...(periodTo && { periodTo }) };
}

function check(validate: ValidateFunction, value: unknown, where: string): void {
  if (validate(value)) return;
  const faults = (validate.errors ?? []).slice(0, 10).map((fault) => faultOf(where, fault));
  throw new FinanceError('API_INVALID', { message: faults.join('; '), details: { faults } });
}

const DEEPEST = 100;

/** Postgres keeps no text with a NUL in it, and what is nested without end ends the stack. @throws API_INVALID */
function assertStorable(value: unknown, depth = 0): void {
  if (typeof value === 'string' && value.includes('\0'))
    throw new FinanceError('API_INVALID', { message: 'A text has a NUL character in it.' });
  if (typeof value !== 'object' || value === null) return;
  if (depth > DEEPEST) throw new FinanceError('API_INVALID', { message: 'It is nested too deeply.' });
  for (const [name, member] of Object.entries(value)) {
    assertStorable(name);
    assertStorable(member, depth + 1);
  }
}

function faultOf(where: string, { instancePath, message, params }: ErrorObject): string {
  const extra = (params as { additionalProperty?: string }).additionalProperty;
  return `${where}${instancePath} ${message ?? 'is not valid'}${extra === undefined ? '' : ` (${extra.slice(0, 60)})`}`;
}

function refuse(error: unknown, request: Request, response: Response, log: Log): void {
  const { status, body, retryAfterMs } = failureOf(parserFault(error) ?? error);
  if (status >= 500) log.error({ err: error, path: request.path, status }, 'a request of the console failed');
  if (response.headersSent) return void response.destroy();
  if (status === 401) response.set('www-authenticate', 'Bearer');
  if (retryAfterMs !== undefined) response.set('retry-after', String(Math.ceil(retryAfterMs / 1000)));
  response.status(status).json(body);
}

/** What express itself refuses: a path that cannot be decoded, a body that is too large or not JSON. */
function parserFault(error: unknown): FinanceError | undefined {
  const { status } = error as { status?: unknown };
  if (error instanceof FinanceError || typeof status !== 'number' || status < 400 || status >= 500)
    return undefined;
  const message = status === 413 ? 'The body is too large.' : 'The request cannot be read.';
  return new FinanceError('API_INVALID', { message });
}
