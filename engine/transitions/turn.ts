import { lock, one, type Transition, type Tx } from '../transaction';
import { setCursor } from './receive';

/** What the store keeps of a schedule: who has the turn, and when the next one may take it. */
interface Turn {
  worker: string;
  /** Milliseconds since the epoch, of the store's clock. */
  until: number;
}

export interface TakeTurnInput {
  /** Name of the schedule; one name is one schedule, whatever process runs it. */
  name: string;
  worker: string;
  /** How long nobody else gets the turn, in milliseconds; taken again, it lasts that long from then. */
  holdMs: number;
}

/**
 * Gives one of several runtimes the turn of a schedule.
 * @returns 0 where this worker has it now, else the milliseconds until it may be had
 */
export function* takeTurn(tx: Tx, { name, worker, holdMs }: TakeTurnInput): Transition<number> {
  const turn = yield* turnOf(tx, name);
  if (turn && turn.worker !== worker && turn.until > tx.now) return turn.until - tx.now;
  yield* writeTurn(tx, name, { worker, until: tx.now + holdMs });
  return 0;
}

/** Ends this worker's turn; the next one, for whomever, comes after `nextMs`. A turn that was lost stays as it is. */
export function* endTurn(
  tx: Tx,
  { name, worker, nextMs }: { name: string; worker: string; nextMs: number },
): Transition<void> {
  const turn = yield* turnOf(tx, name);
  if (turn?.worker === worker) yield* writeTurn(tx, name, { worker: '', until: tx.now + nextMs });
}

function* turnOf(tx: Tx, name: string): Transition<Turn | undefined> {
  yield* lock(tx, 'key', rowOf(name));
  const row = yield* one<{ value: string }>('SELECT value FROM cursors WHERE name = $1', rowOf(name));
  return row && (JSON.parse(row.value) as Turn);
}

function* writeTurn(tx: Tx, name: string, turn: Turn): Transition<void> {
  yield* setCursor(tx, { name: rowOf(name), value: JSON.stringify(turn) });
}

const rowOf = (name: string): string => `schedule/${name}`;
