/** One call as the log keeps it: never an argument, never a key. */
export interface LoggedCall {
  model: string;
  method: string;
  ms: number;
  /** `ok`, a fault's Python name, or how the connection was disturbed. */
  outcome: string;
}

/** The last calls, and how many there were of each method. */
export class CallLog {
  private readonly recent: Array<LoggedCall & { at: string }> = [];
  private readonly counts = new Map<string, number>();

  constructor(private readonly size = 500) {}

  note(call: LoggedCall): void {
    this.recent.push({ at: new Date().toISOString(), ...call });
    if (this.recent.length > this.size) this.recent.shift();
    const key = `${call.model}.${call.method}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  report(): { counts: Record<string, number>; calls: Array<LoggedCall & { at: string }> } {
    return { counts: Object.fromEntries(this.counts), calls: [...this.recent] };
  }
}
