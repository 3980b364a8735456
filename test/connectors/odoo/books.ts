import assert from 'node:assert/strict';
import {
  connectOdoo,
  externalIdOf,
  lookupsOf,
  type MoveState,
  type OdooClient,
  type OdooOptions,
  type PostableDocument,
  type PostOptions,
  type PostRequest,
  postDocument,
  poster,
  posterNameOf,
  readMove,
  searchRead,
} from '../../../connectors/odoo';
import { isFinanceError } from '../../../errors';
import { externalKey } from '../../../finance/canonical';
import type { Invoice } from '../../../finance/documents';
import {
  DEMO_ADMIN,
  DEMO_LOGIN,
  demoSeed,
  type OdooSeed,
  type RunningOdoo,
  startOdoo,
} from '../../../sandbox/odoo';
import { entity } from './documents';

export type Version = 16 | 17 | 19;

/** A sandbox Odoo with the demonstration's companies, and those who talk to it. */
export class Books {
  readonly #clients: OdooClient[] = [];
  /** The integration user, with billing rights. */
  readonly client: OdooClient;
  /** A person at Odoo's own pages. */
  readonly admin: OdooClient;

  private constructor(
    private readonly server: RunningOdoo,
    protocol: OdooOptions['protocol'],
    /** The server's. */
    readonly clock: { now: Date },
  ) {
    this.client = this.connect({ protocol });
    this.admin = this.connect({
      login: DEMO_ADMIN.login,
      secret: () => DEMO_ADMIN.password,
      protocol: 'jsonrpc',
    });
  }

  /**
   * @param groups what the integration user has beyond the demonstration's
   * @param adapt changes the demonstration's companies, users and modules
   */
  static async open(
    version: Version,
    protocol: OdooOptions['protocol'] = 'auto',
    groups: string[] = [],
    serverActions: OdooSeed['serverActions'] = [],
    adapt: (seed: OdooSeed) => void = () => undefined,
  ): Promise<Books> {
    const seed = { ...demoSeed(), serverActions };
    seed.users.find(({ login }) => login === DEMO_LOGIN.login)?.groups.push(...groups);
    adapt(seed);
    const clock = { now: new Date('2026-11-21T10:00:00Z') };
    const server = await startOdoo({ version: `${version}.0`, seed, now: () => clock.now });
    return new Books(server, protocol, clock);
  }

  connect(options: Partial<OdooOptions> = {}): OdooClient {
    const client = connectOdoo({
      url: this.server.url,
      database: DEMO_LOGIN.database,
      login: DEMO_LOGIN.login,
      secret: () => DEMO_LOGIN.apiKey,
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  /** A connection that shares nothing with the others, as in another runtime. */
  elsewhere(): OdooClient {
    return this.connect({ url: this.server.url.replace('127.0.0.1', 'localhost') });
  }

  post<D extends PostableDocument>(
    document: D,
    options: Partial<PostOptions> = {},
    client = this.client,
  ): ReturnType<typeof postDocument<D>> {
    return postDocument(client, document, this.options(document, options));
  }

  /** The request of a document, and nothing posted. */
  prepared(document: PostableDocument, options: Partial<PostOptions> = {}): Promise<PostRequest> {
    const { prepare } = poster(posterNameOf(document));
    return prepare(this.client, document as never, this.options(document, options));
  }

  options(document: PostableDocument, options: Partial<PostOptions> = {}): PostOptions {
    return { entity: entity(), externalKey: externalKey(document), ...options };
  }

  /** A move that must be there. */
  async move(id: number): Promise<MoveState> {
    const move = await readMove(this.client, id, 1);
    assert.ok(move, `move ${id} is gone`);
    return move;
  }

  /** Ids of the moves that carry a reference. */
  async moves(ref: string): Promise<number[]> {
    const rows = await searchRead(this.admin, 'account.move', [['ref', '=', ref]], ['ref'], { order: 'id' });
    return rows.map(({ id }) => Number(id));
  }

  /** All moves of the database, and how many of them an external id of ours leads to. */
  async ledger(): Promise<{ moves: { id: number; isBalanced: boolean }[]; links: number }> {
    const lines = await searchRead(this.admin, 'account.move.line', [], ['move_id', 'debit', 'credit']);
    const byMove = Map.groupBy(lines, ({ move_id }) => (move_id as [number])[0]);
    const cents = (value: unknown) => Math.round(Number(value) * 100);
    const moves = [...byMove].map(([id, own]) => ({
      id,
      isBalanced: own.reduce((sum, { debit, credit }) => sum + cents(debit) - cents(credit), 0) === 0,
    }));
    const keys = await searchRead(
      this.admin,
      'ir.model.data',
      [
        ['module', '=', 'ledgerway'],
        ['model', 'in', ['account.move', 'account.payment', 'account.bank.statement.line']],
      ],
      ['res_id'],
    );
    return { moves, links: keys.length };
  }

  /** What a person writes at a record. */
  async edit(model: string, id: number, vals: Record<string, unknown>): Promise<void> {
    await this.admin.call(model, 'write', { ids: [id], named: { vals } });
  }

  /** A fault of the server's, on demand. */
  fault(rule: Record<string, unknown>): Promise<void> {
    return this.#switch('faults', rule);
  }

  async clearFaults(): Promise<void> {
    await fetch(`${this.server.url}/_sandbox/faults`, { method: 'DELETE' });
  }

  /** Locks the German company's books, drafts in the period or not. */
  async lock(dates: Record<string, string>): Promise<void> {
    await this.#switch('edit', { do: 'lock', company: 1, dates });
    for (const client of this.#clients) lookupsOf(client).forget();
  }

  async #switch(name: string, body: Record<string, unknown>): Promise<void> {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    };
    const answer = await fetch(`${this.server.url}/_sandbox/${name}`, init);
    if (!answer.ok) throw new Error(await answer.text());
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.server.close();
  }
}

/** As the runtime does: again after a transient error, at once. */
export async function untilDone<T>(work: () => Promise<T>, attempts = 50): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (attempts > 1 && isFinanceError(error) && error.kind === 'transient')
      return untilDone(work, attempts - 1);
    throw error;
  }
}

export const keyOf = (document: Invoice): string => externalIdOf(externalKey(document));
