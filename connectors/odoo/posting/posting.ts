import { isFinanceError } from '../../../errors';
import type { OdooClient } from '../client';
import { findByExternalId } from '../load';
import { lookupsOf } from '../lookups';
import type { Stage } from '../moves/differences';
import { assertPeriodOpen, lockOn } from '../moves/lock-dates';
import { type ExpectedDraft, sideOf } from '../moves/request';
import type { TaxCorrection } from '../moves/source-tax';
import type { EntryRequest, Kinds, Poster, PosterName, PostRequest, Settled, Settlement } from './kinds';
import { loadAndPost, type OneTransaction } from './one-transaction';
import { poster } from './posters';
import { lost, singly, type Writer } from './writer';

export interface PostingOptions {
  /** Default: a call for each record. */
  writer?: Writer;
  /** Creates and posts moves in one transaction. */
  oneTransaction?: OneTransaction;
}

/**
 * The posting of one recorded request, phase by phase. Each may be cut off and repeated, with this or another process;
 * each compares what Odoo has with what was asked for, before and after.
 */
export class Posting<K extends PosterName> {
  readonly #client: OdooClient;
  readonly #request: Kinds[K]['request'];
  readonly #poster: Poster<K>;
  readonly #writer: Writer;
  readonly #mode?: OneTransaction;

  constructor(client: OdooClient, name: K, request: Kinds[K]['request'], options: PostingOptions = {}) {
    this.#client = client;
    this.#request = request;
    this.#poster = poster(name);
    this.#writer = options.writer ?? singly(client);
    this.#mode = options.oneTransaction;
  }

  /** Whether drafts may need the source's tax, or posted records a matching. */
  get amends(): boolean {
    return this.#poster.amend !== undefined;
  }

  get settles(): boolean {
    return this.#poster.settle !== undefined;
  }

  /**
   * Asks for the record by its external key: what a step in doubt needs to know.
   * @returns `undefined` when the key stands for nothing, so nothing was committed (or a person deleted the draft)
   * @throws FinanceError ODOO_ACCESS, DOCUMENT_CONFLICT when the key stands for another kind of record
   */
  async lookup(): Promise<Kinds[K]['state'] | undefined> {
    const { externalKey, company } = this.#request;
    const id = await findByExternalId(this.#client, this.#poster.model, externalKey);
    if (id === undefined) return undefined;
    return (await this.#writer.read(this.#poster.model, id, company.id)) as Kinds[K]['state'] | undefined;
  }

  /**
   * The record as it is now.
   * @param stage what it is held to; nothing where it is left out
   * @throws FinanceError ODOO_MOVE_CHANGED when a person deleted it: it is never made a second time in silence
   */
  async read(id: number, stage?: Stage): Promise<Kinds[K]['state']> {
    const { model } = this.#poster;
    const state = await this.#writer.read(model, id, this.#request.company.id);
    if (!state) throw lost(model, id);
    const found = state as Kinds[K]['state'];
    if (stage) this.compare(found, stage);
    return found;
  }

  /** @throws FinanceError DOCUMENT_CONFLICT, ODOO_MOVE_CHANGED, ODOO_AMOUNT_DIFFERS, ODOO_DATE_MOVED */
  compare(state: Kinds[K]['state'], stage: Stage): void {
    this.#poster.compare(this.#request, state, stage);
  }

  /**
   * Creates the draft, or finds the record that the key stands for already.
   * @param expected a draft that an earlier attempt recorded: it is used as it is, and never made again
   */
  async draft(expected?: ExpectedDraft): Promise<Kinds[K]['state']> {
    if (expected) return this.read(expected.moveId, 'resumed');
    const atOnce = await this.#inOneTransaction();
    if (atOnce !== undefined) return this.read(atOnce, 'posted');
    return this.read(await this.#create(), 'created');
  }

  /** Tax lines of the draft that are to get the source's amount. @throws FinanceError ODOO_AMOUNT_DIFFERS */
  corrections(draft: Kinds[K]['state']): TaxCorrection[] {
    return draft.state === 'draft' ? (this.#poster.corrections?.(this.#request, draft) ?? []) : [];
  }

  /**
   * Gives a draft what it needs before it is posted: the source's own tax.
   * @returns whether anything was written; the draft is then read again and compared as `draft`
   */
  async amend(draft: Kinds[K]['state']): Promise<boolean> {
    return (await this.#poster.amend?.(this.#client, this.#request, draft)) ?? false;
  }

  /** Posts a draft that was compared. One that is posted by now is done. */
  async post({ id }: { id: number }): Promise<void> {
    const { company } = this.#request;
    await this.#poster.assertFirst?.(this.#client, this.#request, id);
    await assertPeriodOpen(this.#client, company, this.#poster.period(this.#request));
    await this.#writer.post(this.#poster.model, id, company.id);
  }

  /**
   * What {@link Posting.settle} has to match; nothing where there is nothing.
   * @param major version of Odoo
   */
  settlement(major: number): Settlement | undefined {
    return this.#poster.settlement?.(this.#request, major);
  }

  /** Matches what is posted with what it settles. What is matched already is left alone. */
  async settle(posted: Kinds[K]['state']): Promise<Settled | undefined> {
    return this.#poster.settle?.(this.#client, this.#request, posted, (entry) => this.#postEntry(entry));
  }

  /** What a posted record is to the rest of the pipeline. */
  result(posted: Kinds[K]['state']): Promise<Kinds[K]['result']> {
    return this.#poster.result(this.#client, this.#request, posted);
  }

  async #postEntry(entry: EntryRequest): Promise<{ id: number }> {
    const posting = new Posting(this.#client, 'entry', entry, { writer: this.#writer });
    const draft = await posting.draft();
    if (draft.state === 'draft') {
      await posting.post(draft);
      await posting.read(draft.id, 'posted');
    }
    return draft;
  }

  async #create(): Promise<number> {
    const { company, externalKey, load } = this.#request;
    const { model } = this.#poster;
    const question = this.#poster.period(this.#request);
    if (await lockOn(this.#client, company, question)) {
      // what is there was made while the period was open; nothing new is left in it, not even a draft
      const found = await findByExternalId(this.#client, model, externalKey);
      if (found !== undefined) return found;
      await assertPeriodOpen(this.#client, company, question);
    }
    try {
      return await this.#writer.load(load);
    } catch (error) {
      // an id that the look-ups still believed in may be gone
      if (isFinanceError(error) && error.kind === 'rejected') lookupsOf(this.#client).forget();
      throw error;
    }
  }

  /** Nothing where the mode is off, the record is no move, or is a bill, which is looked at between the two. */
  async #inOneTransaction(): Promise<number | undefined> {
    const request: PostRequest = this.#request;
    if (!this.#mode || (request.poster !== 'invoice' && request.poster !== 'entry')) return undefined;
    if (request.poster === 'invoice' && sideOf(request.expected.moveType) === 'purchase') return undefined;
    await assertPeriodOpen(this.#client, request.company, this.#poster.period(this.#request));
    return loadAndPost(this.#client, this.#mode, request);
  }
}
