import { strict as assert } from 'node:assert';
import type { RunContext, Store } from '../../../engine';
import { type ErrorCode, FinanceError } from '../../../errors';
import { PIPELINE, receive, take } from '../../support/store';

export const MAPPING = [{ name: 'acme_de', version: 1, hash: 'h1' }];

/** What a document is held for where an entry of a table is missing. */
export const unmapped = (value: string, table = 'taxCodes') =>
  new FinanceError('MAP_UNMAPPED', {
    message: `map tax code ${value} for entity acme_de`,
    details: { table, value, entity: 'acme_de' },
  });

export interface Held {
  documentId: string;
  exceptionId: string;
}

/** A document of 119 EUR that is held; each object has a lane of its own. */
export async function held(
  store: Store,
  object: string,
  error: FinanceError | ErrorCode = 'ODOO_VALIDATION',
  notes: RunContext['notes'] = {},
): Promise<Held> {
  const { documentId } = await receive(store, object);
  const context = await take(store);
  assert.equal(context.documentId, documentId);
  const stored = (typeof error === 'string' ? new FinanceError(error) : error).toJSON();
  const known = { amount: '119.00', currency: 'EUR', contentHash: `hash of ${object}`, mapping: MAPPING };
  await store.hold({ ...context, error: stored, notes: { ...known, ...notes } });
  return { documentId, exceptionId: await exceptionOf(store, documentId) };
}

/** The open exception of a document. */
export async function exceptionOf(store: Store, documentId: string): Promise<string> {
  const open = (await store.exceptions({ limit: 10_000 })).find((one) => one.document_id === documentId);
  assert.ok(open, `${documentId} has no open exception`);
  return open.id;
}

/** A store whose pipeline takes the documents of {@link held}. */
export async function ready(store: Store): Promise<Store> {
  await store.syncPipelines([PIPELINE]);
  return store;
}

/** How often something was done to a document, as its history tells. */
export async function times(store: Store, documentId: string, type: string): Promise<number> {
  const { history } = await store.trace({ documentId });
  return history.filter((event) => event.type === type).length;
}

export async function assertVerified(store: Store): Promise<void> {
  assert.deepEqual((await store.audit()).findings, []);
}
