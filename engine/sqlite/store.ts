import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { FinanceError } from '../../errors';
import { boundary } from '../boundary';
import { DEFAULT_SETTINGS, type StoreSettings } from '../model';
import { scrub } from '../scrub';
import type { Store } from '../store';
import { TRANSITIONS, type TransitionName } from '../transitions';
import type { Committed, FromWorker, Job, SqliteOptions } from './worker';

export interface OpenSqliteOptions {
  /** Path of the database file. */
  file: string;
  name?: string;
  settings?: Partial<StoreSettings>;
  readOnly?: boolean;
  maxPages?: number;
}

/** Transitions that read only, or only move what no one else sees: no boundary for kills. */
const QUIET = new Set<TransitionName>([
  'renew',
  'sweep',
  'getCursor',
  'reference',
  'figures',
  'exceptions',
  'trace',
  'documents',
  'deliveries',
  'documentRow',
  'audit',
]);

/** Transitions that record what targets and nodes said: a secret in it is scrubbed first. */
const SCRUBBED = new Set<TransitionName>([
  'intend',
  'complete',
  'pend',
  'failStep',
  'failRun',
  'hold',
  'dispose',
]);

/**
 * Opens (and migrates) a SQLite store in a worker thread of its own, and voids the leases of the process that
 * owned it before.
 * @throws STORE_OWNED, STORE_SCHEMA_NEWER, STORE_SQLITE_UNSAFE, STORE_UNAVAILABLE
 */
export async function openSqliteStore(options: OpenSqliteOptions): Promise<Store> {
  const settings = { ...DEFAULT_SETTINGS, ...options.settings };
  const { file, readOnly = false, maxPages } = options;
  const worker = new Worker(join(__dirname, 'worker.js'), {
    workerData: { sqlite: { file, readOnly, maxPages } satisfies SqliteOptions },
  });
  const link = new WorkerLink(worker, settings);
  await link.opened;
  const store = link.store(options.name ?? 'default');
  if (!readOnly) {
    await store.recover();
    await store.sweep();
  }
  return store;
}

/** The main thread's end of the worker: numbered jobs out, answers in. */
class WorkerLink {
  readonly opened: Promise<void>;
  private next = 1;
  private open = 0;
  private closed = false;
  private readonly waiting = new Map<
    number,
    { resolve: (value: never) => void; reject: (error: Error) => void }
  >();
  private readonly wakeListeners = new Set<(pipeline: string) => void>();
  private readonly endListeners = new Set<(documentId: string) => void>();

  constructor(
    private readonly worker: Worker,
    private readonly settings: StoreSettings,
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
      worker.on('exit', () => this.abandon(undefined));
    });
  }

  private answer({ answers, wake, ended }: Committed): void {
    for (const answer of answers) {
      const caller = this.waiting.get(answer.id);
      this.waiting.delete(answer.id);
      if ('error' in answer) caller?.reject(FinanceError.fromJSON(answer.error));
      else caller?.resolve(answer.result as never);
    }
    for (const documentId of ended) for (const listener of this.endListeners) listener(documentId);
    for (const pipeline of wake) for (const listener of this.wakeListeners) listener(pipeline);
  }

  private abandon(cause: unknown): void {
    this.closed = true;
    for (const { reject } of this.waiting.values()) reject(new FinanceError('STORE_UNAVAILABLE', { cause }));
    this.waiting.clear();
  }

  private send<Result>(name: TransitionName, input: unknown): Promise<Result> {
    if (this.closed)
      return Promise.reject(new FinanceError('STORE_UNAVAILABLE', { message: 'The store is closed.' }));
    return new Promise<Result>((resolve, reject) => {
      const id = this.next++;
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, name, input } satisfies Job);
    });
  }

  private async transition(name: TransitionName, input: unknown): Promise<unknown> {
    const full = { ...(input as object | undefined), settings: this.settings };
    const sent = name === 'syncPipelines' ? input : SCRUBBED.has(name) ? scrub(full) : full;
    if (QUIET.has(name)) return await this.send(name, sent);
    boundary(`${name} before`);
    const result = await this.send(name, sent);
    boundary(`${name} after`);
    return result;
  }

  store(name: string): Store {
    const link = this;
    const methods = Object.fromEntries(
      (Object.keys(TRANSITIONS) as TransitionName[]).map((key) => [
        key,
        (input: unknown) => link.transition(key, input),
      ]),
    ) as unknown as Omit<Store, 'name' | 'settings' | 'open' | 'onWake' | 'onEnd' | 'close'>;
    return {
      ...methods,
      name,
      settings: link.settings,
      get open() {
        return link.open;
      },
      async receive(input) {
        if (link.open >= link.settings.highWater)
          throw new FinanceError('STORE_FULL', { retryAfterMs: 5_000 });
        link.open++;
        return await methods.receive(input);
      },
      async sweep() {
        const result = await methods.sweep();
        link.open = result.open;
        return result;
      },
      onWake(listener) {
        link.wakeListeners.add(listener);
        return () => link.wakeListeners.delete(listener);
      },
      onEnd(listener) {
        link.endListeners.add(listener);
        return () => link.endListeners.delete(listener);
      },
      async close() {
        if (link.closed) return;
        const ended = new Promise((resolve) => link.worker.once('exit', resolve));
        link.worker.postMessage('close');
        await ended;
      },
    };
  }
}
