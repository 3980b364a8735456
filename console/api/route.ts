import type { ServerResponse } from 'node:http';
import type { Scope, Store } from '../../engine';
import type { Events } from './events';
import type { RuntimeFacts } from './facts';
import type { ApiUser, Permission } from './permissions';
import type { ConsoleServices } from './services';

/** A JSON schema (2020-12, what of it OpenAPI 3.1 and ajv share). */
export type Schema = { readonly [keyword: string]: unknown };

/** What a route is called with: everything was checked by its schemas. */
export interface Call<Query = object, Body = unknown> {
  user: ApiUser;
  /** What the user may see; every query keeps to it. */
  scope: Scope;
  /** Parameters of the path. */
  params: Record<string, string>;
  query: Query;
  body: Body;
  /** For reading: nothing that writes waits for it. */
  reader: Store;
  store: Store;
  services: ConsoleServices;
  facts: RuntimeFacts;
  events: Events;
}

/** Something else than one JSON text: a file, a stream. */
export class Raw {
  constructor(readonly send: (response: ServerResponse) => void) {}
}

/** An answer of another status than 200. */
export class Answer {
  constructor(
    readonly status: number,
    readonly body: unknown,
    /** What of it is kept for a repeated request, where it must not be all. */
    readonly kept: unknown = body,
  ) {}
}

/** One route of the API. Router, document and role matrix are made from the table of these. */
export interface Route<Query = object, Body = unknown> {
  method: 'get' | 'post';
  /** Below `/console/api/v1`; parameters as `:name`. */
  path: string;
  summary: string;
  /** One of these is wanted; none: for everybody who is logged in. */
  permissions: readonly Permission[];
  /** Query parameters, all strings or numbers; others are refused. */
  query?: Record<string, Schema>;
  body?: Schema;
  /** Shape of the answer. */
  answer: Schema;
  /** Status of the answer; 200 unless said. */
  status?: number;
  handle(call: Call<Query, Body>): Promise<unknown>;
}

/** A route whose query and body have types: what its schemas let through. */
export function route<Query = object, Body = unknown>(definition: Route<Query, Body>): Route {
  return definition as unknown as Route;
}
