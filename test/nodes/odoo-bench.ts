import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import type { KeyedDocument } from '../../nodes/kit/documents';
import type { RedApi } from '../../nodes/kit/red';
import {
  DEMO_LOGIN,
  demoSeed,
  type LedgerMove,
  type OdooSeed,
  type RunningOdoo,
  startOdoo,
} from '../../sandbox/odoo';
import { type Bench, node } from './bench';

export type Version = '16.0' | '17.0' | '19.0';

/** A sandbox Odoo whose integration user may do what an accountant may. */
export function startBooks(
  version: Version = '17.0',
  adapt?: (seed: OdooSeed) => void,
): Promise<RunningOdoo> {
  const seed = demoSeed();
  seed.users.find(({ login }) => login === DEMO_LOGIN.login)?.groups.push('account.group_account_user');
  adapt?.(seed);
  return startOdoo({ version, seed, now: () => new Date('2026-11-21T10:00:00Z') });
}

/** The connection `odoo` of a flow. */
export const connectionTo = ({ url }: RunningOdoo, more: object = {}): object => {
  const { database, login } = DEMO_LOGIN;
  return node('odoo', 'odoo-connection', { url, database, login, timeoutSeconds: 5, ...more });
};

/** Node types that {@link Bench} does not load by itself. */
export const nodesOf = (types: readonly string[]): ((RED: RedApi) => void)[] =>
  types.map((type) => require(join(__dirname, '..', '..', 'nodes', type, `${type}.js`)));

/** Node-RED with a store, and a sandbox Odoo to talk to. */
export class OdooBench {
  private isClosed = false;

  protected constructor(
    readonly bench: Bench,
    readonly odoo: RunningOdoo,
    private readonly isOwner = true,
  ) {}

  /** Documents as events, each a lane of its own. @returns their ids in the store */
  async receive(...documents: KeyedDocument[]): Promise<string[]> {
    const ids: string[] = [];
    for (const document of documents) {
      const { entity, kind, source } = document;
      ids.push(await this.bench.receive(document, { entity, kind, lane: `${kind} ${source.id}` }));
    }
    return ids;
  }

  /** Waits until a document is settled or held. @returns how it ended, e.g. `completed` or the code of its error */
  async end(documentId: string): Promise<string> {
    const row = () => this.bench.store.documentRow({ documentId });
    await this.bench.until(
      async () => ['settled', 'held'].includes((await row()).state),
      `end of ${documentId}`,
    );
    const { outcome, error } = await row();
    return outcome ?? (JSON.parse(error ?? '{}') as { code: string }).code;
  }

  async ends(ids: readonly string[]): Promise<string[]> {
    const ends: string[] = [];
    for (const id of ids) ends.push(await this.end(id));
    return ends;
  }

  /** The recorded result of a document's step. */
  async result<Result>(documentId: string, kind = 'odoo.post'): Promise<Result> {
    const { steps } = await this.bench.store.trace({ documentId });
    const found = steps.find((step) => step.kind === kind && step.state === 'done');
    assert.ok(found, `${kind} is not done: ${steps.map(({ kind, state }) => `${kind} ${state}`).join()}`);
    return found.result as Result;
  }

  /** Every move of the books, or those of a company, whoever made it. */
  async moves(company?: number): Promise<LedgerMove[]> {
    const page = (await (await fetch(`${this.odoo.url}/_sandbox/ledger`)).json()) as { moves: LedgerMove[] };
    return page.moves.filter((move) => company === undefined || move.company.id === company);
  }

  /** Records of Odoo that have these values. */
  records(model: string, values: Record<string, unknown> = {}): Record<string, unknown>[] {
    return this.odoo.db
      .all(model)
      .filter((record) => Object.entries(values).every(([name, value]) => record[name] === value));
  }

  /** What an administrator does in Odoo. */
  edit(body: object): Promise<void> {
    return this.control('edit', body);
  }

  /** A person writes a record. */
  write(model: string, id: number, values: object): Promise<void> {
    return this.edit({ do: 'write', model, id, values });
  }

  fault(mode: string, match: object, times = 1): Promise<void> {
    return this.control('faults', { mode, match, times });
  }

  private async control(name: string, body: object): Promise<void> {
    const answer = await fetch(`${this.odoo.url}/_sandbox/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.equal(answer.ok, true, await answer.text());
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.bench.close();
    if (this.isOwner) await this.odoo.close();
  }
}
