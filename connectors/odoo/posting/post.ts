import type { OdooClient } from '../client';
import type { PrepareOptions } from '../moves/prepare';
import type { ExpectedDraft } from '../moves/request';
import type { Kinds, PostableDocument, PosterName } from './kinds';
import { poster, posterNameOf } from './posters';
import { Posting, type PostingOptions } from './posting';

/** Runs one phase; a caller with a store records its intent before and its result after. */
export type PhaseRunner = <T>(phase: Phase, effect: () => Promise<T>) => Promise<T>;

/** The phases that change something in Odoo, or whose result the later ones work from. */
export type Phase = 'prepare' | 'draft' | 'tax' | 'post' | 'reconcile';

export interface RunOptions extends PostingOptions {
  /** A draft that an earlier attempt recorded. */
  expected?: ExpectedDraft;
  /** Default: each phase just runs. */
  run?: PhaseRunner;
}

export type PostOptions = PrepareOptions & RunOptions;

type OfDocument<D> = { [K in PosterName]: D extends Kinds[K]['document'] ? K : never }[PosterName];

const justRun: PhaseRunner = (_phase, effect) => effect();

/**
 * Posts a document exactly once: every phase may be cut off and repeated, with this or another process, and the
 * outcome is one posted record, or an error that says why not.
 *
 * @throws FinanceError every code of its phases: look-ups, DOCUMENT_CONFLICT, ODOO_MOVE_CHANGED, ODOO_AMOUNT_DIFFERS,
 * ODOO_DATE_MOVED and those of a call
 */
export async function postDocument<D extends PostableDocument>(
  client: OdooClient,
  document: D,
  options: PostOptions,
): Promise<Kinds[OfDocument<D>]['result']> {
  const name = posterNameOf(document) as OfDocument<D>;
  const { run = justRun } = options;
  const request = await run('prepare', () => poster(name).prepare(client, document as never, options));
  return postRequest(client, name, request, options);
}

/** The phases after the preparation, from the recorded request alone. */
export async function postRequest<K extends PosterName>(
  client: OdooClient,
  name: K,
  request: Kinds[K]['request'],
  { run = justRun, expected, ...options }: RunOptions = {},
): Promise<Kinds[K]['result']> {
  const posting = new Posting(client, name, request, options);
  let fresh: Kinds[K]['state'] | undefined;
  const id = await run('draft', async () => {
    fresh = await posting.draft(expected);
    return fresh.id;
  });
  // recorded earlier: it may have been edited since
  const draft = fresh ?? (await posting.read(id));
  posting.compare(draft, 'resumed');
  let posted = draft;
  if (draft.state === 'draft') {
    const amended = posting.amends && (await run('tax', () => posting.amend(draft)));
    posting.compare(amended ? await posting.read(id) : draft, 'draft');
    await run('post', () => posting.post(draft));
    posted = await posting.read(id);
  }
  posting.compare(posted, 'posted');
  if (posting.settles) await run('reconcile', () => posting.settle(posted));
  return posting.result(posted);
}
