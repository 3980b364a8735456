import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Orders, Said } from './member';

/** Runtimes beside each other, each in a process of its own, and what they say. */
export class Members {
  readonly said: (Said & { member: number })[] = [];
  private readonly processes: ChildProcess[] = [];
  private errors = '';

  /** Resolves when it is ready. */
  async start(orders: Orders): Promise<void> {
    const member = this.processes.length;
    const child = fork(join(__dirname, 'member.js'), [JSON.stringify(orders)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.processes.push(child);
    child.stderr!.on('data', (text) => {
      this.errors += text;
    });
    child.on('message', (words: Said) => this.said.push({ ...words, member }));
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', () => reject(new Error(`a runtime ended by itself: ${this.errors}`)));
    });
  }

  of<Words extends Said['said']>(said: Words): (Extract<Said, { said: Words }> & { member: number })[] {
    return this.said.filter((one) => one.said === said) as (Extract<Said, { said: Words }> & {
      member: number;
    })[];
  }

  /** None ended by itself, and none complained: a failure of Redis is no failure of theirs. */
  assertWell(): void {
    assert.equal(this.errors, '');
    for (const { exitCode, signalCode } of this.processes) assert.equal(exitCode ?? signalCode, null);
  }

  async kill(): Promise<void> {
    await Promise.all(
      this.processes.map((child) => {
        if (child.exitCode !== null || child.signalCode !== null) return undefined;
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        return ended;
      }),
    );
  }
}

/** Waits until `holds`. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  limitMs = 10_000,
  what = '',
): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`it did not come to be in time: ${what || holds}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
