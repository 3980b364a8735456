/**
 * The places where a crash hurts: before and after each transition of the store, and before and after each effect
 * on the outside world. `LEDGERWAY_KILL_AT=n` makes the process kill itself with SIGKILL at the n-th one,
 * `LEDGERWAY_TELL_AT=n,m,…` makes it tell its parent process, so that a chaos run is reproduced by its seed.
 */
let killAt = Number(process.env.LEDGERWAY_KILL_AT ?? 0);
const tellAt = new Set((process.env.LEDGERWAY_TELL_AT ?? '').split(',').map(Number));
let passed = 0;

/** Names one place of a crash; without LEDGERWAY_KILL_AT and LEDGERWAY_TELL_AT it only counts. */
export function boundary(_name: string): void {
  passed++;
  if (passed === killAt) process.kill(process.pid, 'SIGKILL');
  if (tellAt.has(passed)) process.send?.({ boundary: passed });
}

/** How many boundaries this process passed. */
export function boundariesPassed(): number {
  return passed;
}

/** Arms the kill from now on: the n-th boundary after this call. */
export function killAtBoundary(n: number): void {
  killAt = passed + n;
}
