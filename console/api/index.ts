import type { Express } from 'express';
import { openApi } from './openapi';
import { type Route, route } from './route';
import { type ApiOptions, apiRouter } from './router';
import { consumers } from './routes/consumers';
import { decisions } from './routes/decisions';
import { documents } from './routes/documents';
import { exceptions } from './routes/exceptions';
import { jobs } from './routes/jobs';
import { operations } from './routes/operations';
import { overview } from './routes/overview';
import { session } from './routes/session';
import { open } from './schemas';

const documented: Route[] = [
  ...session,
  ...overview,
  ...exceptions,
  ...documents,
  ...decisions,
  ...jobs,
  ...operations,
  ...consumers,
];

/** Every route of the API. */
export const ROUTES: readonly Route[] = [
  ...documented,
  route({
    method: 'get',
    path: '/openapi.json',
    summary: 'This document.',
    permissions: [],
    answer: open({}),
    handle: async () => document,
  }),
];

const document = openApi(ROUTES);

/** The finance team's API, for `/console/api/v1`. */
export function consoleApi(options: ApiOptions): Express {
  return apiRouter(ROUTES, options);
}

export type { RuntimeFacts } from './facts';
export { consolePages } from './pages';
export type { ApiOptions } from './router';
