import type { FinanceError } from '../../errors';
import type { TransitionName } from '../transitions';

export interface Call {
  name: TransitionName;
  input: unknown;
}

/** What became of a call whose transaction is committed. */
export type Answer = { result: unknown; error?: undefined } | { error: FinanceError; result?: undefined };

interface Waiting {
  call: Call;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** So many transactions of shared calls are under way at once: while one is at the disk, the others go on. */
const SLOTS = 3;
/** A larger group would keep its locks for too long. */
const MOST_CALLS = 32;

/**
 * Group commit: calls that come while a transaction is under way share the next one. A call that comes alone goes
 * alone, at once.
 */
export class Groups {
  private waiting: Waiting[] = [];
  private busy = 0;

  constructor(
    /** All calls in one transaction; undefined where nothing of them is written, a throw where that is not known. */
    private readonly together: (calls: readonly Call[]) => Promise<Answer[] | undefined>,
    /** One call by itself. */
    private readonly alone: (call: Call) => Promise<unknown>,
  ) {}

  add(call: Call): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ call, resolve, reject });
      // What comes in the same turn of the event loop goes along.
      if (this.waiting.length === 1) process.nextTick(() => this.start());
    });
  }

  private start(): void {
    while (this.busy < SLOTS && this.waiting.length > 0) {
      const group = this.waiting.splice(0, MOST_CALLS);
      this.busy++;
      void this.commit(group).finally(() => {
        this.busy--;
        this.start();
      });
    }
  }

  private async commit(group: Waiting[]): Promise<void> {
    if (group.length === 1) return await this.apart(group);
    try {
      const answers = await this.together(group.map(({ call }) => call));
      if (!answers) return await this.apart(group);
      for (const [index, { result, error }] of answers.entries())
        if (error) group[index]!.reject(error);
        else group[index]!.resolve(result);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  /** One call's fault is not another's. */
  private async apart(group: Waiting[]): Promise<void> {
    await Promise.all(group.map(({ call, resolve, reject }) => this.alone(call).then(resolve, reject)));
  }
}
