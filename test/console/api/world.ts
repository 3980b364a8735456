import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { consoleApi } from '../../../console/api';
import { type ApiUser, permissionsOf, ROLES, type Role } from '../../../console/api/permissions';
import type { ApiOptions } from '../../../console/api/router';
import type { ConsoleServices } from '../../../console/api/services';
import { openSqliteStore, type Store } from '../../../engine';
import { type ErrorCode, FinanceError } from '../../../errors';
import { PIPELINE, Scratch } from '../../support/store';

export interface Reply {
  status: number;
  text: string;
  headers: Headers;
  json<Body = { [name: string]: string }>(): Body;
  /** Code of the error, if it is one. */
  code?: string;
}

const SILENT = { info() {}, warn() {}, error() {} };

/** An API on a store of its own, for users made up by name. */
export class World {
  readonly users = new Map<string, ApiUser>();
  readonly log: { err: unknown }[] = [];
  private readonly scratch = new Scratch();
  private server?: Server;
  private keys = 0;
  store!: Store;
  reader!: Store;

  async open(more: Partial<Pick<ApiOptions, 'limits' | 'authenticate'>> = {}): Promise<this> {
    this.store = await this.scratch.store();
    this.reader = await openSqliteStore({ file: this.scratch.file, readOnly: true });
    for (const role of Object.keys(ROLES) as Role[]) this.user(role, [role]);
    const app = express();
    const options: ApiOptions = {
      store: this.store,
      reader: this.reader,
      services: this.services(),
      facts: {
        targets: () => ({ 'https://odoo.example/acme': 'up' }),
        keys: async () => [{ connection: 'Odoo', expiresAt: null }],
        feeds: async () => [{ name: 'stripe', lastAt: 1, expectedEveryMs: null }],
        delayed: async () => [],
      },
      authenticate: async ({ headers }) =>
        this.users.get((headers.authorization ?? '').slice('Bearer '.length)),
      log: { ...SILENT, error: (facts) => void this.log.push(facts as { err: unknown }) },
      limits: { reads: 1e9, writes: 1e9 },
      ...more,
    };
    app.use('/console/api/v1', consoleApi(options));
    this.server = createServer(app);
    await new Promise<void>((resolve) => this.server!.listen(0, '127.0.0.1', resolve));
    return this;
  }

  private services(): ConsoleServices {
    const nothing = async (): Promise<never> => {
      throw new FinanceError('ODOO_MISSING', { message: 'Odoo has no such record.' });
    };
    return {
      store: this.store,
      limits: { all: { EUR: '10000' }, entities: {} },
      mappings: { list: () => [], today: () => '2026-11-21', timeZone: () => 'Europe/Berlin' },
      links: { compare: nothing, keep: nothing },
    };
  }

  user(name: string, roles: Role[], more: Partial<ApiUser> = {}): ApiUser {
    const user = { name, roles, permissions: permissionsOf(roles), ...more };
    this.users.set(name, user);
    return user;
  }

  /** Path of the store. */
  get file(): string {
    return this.scratch.file;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server!.address() as AddressInfo).port}/console/api/v1`;
  }

  async get(user: string, path: string): Promise<Reply> {
    return await this.send(user, 'GET', path);
  }

  async post(user: string, path: string, body: unknown, key = `test-key-${++this.keys}`): Promise<Reply> {
    return await this.send(user, 'POST', path, { 'idempotency-key': key }, JSON.stringify(body));
  }

  async send(
    user: string,
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<Reply> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${user}`, 'content-type': 'application/json', ...headers },
      body,
    });
    const text = await answer.text();
    const json = () => JSON.parse(text);
    const code = answer.ok ? undefined : (json() as { error: { code: string } }).error.code;
    return { status: answer.status, text, headers: answer.headers, json, code };
  }

  async close(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve) ?? resolve(undefined));
    await this.reader.close();
    await this.scratch.remove();
  }

  /** The pipelines of both entities. */
  async pipelines(): Promise<void> {
    await this.store.syncPipelines([PIPELINE, { ...PIPELINE, name: 'billing-us', entities: ['acme_us'] }]);
  }

  /** A document that is held, with a step done and the marks of its entity in every text. */
  async held(object: string, more: { entity?: string; amount?: string; code?: ErrorCode } = {}) {
    const { entity = 'acme_de', amount = '119.00' } = more;
    const { documentId } = await this.store.receive({
      receiveKey: `stripe//evt_${object}`,
      entity,
      kind: 'invoice',
      lane: object,
      source: { system: 'stripe', id: object },
      body: {
        mediaType: 'application/json',
        content: JSON.stringify({ id: object, customer_name: `Customer of ${entity}` }),
      },
    });
    const { context } = await this.store.leaseDocument({ documentId, worker: 'w1' });
    const ref = { documentId, fence: context.fence, hop: context.hop };
    const intent = await this.store.intend({
      ...ref,
      kind: 'odoo.post',
      target: `https://odoo.example/${entity}`,
      externalKey: `ledgerway.${object}`,
      name: 'post',
      request: { name: `Customer of ${entity}`, iban: 'DE89370400440532013000' },
      notes: {
        amount,
        currency: 'EUR',
        number: `R-${object}`,
        sourceId: object,
        date: '2026-10-05',
        businessKey: `${entity}/${object}`,
      },
    });
    if (intent.status !== 'new') throw new Error(intent.status);
    const error = new FinanceError(more.code ?? 'ODOO_VALIDATION', {
      message: `refused for ${entity}`,
      step: 'odoo.post',
    }).toJSON();
    await this.store.failStep({ documentId, fence: ref.fence, stepId: intent.stepId, error });
    await this.store.hold({ ...ref, hop: intent.hop, error });
    const trace = await this.store.trace({ documentId });
    return { documentId, exceptionId: String(trace.exceptions[0]!.id) };
  }
}
