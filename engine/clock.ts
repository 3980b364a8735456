/** Set by chaos runs only: how far the clock of this process is off, in milliseconds. */
const skew = Number(process.env.LEDGERWAY_CLOCK_SKEW_MS ?? 0) || 0;

/** Milliseconds since the epoch by the clock of this process. */
export function now(): number {
  return Date.now() + skew;
}
