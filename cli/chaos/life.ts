import { existsSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { FinanceError } from '../../errors';
import { layoutOf } from '../../runtime';
import type { RuntimeProcess } from '../runtime-process';
import { strike } from './blows';
import { DEADLY, type Fault, type Strike } from './plan';
import type { World } from './world';

const PAGE_BYTES = 4096;
/** Pages beyond what is used: the room that the store reserves twice over, and a little to take in. */
const CRAMPED_PAGES = 2 * 64 + 24;
const CRAMPED_MS = 2_500;
/** How far a clock is off, at most. */
const SKEW_MS = 20_000;
/** A runtime that cannot start (its database is away just then) is started again, as a supervisor does. */
const MOST_FAILED_STARTS = 20;

/** The lives of one runtime process under the blows of its plan. */
export class Lives {
  /** How often each fault struck. */
  readonly struck: Partial<Record<Fault, number>> = {};
  /** Restarts after an end that nobody wished for. */
  failures = 0;
  private over = false;
  private trouble?: unknown;
  /** Faults that found the process gone; they come again in its next life. */
  private readonly missed: Strike[] = [];
  private env: NodeJS.ProcessEnv = {};

  constructor(
    private readonly runtime: RuntimeProcess,
    private readonly world: World,
    private readonly strikes: readonly Strike[],
  ) {}

  /** Nothing is left to do: no further blows. */
  end(): void {
    this.over = true;
  }

  /**
   * Lives until {@link end}.
   * @throws RUN_UNEXPECTED where the process ends again and again by itself
   */
  async run(): Promise<void> {
    const waiting = [...this.strikes];
    while (!this.over) {
      const deadly = waiting.findIndex(({ fault }) => DEADLY.has(fault));
      const life = waiting.slice(0, deadly < 0 ? waiting.length : deadly + 1);
      const had = await this.live(life);
      waiting.splice(0, had, ...this.missed.splice(0));
    }
  }

  /** One life of the process. @returns how many of its blows it had */
  private async live(blows: readonly Strike[]): Promise<number> {
    let [had, stopping] = [0, false];
    let place = 0;
    const places = blows.map(({ after }) => (place += after));
    const last = blows.at(-1);
    const told = last?.fault === 'kill' ? places.slice(0, -1) : places;
    const under = new Set<Promise<void>>();
    this.runtime.start(
      {
        ...this.env,
        LEDGERWAY_TELL_AT: told.join(','),
        LEDGERWAY_KILL_AT: String(last?.fault === 'kill' ? place : 0),
      },
      () => {
        const blow = blows[had++]!;
        if (this.over) return;
        stopping ||= DEADLY.has(blow.fault);
        const work = this.have(blow).finally(() => under.delete(work));
        under.add(work);
      },
    );
    this.env = {};
    const ending = await this.ended();
    await Promise.all(under);
    if (this.trouble !== undefined) throw this.trouble;
    if (ending === undefined || stopping) return had;
    if (ending === 'killed' && last?.fault === 'kill') {
      this.count('kill');
      return blows.length;
    }
    this.failures++;
    if (this.failures > MOST_FAILED_STARTS || ending === 'killed')
      throw new FinanceError('RUN_UNEXPECTED', { message: `The runtime ended (${ending}) by itself.` });
    await sleep(300);
    return had;
  }

  /** How the process ended; undefined where the run is over and it still lives. */
  private async ended(): Promise<'killed' | number | undefined> {
    for (;;) {
      const ending = await Promise.race([this.runtime.ended(), sleep(100, undefined)]);
      if (ending !== undefined || this.over) return ending;
    }
  }

  private async have(blow: Strike): Promise<void> {
    try {
      if (DEADLY.has(blow.fault)) await this.stopWith(blow);
      else await strike(blow, this.runtime, this.world);
      this.count(blow.fault);
    } catch (error) {
      if (isFailure(error) && this.runtime.alive) this.trouble ??= error;
      else this.missed.push(blow);
    }
  }

  /** Blows that end the process by SIGTERM, and what the next life finds. */
  private async stopWith({ fault, luck }: Strike): Promise<void> {
    await this.runtime.stop();
    if (fault === 'clock')
      this.env = { LEDGERWAY_CLOCK_SKEW_MS: String(Math.round((2 * luck - 1) * SKEW_MS)) };
    if (fault === 'enospc') await this.liveCramped();
  }

  /** A short life with next to no room on the disk. */
  private async liveCramped(): Promise<void> {
    const pages = usedPages(this.runtime.data) + CRAMPED_PAGES;
    this.runtime.start({ LEDGERWAY_STORE_PAGES: String(pages), LEDGERWAY_LOG_LEVEL: 'silent' });
    await sleep(CRAMPED_MS);
    await this.runtime.stop();
  }

  private count(fault: Fault): void {
    this.struck[fault] = (this.struck[fault] ?? 0) + 1;
  }
}

/** Whether it is more than a process that does not answer (any more). */
function isFailure(error: unknown): boolean {
  return error instanceof FinanceError && !['SOURCE_UNAVAILABLE', 'RUN_UNEXPECTED'].includes(error.code);
}

function usedPages(data: string): number {
  const { store } = layoutOf(data);
  return existsSync(store) ? Math.ceil(statSync(store).size / PAGE_BYTES) : 0;
}
