import type { OdooClient } from '../client';
import { type PostingPlan, planInvoice } from '../moves/dry-run';
import { assertPeriodOpen } from '../moves/lock-dates';
import type { PrepareOptions } from '../moves/prepare';
import { findPartner } from '../party';
import type { Kinds, PostableDocument, PostedModel, PosterName } from './kinds';
import { poster, posterNameOf } from './posters';
import { Posting } from './posting';

/** What a document other than an invoice would become; ids are Odoo's, 0 for a partner that would be created. */
export interface DocumentPlan {
  dryRun: true;
  model: PostedModel;
  externalKey: string;
  /** The record that the key stands for already: nothing would be created. */
  exists?: { id: number; state: string; name?: string };
  company: { id: number; name: string };
  expected: Kinds[Exclude<PosterName, 'invoice'>]['request']['expected'];
}

/**
 * All checks and look-ups of a posting, and nothing written: no partner, no record.
 * @throws FinanceError as the preparation, and ODOO_DATE_MOVED where the period is locked
 */
export async function planDocument(
  client: OdooClient,
  document: PostableDocument,
  options: PrepareOptions,
): Promise<PostingPlan | DocumentPlan> {
  if (document.kind === 'invoice' || document.kind === 'credit_note')
    return planInvoice(client, document, options);
  const name = posterNameOf(document) as Exclude<PosterName, 'invoice'>;
  const partnerOf: PrepareOptions['partnerOf'] = async (asked, party, place) =>
    (await findPartner(asked, party, place)) ?? 0;
  const { model, prepare, period } = poster(name);
  const request = await prepare(client, document as never, { ...options, partnerOf });
  const { company, externalKey, expected } = request;
  const found = await new Posting(client, name, request).lookup();
  if (!found) await assertPeriodOpen(client, company, period(request as never));
  return {
    dryRun: true,
    model,
    externalKey,
    exists: found && { id: found.id, state: found.state, name: found.name },
    company: { id: company.id, name: company.name },
    expected,
  };
}
