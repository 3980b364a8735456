import { randomInt } from 'node:crypto';
import type { PoolClient } from 'pg';
import { FinanceError } from '../../errors';
import { assembleStore, type Driver, Listeners } from '../assemble';
import { seal } from '../audit';
import { DEFAULT_SETTINGS, type StoreSettings } from '../model';
import { type Commit, commits } from '../observer';
import { knowSecret } from '../scrub';
import type { Store } from '../store';
import { newTx, type Tx } from '../transaction';
import { perform, READS, type TransitionName } from '../transitions';
import { Connections, gather } from './connections';
import { type Answer, type Call, Groups } from './groups';
import { assertSchema, assertServer, CHAINS, migrate } from './migrate';
import { ServerClock } from './server-clock';
import { lifeKey, Session } from './session';
import { isGone, patiently, storeError } from './trouble';

export interface OpenPostgresOptions {
  /** `postgres://user:password@host:port/database`; one database a store. */
  url: string;
  name?: string;
  settings?: Partial<StoreSettings>;
  /** Connections for transitions; one more holds the session. */
  poolSize?: number;
  /** Only reads: migrates nothing, is no worker. */
  readOnly?: boolean;
  /** How long a call is tried again while the server is away and nothing of it is written, in milliseconds. */
  patienceMs?: number;
}

/** Short transitions of one document each, of which many come at once: they share transactions. */
const SHARED: ReadonlySet<TransitionName> = new Set<TransitionName>([
  'receive',
  'lease',
  'intend',
  'complete',
  'pend',
  'failStep',
  'failRun',
  'claim',
  'settle',
  'hold',
  'dispose',
]);

/** Transitions before which a worker shows that it lives: what it is given counts as long as it does. */
const SHOWN: ReadonlySet<TransitionName> = new Set<TransitionName>([
  'lease',
  'leaseDocument',
  'declarePipelines',
]);

/** Transitions that ask which workers are gone. */
const JUDGES: ReadonlySet<TransitionName> = new Set<TransitionName>(['recover', 'sweep', 'declarePipelines']);

/** So long a group waits for a lock before its calls are tried apart, in milliseconds. */
const GROUP_LOCK_MS = 200;

/** A worker whose lock is free that long is gone; a living one has it again by then. */
const GONE_AFTER_MS = 1_500;

/**
 * Opens (and migrates) a Postgres store, and voids the leases of workers that are gone. Any number of processes
 * may have it open.
 * @throws CONFIG_INVALID, STORE_SCHEMA_NEWER, STORE_UNAVAILABLE
 */
export async function openPostgresStore(options: OpenPostgresOptions): Promise<Store> {
  const { url, poolSize = 10, readOnly = false, patienceMs = 10_000 } = options;
  hidePassword(url);
  const connections = await Connections.open(url, poolSize);
  const listeners = new Listeners();
  const session = readOnly ? undefined : new Session(() => connections.single(), listeners);
  const settings = { ...DEFAULT_SETTINGS, ...options.settings };
  const driver = new PostgresDriver(connections, session, listeners, settings, patienceMs);
  try {
    await prepareSchema(connections, readOnly);
    await session?.open();
    const store = assembleStore(options.name ?? 'default', settings, driver, listeners);
    if (!readOnly) {
      await store.recover();
      await store.sweep();
    }
    return store;
  } catch (error) {
    await driver.close();
    throw storeError(error);
  }
}

function hidePassword(url: string): void {
  try {
    const { password } = new URL(url);
    knowSecret(password);
    knowSecret(decodeURIComponent(password));
  } catch (error) {
    throw new FinanceError('CONFIG_INVALID', { message: 'The URL of the store is not a URL.', cause: error });
  }
}

async function prepareSchema(connections: Connections, readOnly: boolean): Promise<void> {
  const client = await connections.single();
  try {
    if (!readOnly) return await migrate(client);
    await assertServer(client);
    await assertSchema(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** What became of a transaction. */
interface Outcome {
  tx: Tx;
  answers: Answer[];
  /** Why it is not known whether it is committed. */
  doubt?: unknown;
  /** How long it took, in milliseconds. */
  ms: number;
}

/** Runs transitions in transactions, on connections of the pool. */
class PostgresDriver implements Driver {
  private closed = false;
  /** The audit chain of this process. */
  private readonly chain = randomInt(CHAINS);
  private readonly groups = new Groups(
    (calls) => this.together(calls),
    (call) => this.alone(call),
  );
  private readonly running = new Set<Promise<unknown>>();
  private readonly clock = new ServerClock();
  /** Workers whose lock was found free, and since when (monotonic milliseconds). */
  private readonly missing = new Map<string, number>();

  constructor(
    private readonly connections: Connections,
    private readonly session: Session | undefined,
    private readonly listeners: Listeners,
    private readonly settings: StoreSettings,
    private readonly patienceMs: number,
  ) {}

  async run(name: TransitionName, input: unknown): Promise<unknown> {
    if (this.closed) throw new FinanceError('STORE_UNAVAILABLE', { message: 'The store is closed.' });
    const call = { name, input };
    const result = SHARED.has(name) ? this.groups.add(call) : this.alone(call);
    this.running.add(result);
    try {
      return await result;
    } finally {
      this.running.delete(result);
    }
  }

  /** One call in a transaction of its own, until it is clear what becomes of it. */
  private async alone(call: Call): Promise<unknown> {
    const outcome = await patiently(this.patienceMs, async () => {
      const attempted = await this.attempt([call]);
      if (attempted.doubt && !(await this.isCommitted(attempted.tx))) throw attempted.doubt;
      return attempted;
    });
    return this.tell(outcome)[0]!.result;
  }

  /**
   * Calls in one transaction.
   * @returns undefined where nothing of them is written
   * @throws STORE_UNAVAILABLE where that cannot be known
   */
  private async together(calls: readonly Call[]): Promise<Answer[] | undefined> {
    const outcome = await this.attempt(calls).catch(() => undefined);
    if (!outcome || (outcome.doubt && !(await this.isCommitted(outcome.tx)))) return undefined;
    return this.tell(outcome);
  }

  /** @throws where nothing is written */
  private async attempt(calls: readonly Call[]): Promise<Outcome> {
    for (const { name, input } of calls)
      if (SHOWN.has(name)) await this.session?.hold((input as { worker: string }).worker);
    const started = performance.now();
    const outcome = await this.connections.use((client) => this.transact(client, calls));
    return { ...outcome, ms: performance.now() - started };
  }

  /** Tells whom it concerns of a commit. */
  private tell({ tx, answers, ms }: Outcome): Answer[] {
    this.listeners.tell(tx.wake, tx.ended.keys());
    this.session?.announce(tx.wake, this.ofOthers(tx));
    if (commits.hasSubscribers)
      commits.publish({ ms, size: answers.length, moves: tx.moves } satisfies Commit);
    return answers;
  }

  private async transact(client: PoolClient, calls: readonly Call[]): Promise<Omit<Outcome, 'ms'>> {
    const unheard: Promise<unknown>[] = [];
    const tx = await this.begin(client, calls, unheard);
    // Without it each statement would be committed by itself.
    const [begun] = unheard;
    const answers: Answer[] = [];
    for (const call of calls)
      answers.push(await this.perform(client, tx, call, { begun, unheard, isAlone: calls.length === 1 }));
    await this.connections.drive(client, seal(tx), unheard);
    try {
      await Promise.all([...unheard, client.query('COMMIT')]);
      return { tx, answers };
    } catch (error) {
      if (!isGone(error)) throw error;
      return { tx, answers, doubt: error };
    }
  }

  /** @throws what leaves the transaction unfit for the other calls in it */
  private async perform(
    client: PoolClient,
    tx: Tx,
    { name, input }: Call,
    { begun, unheard, isAlone }: { begun?: Promise<unknown>; unheard: Promise<unknown>[]; isAlone: boolean },
  ): Promise<Answer> {
    let wrote = isAlone;
    try {
      const result = await this.connections.drive(client, perform(tx, name, input), unheard, () => {
        wrote = true;
        return begun;
      });
      return { result };
    } catch (error) {
      if (wrote || !(error instanceof FinanceError)) throw error;
      return { error };
    }
  }

  private async begin(client: PoolClient, calls: readonly Call[], unheard: Promise<unknown>[]): Promise<Tx> {
    const { name } = calls[0]!;
    // A store that was opened to read has no session.
    const reads = READS.has(name) || !this.session;
    const mode = reads ? 'REPEATABLE READ READ ONLY' : 'READ COMMITTED READ WRITE';
    // Groups of several processes may wait for each other in a circle; apart they do not.
    const patience = calls.length > 1 ? `; SET LOCAL lock_timeout = ${GROUP_LOCK_MS}` : '';
    const now = await this.beginAt(client, `BEGIN ISOLATION LEVEL ${mode}${patience}`, unheard);
    const deadWorkers = JUDGES.has(name) ? await this.deadWorkers(client, name === 'recover') : undefined;
    return newTx({
      now,
      dialect: 'postgres',
      settings: this.settings,
      chains: CHAINS,
      chain: this.chain,
      deadWorkers,
    });
  }

  /** @returns the server's time; where it is known, the BEGIN goes along with the next statement */
  private async beginAt(client: PoolClient, begin: string, unheard: Promise<unknown>[]): Promise<number> {
    const known = this.clock.now();
    if (known !== undefined) {
      gather(client);
      const begun = client.query(begin);
      begun.catch(() => undefined);
      unheard.push(begun);
      return known;
    }
    const sent = this.clock.monotonic();
    const answers = (await client.query(
      `${begin}; SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now`,
    )) as unknown as { rows: { now: number }[] }[];
    return this.clock.set(answers.at(-1)!.rows[0]!.now, sent);
  }

  /** Workers with leases or pipelines and without a session; if not `atOnce`, those that were so a while ago as well. */
  private async deadWorkers(client: PoolClient, atOnce: boolean): Promise<string[]> {
    const { rows } = await client.query<{ worker: string }>(
      `SELECT worker FROM (SELECT worker FROM documents WHERE state = 'leased' AND worker IS NOT NULL
       UNION SELECT worker FROM declarations) AS known
       WHERE worker <> ALL($1::text[]) AND pg_try_advisory_xact_lock_shared(${lifeKey('worker')})`,
      [[...(this.session?.workers ?? [])]],
    );
    const free = rows.map(({ worker }) => worker);
    if (atOnce) return free;
    const now = performance.now();
    for (const worker of this.missing.keys()) if (!free.includes(worker)) this.missing.delete(worker);
    for (const worker of free) if (!this.missing.has(worker)) this.missing.set(worker, now);
    return free.filter((worker) => this.missing.get(worker)! <= now - GONE_AFTER_MS);
  }

  /**
   * Finds out whether a transaction whose COMMIT was not answered is there: its last audit event stands in the
   * chain, once whoever holds the chain's head has ended. Where it is not there it may run again.
   */
  private async isCommitted({ sealed }: Tx): Promise<boolean> {
    if (!sealed) return false;
    const { chain, seq, hash } = sealed;
    return await patiently(this.patienceMs, () =>
      this.connections.use(async (client) => {
        await client.query('BEGIN');
        await client.query('SELECT seq FROM audit_heads WHERE chain = $1 FOR UPDATE', [chain]);
        const { rowCount } = await client.query(
          'SELECT seq FROM audit WHERE chain = $1 AND seq = $2 AND hash = $3',
          [chain, seq, hash],
        );
        await client.query('COMMIT');
        return rowCount === 1;
      }),
    );
  }

  /** Ended leases that another process held. */
  private ofOthers({ ended }: Tx): string[] {
    return [...ended]
      .filter(([, worker]) => worker !== null && !this.session?.workers.has(worker))
      .map(([documentId]) => documentId);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await Promise.allSettled(this.running);
    await this.session?.close();
    await this.connections.close();
  }
}
