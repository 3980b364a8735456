/** So many at once, the others wait in order of arrival. */
export class Slots {
  private taken = 0;
  private readonly queue: (() => void)[] = [];

  constructor(private readonly limit: () => number) {}

  get inUse(): number {
    return this.taken;
  }

  get waiting(): number {
    return this.queue.length;
  }

  /** @returns whether a slot was free within `waitMs`; then it must be given back */
  async take(waitMs: number): Promise<boolean> {
    if (this.taken < this.limit()) {
      this.taken++;
      return true;
    }
    return await new Promise((resolve) => {
      const enter = () => {
        clearTimeout(timer);
        resolve(true);
      };
      const timer = setTimeout(() => {
        this.queue.splice(this.queue.indexOf(enter), 1);
        resolve(false);
      }, waitMs);
      this.queue.push(enter);
    });
  }

  /** Gives a slot back; whoever waits longest has it. */
  giveBack(): void {
    this.taken--;
    while (this.queue.length > 0 && this.taken < this.limit()) {
      this.taken++;
      this.queue.shift()!();
    }
  }
}
