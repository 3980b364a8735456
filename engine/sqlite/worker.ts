import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { FinanceError, type StoredError, toFinanceError } from '../../errors';
import { seal } from '../audit';
import { now } from '../clock';
import { MIGRATIONS, SCHEMA_VERSION } from '../migrations';
import { DEFAULT_SETTINGS, type StoreSettings } from '../model';
import type { Move } from '../observer';
import { inDialect, newTx, type Tx } from '../transaction';
import { perform, READS, type TransitionName } from '../transitions';
import { RESERVE_PAGES, Reserve } from './reserve';
import { Statements } from './statements';

/** Opens a store file; see {@link openSqliteStore}. */
export interface SqliteOptions {
  file: string;
  /** Only reads (command line beside a running process): takes no ownership, migrates nothing. */
  readOnly: boolean;
  settings?: StoreSettings;
  /** Size limit in pages, for tests of a full disk. */
  maxPages?: number;
}

export interface Job {
  id: number;
  name: TransitionName;
  input: unknown;
}

export type Answer = { id: number; result: unknown } | { id: number; error: StoredError };
/** What a group commit did: the answers, the pipelines that got work, the documents whose lease ended. */
export interface Committed {
  answers: Answer[];
  wake: string[];
  ended: string[];
  /** How long it took, in milliseconds, and what moved where anybody watches. */
  ms: number;
  moves: Move[];
}
export type FromWorker = Committed | { opened: true } | { failed: StoredError };

/** SQLite 3.7.0 to 3.51.2 can corrupt a database when the write-ahead log is reset. */
export function assertSafeSqlite(version: string): void {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const safe = major > 3 || (major === 3 && (minor > 51 || (minor === 51 && patch >= 3)));
  if (!safe)
    throw new FinanceError('STORE_SQLITE_UNSAFE', {
      message: `SQLite ${version} can corrupt a write-ahead log; 3.51.3 or newer is needed.`,
    });
}

/** One connection, one transaction for all jobs that wait: a group commit. */
export class SqliteConnection {
  private readonly database: DatabaseSync;
  private readonly owner?: DatabaseSync;
  private readonly statements: Statements;
  private readonly reserve: Reserve;
  /** The disk was full: intake is refused until there is room for the reserve again. */
  private full = false;
  /** Whether anybody in the process watches what moves. */
  watched = false;

  constructor(private readonly options: SqliteOptions) {
    if (options.readOnly && !existsSync(options.file))
      throw new FinanceError('STORE_NOT_FOUND', { message: `There is no store at ${options.file}.` });
    if (!options.readOnly) this.owner = takeOwnership(options.file);
    this.database = new DatabaseSync(options.file, { readOnly: options.readOnly });
    this.statements = new Statements(this.database);
    this.reserve = new Reserve(options.file);
    this.prepareDatabase();
    if (!options.readOnly) this.full = !this.takeReserve();
  }

  private prepareDatabase(): void {
    const { version } = this.database.prepare('SELECT sqlite_version() AS version').get() as {
      version: string;
    };
    assertSafeSqlite(version);
    this.database.exec('PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON;');
    if (!this.options.readOnly)
      this.database.exec(
        'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;',
      );
    const { user_version: found } = this.database.prepare('PRAGMA user_version').get() as {
      user_version: number;
    };
    if (found > SCHEMA_VERSION)
      throw new FinanceError('STORE_SCHEMA_NEWER', {
        message: `The store has schema ${found}; this version knows ${SCHEMA_VERSION}.`,
      });
    if (!this.options.readOnly) this.migrate(found);
  }

  private migrate(found: number): void {
    for (const { version, sql } of MIGRATIONS) {
      if (version <= found) continue;
      this.database.exec(
        `BEGIN IMMEDIATE; ${inDialect(sql, 'sqlite')} PRAGMA user_version = ${version}; COMMIT;`,
      );
    }
  }

  /** Room for results is set aside; `maxPages` (tests) stands for the end of the disk. */
  private takeReserve(): boolean {
    const { maxPages } = this.options;
    if (maxPages) {
      const { page_count: used } = this.database.prepare('PRAGMA page_count').get() as { page_count: number };
      if (used > maxPages - 2 * RESERVE_PAGES) return false;
      this.database.exec(`PRAGMA max_page_count = ${maxPages - RESERVE_PAGES}`);
    }
    return this.reserve.restore();
  }

  private spendReserve(): void {
    if (this.options.maxPages) this.database.exec(`PRAGMA max_page_count = ${this.options.maxPages}`);
    this.reserve.spend();
  }

  /**
   * Runs all jobs in one transaction; durable when it returns. A savepoint costs as much as the job in it, so a group
   * goes without; where a job fails that has written already, the group runs again, each job `guarded` by one.
   */
  run(jobs: Job[], guarded = false): Committed {
    const tx = newTx({
      now: now(),
      dialect: 'sqlite',
      settings: this.options.settings ?? DEFAULT_SETTINGS,
      chains: 1,
      chain: 0,
      watched: this.watched,
    });
    const started = performance.now();
    try {
      this.database.exec(this.options.readOnly ? 'BEGIN' : 'BEGIN IMMEDIATE');
      const answers = jobs.map((job) => this.runOne(tx, job, guarded));
      this.statements.drive(seal(tx));
      this.database.exec('COMMIT');
      const ms = performance.now() - started;
      return { answers, wake: [...tx.wake], ended: [...tx.ended.keys()], ms, moves: tx.moves };
    } catch (error) {
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      if (jobs.length > 1) return guarded || isFull(error) ? this.runApart(jobs) : this.run(jobs, true);
      if (isFull(error) && this.makeRoom(jobs[0]!)) return this.run(jobs, true);
      return {
        answers: jobs.map(({ id }) => ({ id, error: storeError(error).toJSON() })),
        wake: [],
        ended: [],
        ms: performance.now() - started,
        moves: [],
      };
    }
  }

  /** A failed group is tried one by one, so that one job's fault is not another's. */
  private runApart(jobs: Job[]): Committed {
    const parts = jobs.map((job) => this.run([job]));
    return {
      answers: parts.flatMap(({ answers }) => answers),
      wake: parts.flatMap(({ wake }) => wake),
      ended: parts.flatMap(({ ended }) => ended),
      ms: parts.reduce((sum, { ms }) => sum + ms, 0),
      moves: parts.flatMap(({ moves }) => moves),
    };
  }

  /** After a full disk: intake is refused, and for anything else the reserve is given up once. */
  private makeRoom({ name }: Job): boolean {
    this.full = true;
    if (name === 'receive' || !this.reserve.held) return false;
    this.spendReserve();
    return true;
  }

  private runOne(tx: Tx, job: Job, guarded: boolean): Answer {
    // Not where the group runs again: it may be for the very room that the reserve took.
    if (this.full && job.name === 'sweep' && !guarded) this.full = !this.takeReserve();
    if (this.full && job.name === 'receive')
      return { id: job.id, error: new FinanceError('STORE_DISK_FULL').toJSON() };
    // Who reads sees the audit events of what ran before.
    if (READS.has(job.name)) this.statements.drive(seal(tx));
    if (guarded) this.database.exec('SAVEPOINT job');
    const told = [tx.wake.size, tx.ended.size, tx.events.length, tx.moves.length] as const;
    this.statements.wrote = false;
    try {
      const result = this.statements.drive(perform(tx, job.name, job.input));
      if (guarded) this.database.exec('RELEASE job');
      return { id: job.id, result };
    } catch (error) {
      // A full disk ends the group: its jobs are tried apart, with the reserve where they need it.
      if (isFull(error) || !this.database.isTransaction || (this.statements.wrote && !guarded)) throw error;
      if (guarded) this.database.exec('ROLLBACK TO job; RELEASE job');
      // What a failed transition told is not so.
      for (const pipeline of [...tx.wake].slice(told[0])) tx.wake.delete(pipeline);
      for (const documentId of [...tx.ended.keys()].slice(told[1])) tx.ended.delete(documentId);
      tx.events.length = told[2];
      tx.moves.length = told[3];
      return { id: job.id, error: storeError(error).toJSON() };
    }
  }

  /** Whether the file itself is sound (page structure, indexes). */
  integrity(): string[] {
    const rows = this.database.prepare('PRAGMA integrity_check').all() as { integrity_check: string }[];
    return rows.map((row) => row.integrity_check).filter((text) => text !== 'ok');
  }

  close(): void {
    this.database.close();
    this.owner?.close();
  }
}

/**
 * One process owns a store file: it holds an exclusive transaction on a small database beside it, which the
 * system releases even after SIGKILL.
 */
function takeOwnership(file: string): DatabaseSync {
  const owner = new DatabaseSync(`${file}.owner`);
  try {
    owner.exec('PRAGMA busy_timeout = 1000; BEGIN EXCLUSIVE');
    return owner;
  } catch (error) {
    owner.close();
    if (!isBusy(error)) throw error;
    throw new FinanceError('STORE_OWNED', {
      message: `Another process owns the store ${file}.`,
      cause: error,
    });
  }
}

/** SQLITE_BUSY, of whatever kind: another connection has the lock. */
function isBusy(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  return errcode !== undefined && (errcode & 0xff) === 5;
}

/** SQLITE_FULL, or an I/O error for want of room. */
function isFull(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  return errcode === 13;
}

function storeError(error: unknown): FinanceError {
  const { message, errcode } = error as { message?: string; errcode?: number };
  if (isFull(error)) return new FinanceError('STORE_DISK_FULL', { cause: error });
  if (errcode !== undefined)
    return new FinanceError('STORE_UNAVAILABLE', { message: `The store failed: ${message}`, cause: error });
  return toFinanceError(error, 'RUN_UNEXPECTED');
}

/** The worker thread: collects the jobs that come while a commit is under way, and commits them together. */
function serve(options: SqliteOptions): void {
  const port = parentPort!;
  let connection: SqliteConnection;
  try {
    connection = new SqliteConnection(options);
  } catch (error) {
    port.postMessage({ failed: storeError(error).toJSON() } satisfies FromWorker);
    return;
  }
  port.postMessage({ opened: true } satisfies FromWorker);
  let queue: Job[] = [];
  let scheduled = false;
  const flush = () => {
    scheduled = false;
    if (queue.length === 0) return;
    const jobs = queue;
    queue = [];
    port.postMessage(connection.run(jobs) satisfies FromWorker);
  };
  port.on('message', (message: Job[] | 'watch' | 'close') => {
    if (message === 'watch') {
      connection.watched = true;
      return;
    }
    if (message === 'close') {
      flush();
      connection.close();
      port.close();
      return;
    }
    queue = queue.length > 0 ? queue.concat(message) : message;
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  });
}

if (parentPort && (workerData as { sqlite?: SqliteOptions } | null)?.sqlite)
  serve((workerData as { sqlite: SqliteOptions }).sqlite);
