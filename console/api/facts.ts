/** What only the running process knows; `runtime/` hands it in. Times in milliseconds since the epoch. */
export interface RuntimeFacts {
  /** Targets that steps went to, and whether they are up. */
  targets(): Readonly<Record<string, 'up' | 'degraded'>>;
  /** API keys of the connections, where the target tells when they end. */
  keys(): Promise<{ connection: string; expiresAt: number | null }[]>;
  /** Where sources stand: when each moved or was looked at last, and how often it is looked at, where it is by the clock. */
  feeds(): Promise<{ name: string; lastAt: number; expectedEveryMs: number | null }[]>;
  /** What is down, paused or overdue, since when, and how many documents wait for it. */
  delayed(): Promise<
    { name: string; what: string; state: string; documents: number; since: number | null }[]
  >;
}
