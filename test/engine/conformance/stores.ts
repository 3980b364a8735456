import { openPostgresStore, type Store, type StoreSettings } from '../../../engine';
import { type PostgresServer, postgresServer, stopPostgresServer } from '../../support/postgres';
import { Scratch } from '../../support/store';

/** Where a store lies: it outlives the runtimes that open it. */
export interface Place {
  /** Opens the store, as a runtime does when it starts. */
  open(settings?: Partial<StoreSettings>): Promise<Store>;
  /** Stores of `count` runtimes beside each other; where one process owns the file they are one. */
  runtimes(count: number, settings?: Partial<StoreSettings>): Promise<Store[]>;
  /** The runtime of this store dies, and another one starts. */
  crash(store: Store): Promise<Store>;
  /** What a process of its own needs to open the store. */
  readonly where: { file?: string; url?: string };
  /** Ends all runtimes and throws the documents away. */
  empty(): Promise<void>;
  remove(): Promise<void>;
}

const SHORT = { leaseMs: 60_000, deadlineMs: 60_000, graceMs: 50, suspectMs: 5_000 };

class SqlitePlace implements Place {
  private scratch = new Scratch();

  get where() {
    return { file: this.scratch.file };
  }

  open(settings: Partial<StoreSettings> = {}): Promise<Store> {
    return this.scratch.store(settings);
  }

  async runtimes(count: number, settings?: Partial<StoreSettings>): Promise<Store[]> {
    return new Array<Store>(count).fill(await this.open(settings));
  }

  async crash(store: Store): Promise<Store> {
    await store.recover();
    return store;
  }

  async empty(): Promise<void> {
    await this.scratch.remove();
    this.scratch = new Scratch();
  }

  remove(): Promise<void> {
    return this.scratch.remove();
  }
}

export class PostgresPlace implements Place {
  private readonly opened = new Set<Store>();

  private constructor(
    readonly server: PostgresServer,
    public url: string,
  ) {}

  static async create(): Promise<PostgresPlace> {
    const server = await postgresServer();
    return new PostgresPlace(server, await server.database());
  }

  get where() {
    return { url: this.url };
  }

  async open(settings: Partial<StoreSettings> = {}): Promise<Store> {
    const store = await openPostgresStore({
      url: this.url,
      settings: { ...SHORT, ...settings },
      poolSize: 4,
    });
    this.opened.add(store);
    return store;
  }

  runtimes(count: number, settings?: Partial<StoreSettings>): Promise<Store[]> {
    return Promise.all(Array.from({ length: count }, () => this.open(settings)));
  }

  async crash(store: Store): Promise<Store> {
    await store.close();
    this.opened.delete(store);
    return await this.open(store.settings);
  }

  /** Runs SQL behind the store's back. */
  query<Row extends object>(sql: string, ...values: unknown[]): Promise<Row[]> {
    return this.server.query<Row>(sql, this.url, values);
  }

  async empty(): Promise<void> {
    await this.remove();
    this.opened.clear();
    this.url = await this.server.database();
  }

  async remove(): Promise<void> {
    for (const store of this.opened) await store.close();
    await this.server.giveBack(this.url);
  }
}

const KINDS: Record<string, () => Promise<Place>> = {
  SQLite: async () => new SqlitePlace(),
  Postgres: () => PostgresPlace.create(),
};

after(async () => await stopPostgresServer());

/** One suite, run against each kind of store; `place` is a new, empty one for each test. */
export function onEveryStore(title: string, suite: (place: () => Place, kind: string) => void): void {
  for (const [kind, create] of Object.entries(KINDS))
    describe(`${title} (${kind})`, () => {
      let place: Place | undefined;
      before(async function () {
        this.timeout(60_000);
        if (kind === 'Postgres') await postgresServer();
      });
      beforeEach(async () => {
        place = await create();
      });
      afterEach(async () => {
        await place?.remove();
        place = undefined;
      });
      suite(() => place!, kind);
    });
}
