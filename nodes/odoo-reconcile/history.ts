import type { Store } from '../../engine';

/** Kind of step → id of the document that last did it; of one payment. */
type Last = Record<string, string>;

const read = async (store: Store, name: string): Promise<Last> =>
  JSON.parse((await store.getCursor({ name })) ?? '{}') as Last;

/**
 * Keeps who matches a payment, or takes its matching back, before it is done: what comes after is another question, even
 * where it is asked in the same words. Should the work fail, the next one is asked once too often, which changes nothing.
 * @param name of the payment, the name of a cursor of the store
 */
export async function remember(store: Store, name: string, kind: string, documentId: string): Promise<void> {
  const last = await read(store, name);
  if (last[kind] === documentId) return;
  await store.setCursor({ name, value: JSON.stringify({ ...last, [kind]: documentId }) });
}

/** Who last did the opposite. */
export async function lastOther(store: Store, name: string, kind: string): Promise<string | undefined> {
  const { [kind]: _own, ...others } = await read(store, name);
  return Object.values(others)[0];
}
