import { inTurn } from '../../connectors/turns';
import type { Store } from '../../engine';
import { FinanceError, isFinanceError } from '../../errors';

/** How long work waits for its turn before its step is tried again later, in milliseconds. */
const PATIENCE_MS = 2_000;
const LOOK_MS = 50;

/**
 * Does work on one object after what any runtime on this store does on it already. Work whose end is not known keeps
 * its turn until it could no longer arrive, and only the document that began it may go on before.
 * @param name `object/…`
 * @param by id of the document
 * @throws FinanceError of the work; RUN_TURN where another document has the turn
 */
export function inStoreTurn<Result>(
  store: Store,
  name: string,
  by: string,
  work: () => Promise<Result>,
): Promise<Result> {
  return inTurn(`${store.name} ${name}`, async () => {
    await haveTurn(store, name, by);
    // A turn whose end cannot be told ends by its time. What became of the work is what counts.
    const end = () => store.endTurn({ name, worker: by, nextMs: 0 }).catch(() => undefined);
    try {
      const result = await work();
      await end();
      return result;
    } catch (error) {
      if (!isFinanceError(error) || error.kind !== 'in_doubt') await end();
      throw error;
    }
  });
}

async function haveTurn(store: Store, name: string, worker: string): Promise<void> {
  const { leaseMs, graceMs } = store.settings;
  for (const patience = Date.now() + PATIENCE_MS; Date.now() < patience; ) {
    if ((await store.takeTurn({ name, worker, holdMs: leaseMs + graceMs })) === 0) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw turnOfAnother(name);
}

/** Another document has the turn of an object. */
export const turnOfAnother = (name: string): FinanceError =>
  new FinanceError('RUN_TURN', { message: `Another document changes ${name} at this moment.` });
