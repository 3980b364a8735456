import { inTurn } from '../../connectors/turns';
import type { Store } from '../../engine';
import { FinanceError, isFinanceError } from '../../errors';

/** Whose turn it is to change an object, until when (milliseconds since the epoch) at the longest. */
interface Turn {
  by: string;
  until: number;
}

/** How long work waits for its turn before its step is tried again later, in milliseconds. */
const PATIENCE_MS = 2_000;
const LOOK_MS = 50;

/**
 * Does work on one object after what any runtime on this store does on it already, with what the store remembers of
 * the object; what the work gives is remembered. Work whose end is not known keeps its turn until it could no longer
 * arrive, and only the document that began it may go on before.
 * @param name of the object, the name of a cursor of the store
 * @param by id of the document
 * @throws FinanceError of the work; RUN_TURN (transient) where another document has the turn
 */
export function inStoreTurn<Memory extends object, Result>(
  store: Store,
  name: string,
  by: string,
  work: (before: Memory | undefined) => Promise<{ result: Result; memory: Memory }>,
): Promise<Result> {
  return inTurn(`${store.name} ${name}`, async () => {
    const { taken, before } = await takeTurn<Memory>(store, name, by);
    const leave = (memory: Memory | undefined) =>
      store.swapCursor({ name, from: taken, to: JSON.stringify(memory ?? {}) });
    try {
      const { result, memory } = await work(before);
      if (await leave(memory)) return result;
    } catch (error) {
      if (!isFinanceError(error) || error.kind !== 'in_doubt') await leave(before);
      throw error;
    }
    throw lost(name);
  });
}

/** @returns what the cursor holds while this turn lasts, and what it remembered before */
async function takeTurn<Memory extends object>(
  store: Store,
  name: string,
  by: string,
): Promise<{ taken: string; before: Memory | undefined }> {
  const { leaseMs, graceMs } = store.settings;
  for (const patience = Date.now() + PATIENCE_MS; Date.now() < patience; ) {
    const from = await store.getCursor({ name });
    const { turn, ...memory } = JSON.parse(from ?? '{}') as Memory & { turn?: Turn };
    const before = Object.keys(memory).length > 0 ? (memory as Memory) : undefined;
    if (!turn || turn.by === by || turn.until <= Date.now()) {
      const mine: Turn = { by, until: Date.now() + leaseMs + graceMs };
      const taken = JSON.stringify({ ...memory, turn: mine });
      if (await store.swapCursor({ name, from, to: taken })) return { taken, before };
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw lost(name);
}

const lost = (name: string): FinanceError =>
  new FinanceError('RUN_TURN', { message: `Another document changes ${name} at this moment.` });
