import { FinanceError } from '../../../errors';
import type { DocumentKind } from '../../../finance/documents';
import type { OdooClient } from '../client';
import { findByExternalId } from '../load';
import { lookupsOf } from '../lookups';
import { assertPeriodOpen, lockOn } from '../moves/lock-dates';
import type { PrepareOptions } from '../moves/prepare';
import type { ExpectedDraft } from '../moves/request';
import { bankLines } from './bank-lines';
import { entries } from './entries';
import { invoices } from './invoices';
import type { EntryRequest, Kinds, PostableDocument, Poster, PosterName, PostRequest } from './kinds';
import { loadAndPost, type OneTransaction } from './one-transaction';
import { payments } from './payments';
import { lost, singly, type Writer } from './writer';

/** Runs one phase; a caller with a store records its intent before and its result after. */
export type PhaseRunner = <T>(phase: Phase, effect: () => Promise<T>) => Promise<T>;

/** The phases that change something in Odoo, or whose result the later ones work from. */
export type Phase = 'prepare' | 'draft' | 'tax' | 'post' | 'reconcile';

export interface PostOptions extends PrepareOptions {
  /** A draft that an earlier attempt recorded. */
  expected?: ExpectedDraft;
  /** Default: each phase just runs. */
  run?: PhaseRunner;
  /** Default: a call for each record. */
  writer?: Writer;
  /** Creates and posts moves in one transaction. */
  oneTransaction?: OneTransaction;
}

/** One shape for every kind. */
const POSTERS: { readonly [K in PosterName]: Poster<K> } = {
  invoice: invoices,
  entry: entries,
  payment: payments,
  bank_line: bankLines,
};

const POSTER_OF: Partial<Record<DocumentKind, PosterName>> = {
  invoice: 'invoice',
  credit_note: 'invoice',
  payment: 'payment',
  refund: 'payment',
  payout: 'entry',
  journal_entry: 'entry',
  bank_transaction: 'bank_line',
};

/** The poster by its name, as a recorded request says it. */
export const poster = <K extends PosterName>(name: K): Poster<K> => POSTERS[name];

/** @throws FinanceError ODOO_VALIDATION for a kind that is not posted */
export function posterNameOf({ kind }: { kind: DocumentKind }): PosterName {
  const name = POSTER_OF[kind];
  if (name) return name;
  throw new FinanceError('ODOO_VALIDATION', { message: `Documents of the kind ${kind} are not posted.` });
}

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
  options: Omit<PostOptions, keyof PrepareOptions> = {},
): Promise<Kinds[K]['result']> {
  const { run = justRun, expected } = options;
  const writer = options.writer ?? singly(client);
  const kind = poster(name);
  const read = (id: number) => readBackRecord(writer, kind, id, request.company.id);
  let fresh: Kinds[K]['state'] | undefined;
  const id = await run('draft', async () => {
    const atOnce = expected ? undefined : await inOneTransaction(client, request, options.oneTransaction);
    const created = expected?.moveId ?? atOnce ?? (await create(client, writer, kind, request));
    fresh = await read(created);
    kind.compare(request, fresh, atOnce ? 'posted' : expected ? 'resumed' : 'created');
    return created;
  });
  const draft = fresh ?? (await read(id));
  kind.compare(request, draft, 'resumed');
  if (draft.state === 'draft') {
    if (kind.amend) {
      const amended = await run('tax', async () => (await kind.amend?.(client, request, draft)) ?? false);
      kind.compare(request, amended ? await read(id) : draft, 'draft');
    }
    await run('post', async () => {
      await assertPeriodOpen(client, request.company, kind.period(request));
      await writer.post(kind.model, id, request.company.id);
    });
  }
  const posted = draft.state === 'draft' ? await read(id) : draft;
  kind.compare(request, posted, 'posted');
  const postEntry = (entry: EntryRequest) => postRequest(client, 'entry', entry, { writer });
  if (kind.settle) await run('reconcile', async () => kind.settle?.(client, request, posted, postEntry));
  return kind.result(client, request, posted);
}

/** Nothing where the mode is off, or the record is no move. */
async function inOneTransaction(
  client: OdooClient,
  request: PostRequest,
  mode: OneTransaction | undefined,
): Promise<number | undefined> {
  if (!mode || (request.poster !== 'invoice' && request.poster !== 'entry')) return undefined;
  const { period } = poster<PosterName>(request.poster);
  await assertPeriodOpen(client, request.company, period(request));
  return loadAndPost(client, mode, request);
}

async function create<K extends PosterName>(
  client: OdooClient,
  writer: Writer,
  kind: Poster<K>,
  request: Kinds[K]['request'],
): Promise<number> {
  const { company, externalKey } = request;
  if (kind.isPostedAtOnce && (await lockOn(client, company, kind.period(request)))) {
    // what is there was posted while the period was open
    const found = await findByExternalId(client, kind.model, externalKey);
    if (found !== undefined) return found;
    await assertPeriodOpen(client, company, kind.period(request));
  }
  try {
    return await writer.load(request.load);
  } catch (error) {
    // an id that the look-ups still believed in may be gone
    if (error instanceof FinanceError && error.kind === 'rejected') lookupsOf(client).forget();
    throw error;
  }
}

async function readBackRecord<K extends PosterName>(
  writer: Writer,
  { model }: Poster<K>,
  id: number,
  company: number,
): Promise<Kinds[K]['state']> {
  const state = await writer.read(model, id, company);
  if (state) return state as Kinds[K]['state'];
  throw lost(model, id);
}

/**
 * Asks for a record by its document's external key: what a step in doubt needs to know.
 * @returns `undefined` when the key stands for nothing, so nothing was committed (or a person deleted the draft)
 * @throws FinanceError ODOO_ACCESS, DOCUMENT_CONFLICT when the key stands for another kind of record
 */
export async function lookupRecord<K extends PosterName>(
  client: OdooClient,
  name: K,
  request: Pick<Kinds[K]['request'], 'externalKey' | 'company'>,
): Promise<Kinds[K]['state'] | undefined> {
  const { model } = poster(name);
  const id = await findByExternalId(client, model, request.externalKey);
  if (id === undefined) return undefined;
  return (await singly(client).read(model, id, request.company.id)) as Kinds[K]['state'] | undefined;
}
