import type { Invoice } from '../../finance/documents';
import type { OdooClient } from './client';
import { compareMove } from './moves/compare';
import { createDraft, postMove, reconcileCreditNote } from './moves/post';
import { type PrepareOptions, prepareInvoice } from './moves/prepare';
import { type MoveState, readBack } from './moves/read';
import type { ExpectedDraft } from './moves/request';
import { type PostedMove, resultOf } from './moves/result';
import { setSourceTax } from './moves/source-tax';

/** Runs one phase; a caller with a store records its intent before and its result after. */
export type PhaseRunner = <T>(phase: Phase, effect: () => Promise<T>) => Promise<T>;

/** The phases that change something in Odoo, or whose result the later ones work from. */
export type Phase = 'prepare' | 'draft' | 'tax' | 'post' | 'reconcile';

export interface PostOptions extends PrepareOptions {
  /** A draft that an earlier attempt recorded. */
  expected?: ExpectedDraft;
  /** Default: each phase just runs. */
  run?: PhaseRunner;
}

const justRun: PhaseRunner = (_phase, effect) => effect();

/**
 * Posts a customer invoice or credit note exactly once: every phase may be cut off and repeated, with this or another
 * process, and the outcome is one posted move, or an error that says why not.
 *
 * @throws FinanceError every code of its phases (`prepareInvoice`, `createDraft`, `compareMove`, `setSourceTax`,
 * `postMove`, `reconcileCreditNote`)
 */
export async function postInvoice(
  client: OdooClient,
  invoice: Invoice,
  options: PostOptions,
): Promise<PostedMove> {
  const { run = justRun, expected } = options;
  const request = await run('prepare', () => prepareInvoice(client, invoice, options));
  const read = (id: number) => readBack(client, id, request.company.id);
  let fresh: MoveState | undefined;
  const id = await run('draft', async () => {
    const created = await createDraft(client, request, expected);
    fresh = await read(created);
    compareMove(request, fresh, expected ? 'resumed' : 'created');
    return created;
  });
  const draft = fresh ?? (await read(id));
  compareMove(request, draft, 'resumed');
  if (draft.state === 'draft') {
    const corrections = await run('tax', () => setSourceTax(client, request, draft));
    compareMove(request, corrections.length > 0 ? await read(id) : draft, 'draft');
    await run('post', () => postMove(client, request, id));
  }
  const posted = await read(id);
  compareMove(request, posted, 'posted');
  await run('reconcile', () => reconcileCreditNote(client, request, id));
  return resultOf(client, request, posted);
}
