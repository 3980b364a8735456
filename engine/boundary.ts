/**
 * The places where a crash hurts: before and after each transition of the store, and before and after each effect
 * on the outside world. `LEDGERWAY_KILL_AT=n` makes the process kill itself with SIGKILL at the n-th one, so that
 * a chaos run is reproduced by its seed.
 */
let killAt = Number(process.env.LEDGERWAY_KILL_AT ?? 0);
let passed = 0;

/** Names one place of a crash; without LEDGERWAY_KILL_AT it only counts. */
export function boundary(_name: string): void {
  passed++;
  if (passed === killAt) process.kill(process.pid, 'SIGKILL');
}

/** How many boundaries this process passed. */
export function boundariesPassed(): number {
  return passed;
}

/** Arms the kill from now on: the n-th boundary after this call. */
export function killAtBoundary(n: number): void {
  killAt = passed + n;
}
