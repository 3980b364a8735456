import type { Writable } from 'node:stream';
import type { Client, ClientConfig, Pool, PoolClient } from 'pg';
import { FinanceError } from '../../errors';
import { inDialect, isWrite, type SqlRow, type Statement, storable, type Transition } from '../transaction';

const INT8 = 20;
const NUMERIC = 1700;
/** Locks of a process that hangs in the middle of a transaction are freed after this time. */
const HUNG_MS = 15_000;
const CONNECT_MS = 5_000;

/** A statement as `pg` takes it: prepared once a connection under its name. */
interface Prepared {
  name: string;
  text: string;
}

/** The connections of one process to one database. */
export class Connections {
  private readonly prepared = new Map<string, Prepared>();
  private readonly ready = new WeakSet<PoolClient>();

  private constructor(
    private readonly pool: Pool,
    private readonly newClient: () => Client,
  ) {}

  /** @throws CONFIG_INVALID where the package `pg` is not installed */
  static async open(url: string, poolSize: number): Promise<Connections> {
    const pg = await loadPg();
    const config: ClientConfig = {
      connectionString: url,
      application_name: 'ledgerway',
      keepAlive: true,
      pipeline: true,
      connectionTimeoutMillis: CONNECT_MS,
      types: {
        getTypeParser: ((oid: number, format?: 'text') =>
          oid === INT8 || oid === NUMERIC ? Number : pg.types.getTypeParser(oid, format)) as never,
      },
    };
    const pool = new pg.Pool({ ...config, max: poolSize, idleTimeoutMillis: 30_000 });
    // A connection that ends while it is idle is replaced; one in use fails its query.
    pool.on('error', () => undefined);
    pool.on('connect', (client) => client.on('error', () => undefined));
    return new Connections(pool, () => new pg.Client(config));
  }

  /** A connection of its own, outside the pool. */
  async single(): Promise<Client> {
    const client = this.newClient();
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** Runs `work` on a connection of the pool; one that `work` leaves in a transaction is thrown away. */
  async use<Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> {
    const client = await this.pool.connect();
    let spoilt = true;
    try {
      if (!this.ready.has(client)) await this.prepare(client);
      const result = await work(client);
      spoilt = false;
      return result;
    } catch (error) {
      spoilt = !(await client.query('ROLLBACK').then(
        () => true,
        () => false,
      ));
      throw error;
    } finally {
      client.release(spoilt);
    }
  }

  /** What was acknowledged is on the disk, also where the server's default is to be quick. */
  private async prepare(client: PoolClient): Promise<void> {
    await client.query(
      `SELECT set_config('idle_in_transaction_session_timeout', '${HUNG_MS}', false),
       CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END`,
    );
    this.ready.add(client);
  }

  /**
   * Runs a transition's statements in their order. Quiet ones are not waited for: they go along with the next, and
   * to `unheard`, whose answers count when the transaction ends.
   * @param beforeWrite is called, and waited for, before each statement that changes rows
   */
  async drive<Result>(
    client: PoolClient,
    transition: Transition<Result>,
    unheard: Promise<unknown>[],
    beforeWrite?: () => Promise<unknown> | undefined,
  ): Promise<Result> {
    try {
      let step = transition.next([]);
      while (!step.done) {
        const { value } = step;
        const together = Array.isArray(value);
        if ((together ? value : [value]).some(({ sql }) => isWrite(sql))) await beforeWrite?.();
        if (together || value.quiet) gather(client);
        const answer = together
          ? Promise.all(value.map((one) => this.execute(client, one)))
          : this.execute(client, value);
        const isQuiet = !together && value.quiet;
        if (isQuiet) {
          answer.catch(() => undefined);
          unheard.push(answer);
        }
        step = transition.next(isQuiet ? [] : ((await answer) as SqlRow[]));
      }
      return step.value;
    } catch (error) {
      // Where one failed before, this failure only follows from it.
      await Promise.all(unheard);
      throw error;
    }
  }

  private async execute(client: PoolClient, { sql, params }: Statement): Promise<SqlRow[]> {
    let known = this.prepared.get(sql);
    if (!known) {
      known = { name: `lw${this.prepared.size}`, text: inDialect(sql, 'postgres') };
      this.prepared.set(sql, known);
    }
    return (await client.query({ ...known, values: params.map(storable) })).rows as SqlRow[];
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}

/** What is sent until this turn of the event loop ends is one write to the socket. */
export function gather(client: PoolClient): void {
  const { connection } = client as unknown as { connection?: { stream?: Partial<Writable> } };
  const stream = connection?.stream;
  if (!stream?.cork || !stream.uncork) return;
  stream.cork();
  process.nextTick(() => stream.uncork?.());
}

async function loadPg(): Promise<typeof import('pg')> {
  try {
    const loaded = await import('pg');
    return loaded.default;
  } catch (error) {
    throw new FinanceError('CONFIG_INVALID', {
      message: 'A Postgres store needs the package "pg": npm install pg.',
      cause: error,
    });
  }
}
