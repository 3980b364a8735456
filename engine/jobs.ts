import { setTimeout as sleep } from 'node:timers/promises';
import { type FinanceError, toFinanceError } from '../errors';
import type { ApprovalLimits } from './four-eyes';
import type { DocumentRow } from './model';
import type { Store } from './store';
import type { JobRow } from './transitions/job-rows';
import type { FixInput } from './transitions/jobs';
import type { Versions } from './transitions/proposal-rows';

export interface JobRunnerOptions {
  /** Name of this process among the runtimes on the store. */
  worker: string;
  limits?: ApprovalLimits;
  /** The mapping versions that a document would run with, were it mapped anew. */
  latestOf(row: DocumentRow): Versions;
  /** Writes the version of a mapping that two people agreed upon; done twice, it is done once. */
  writeFix(input: FixInput): Promise<void>;
  report(error: unknown): void;
  /** How long after a mapping was written every runtime uses it, in milliseconds. */
  settleMs?: number;
  /** How often jobs are looked for, in milliseconds. */
  everyMs?: number;
  /** How long the turn of a runtime that is gone is waited for, in milliseconds. */
  holdMs?: number;
}

/** Documents of one transaction. */
const PAGE = 25;
const TURN = 'jobs';
/** How often documents are looked for that others have made good. */
const SUPERSEDE_MS = 60_000;

/**
 * Runs the jobs of a store, one runtime at a time, and closes exceptions that a later event repaired. What it has done
 * is noted in the transaction that does it, so a crash repeats nothing.
 */
export class JobRunner {
  private timer?: NodeJS.Timeout;
  private working?: Promise<void>;
  private closed = false;
  private supersededAt = Number.NEGATIVE_INFINITY;
  private renewedAt = 0;

  constructor(
    private readonly store: Store,
    private readonly options: JobRunnerOptions,
  ) {}

  start(): this {
    this.timer = setInterval(() => void this.look(), this.options.everyMs ?? 1_000);
    this.timer.unref();
    return this;
  }

  /** Does what there is to do; resolves when nothing is left, or it is another runtime's turn. */
  look(): Promise<void> {
    this.working ??= this.work()
      .catch((error: unknown) => this.options.report(error))
      .finally(() => {
        this.working = undefined;
      });
    return this.working;
  }

  /** Ends after the transaction under way; the rest goes on with the next start. */
  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    await this.working;
  }

  private async work(): Promise<void> {
    if (this.closed) return;
    const running = await this.store.runningJobs();
    if (running.length > 0 && (await this.takeTurn())) {
      try {
        for (const job of running) await this.runJob(job);
      } finally {
        await this.store.endTurn({ name: TURN, worker: this.options.worker, nextMs: 0 });
      }
    }
    if (performance.now() < this.supersededAt + SUPERSEDE_MS) return;
    this.supersededAt = performance.now();
    await this.closeSuperseded();
  }

  private async closeSuperseded(): Promise<void> {
    for (let after: number | undefined = 0; after !== undefined && !this.closed; ) {
      const { documentIds, next }: { documentIds: string[]; next?: number } = await this.store.superseded({
        after,
      });
      for (const documentId of documentIds) if (!this.closed) await this.store.supersede({ documentId });
      after = next;
    }
  }

  private get holdMs(): number {
    return this.options.holdMs ?? 6_000;
  }

  private async takeTurn(): Promise<boolean> {
    const { worker } = this.options;
    this.renewedAt = performance.now();
    return (await this.store.takeTurn({ name: TURN, worker, holdMs: this.holdMs })) === 0;
  }

  /** Whether this runtime may go on: it is not ending, and has the turn still. */
  private async goesOn(): Promise<boolean> {
    if (this.closed) return false;
    if (performance.now() < this.renewedAt + this.holdMs / 3) return true;
    return await this.takeTurn();
  }

  private async runJob(job: JobRow): Promise<void> {
    if (job.kind === 'mapping-fix' && !(await this.isFixed(job))) return;
    while (await this.goesOn()) {
      const documentIds = await this.store.openItems({ jobId: job.id, limit: PAGE });
      if (documentIds.length === 0) return;
      await this.act(job, documentIds);
    }
  }

  /** Acts on all of them at once; where that fails, on each for itself. */
  private async act(job: JobRow, documentIds: string[]): Promise<void> {
    const { limits } = this.options;
    try {
      const versions = await this.versionsFor(job, documentIds);
      await this.store.workItems({ jobId: job.id, documentIds, limits, versions });
    } catch (caught) {
      const error = toFinanceError(caught);
      if (isPassing(error)) throw error;
      if (documentIds.length > 1) for (const documentId of documentIds) await this.act(job, [documentId]);
      else await this.fail(job.id, documentIds, error);
    }
  }

  /** What proposals for a retry with the latest mapping are bound to. */
  private async versionsFor(
    { kind, input }: JobRow,
    documentIds: string[],
  ): Promise<Record<string, Versions> | undefined> {
    if (kind !== 'retry') return undefined;
    const { act } = JSON.parse(input) as { act: { mapping?: string } };
    if (act.mapping !== 'latest') return undefined;
    const versions: [string, Versions][] = [];
    for (const documentId of documentIds)
      versions.push([documentId, this.options.latestOf(await this.store.documentRow({ documentId }))]);
    return Object.fromEntries(versions);
  }

  private async fail(jobId: string, documentIds: string[], error: FinanceError): Promise<void> {
    for (const documentId of documentIds)
      await this.store.failItem({ jobId, documentId, error: error.toJSON() });
  }

  /** Writes the mapping and finds all that is held for the same cause. */
  private async isFixed(job: JobRow): Promise<boolean> {
    const input = JSON.parse(job.input) as FixInput;
    const { table, key: value } = input.fix;
    try {
      await this.options.writeFix(input);
    } catch (caught) {
      const error = toFinanceError(caught);
      if (isPassing(error)) throw error;
      await this.fail(job.id, await this.store.openItems({ jobId: job.id, limit: PAGE }), error);
      return false;
    }
    await sleep(this.options.settleMs ?? 1_000);
    await this.store.addHeldFor({ jobId: job.id, cause: { entity: input.entity, table, value } });
    return true;
  }
}

/** The store or a target is away: the job goes on later. */
function isPassing({ kind }: FinanceError): boolean {
  return kind === 'unavailable' || kind === 'transient' || kind === 'throttled';
}
