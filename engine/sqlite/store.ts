import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { FinanceError, toFinanceError } from '../../errors';
import { assembleStore, type Driver, Listeners } from '../assemble';
import { DEFAULT_SETTINGS, type StoreSettings } from '../model';
import { type Commit, commits } from '../observer';
import type { Store } from '../store';
import type { TransitionName } from '../transitions';
import type { Committed, FromWorker, Job, SqliteOptions } from './worker';

export interface OpenSqliteOptions {
  /** Path of the database file. */
  file: string;
  name?: string;
  settings?: Partial<StoreSettings>;
  readOnly?: boolean;
  maxPages?: number;
}

/**
 * Opens (and migrates) a SQLite store in a worker thread of its own, and voids the leases of the process that
 * owned it before.
 * @throws STORE_OWNED, STORE_SCHEMA_NEWER, STORE_SQLITE_UNSAFE, STORE_UNAVAILABLE
 */
export async function openSqliteStore(options: OpenSqliteOptions): Promise<Store> {
  const { file, readOnly = false, maxPages } = options;
  const settings = { ...DEFAULT_SETTINGS, ...options.settings };
  const worker = new Worker(join(__dirname, 'worker.js'), {
    workerData: { sqlite: { file, readOnly, settings, maxPages } satisfies SqliteOptions },
  });
  const listeners = new Listeners();
  const link = new WorkerLink(worker, listeners);
  await link.opened;
  const store = assembleStore(options.name ?? 'default', settings, link, listeners);
  if (!readOnly) {
    await store.recover();
    await store.sweep();
  }
  return store;
}

interface Caller {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** The main thread's end of the worker: numbered jobs out, answers in. */
class WorkerLink implements Driver {
  readonly opened: Promise<void>;
  private next = 1;
  private closed = false;
  private closing = false;
  private watched = false;
  /** What came in this turn of the event loop, and travels together. */
  private outbox: Job[] = [];
  private readonly waiting = new Map<number, Caller>();

  constructor(
    private readonly worker: Worker,
    private readonly listeners: Listeners,
  ) {
    this.opened = new Promise((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        if ('opened' in message) resolve();
        else if ('failed' in message) reject(FinanceError.fromJSON(message.failed));
        else this.answer(message);
      });
      worker.on('error', (error) => {
        reject(error);
        this.abandon(error);
      });
      worker.on('exit', () => {
        const error = new FinanceError('STORE_UNAVAILABLE', { message: 'The thread of the store ended.' });
        reject(error);
        this.abandon(undefined);
        if (!this.closing) this.listeners.tellLost(error);
      });
    });
  }

  private answer({ answers, wake, ended, ms, moves }: Committed): void {
    for (const answer of answers) {
      const caller = this.takeCaller(answer.id);
      if ('error' in answer) caller?.reject(FinanceError.fromJSON(answer.error));
      else caller?.resolve(answer.result);
    }
    this.listeners.tell(wake, ended);
    if (commits.hasSubscribers) commits.publish({ ms, size: answers.length, moves } satisfies Commit);
  }

  private abandon(cause: unknown): void {
    this.closed = true;
    for (const { reject } of this.waiting.values()) reject(new FinanceError('STORE_UNAVAILABLE', { cause }));
    this.waiting.clear();
  }

  run(name: TransitionName, input: unknown): Promise<unknown> {
    if (this.closed)
      return Promise.reject(new FinanceError('STORE_UNAVAILABLE', { message: 'The store is closed.' }));
    return new Promise((resolve, reject) => {
      const id = this.next++;
      this.waiting.set(id, { resolve, reject });
      if (this.outbox.push({ id, name, input }) === 1) process.nextTick(() => this.send());
    });
  }

  private send(): void {
    const jobs = this.outbox;
    this.outbox = [];
    if (!this.watched && commits.hasSubscribers) {
      this.watched = true;
      this.worker.postMessage('watch');
    }
    if (jobs.length > 0) this.post(jobs);
  }

  /** An input that is no plain data cannot be sent, which is not the fault of the calls that came with it. */
  private post(jobs: Job[]): void {
    try {
      this.worker.postMessage(jobs);
    } catch (error) {
      if (jobs.length > 1) for (const job of jobs) this.post([job]);
      else this.takeCaller(jobs[0]!.id)?.reject(toFinanceError(error));
    }
  }

  /** Who waits for a job; from now on nobody does. */
  private takeCaller(id: number): Caller | undefined {
    const caller = this.waiting.get(id);
    this.waiting.delete(id);
    return caller;
  }

  async close(): Promise<void> {
    this.closing = true;
    if (this.closed) return;
    const ended = new Promise((resolve) => this.worker.once('exit', resolve));
    this.send();
    this.worker.postMessage('close');
    await ended;
  }
}
