import { FinanceError } from '../../errors';
import type { OdooClient } from './client';
import { externalKeys } from './external-keys';
import { findByExternalId } from './load';
import type { Difference } from './moves/differences';
import type { PrepareOptions } from './moves/prepare';
import { findPartner } from './party';
import type { Kinds, PostableDocument, PosterName, PostRequest } from './posting/kinds';
import { poster, posterNameOf } from './posting/posters';
import { singly } from './posting/writer';
import { type Domain, searchRead, textOf } from './records';

/** What we would post against what an earlier connector posted. */
export interface ShadowComparison {
  externalKey: string;
  /** Nothing fits: the earlier connector did not post it, or otherwise than anybody could know. */
  outcome: 'same' | 'different' | 'missing' | 'ambiguous';
  recordId?: number;
  name?: string;
  /** Empty where both are the same. */
  differences: Difference[];
  /** Where several records fit. */
  candidates?: { id: number; name?: string }[];
}

export interface ShadowOptions extends PrepareOptions {
  /** The earlier connector's record, where it is known; otherwise it is searched for. */
  recordId?: number;
  /** Fields that may differ, e.g. `reference` where the earlier connector wrote another. */
  ignore?: readonly string[];
}

/**
 * Compares what a document would become with what is in the books already, and writes nothing: no partner, no record.
 * @throws FinanceError of the look-ups of `prepare`
 */
export async function shadow(
  client: OdooClient,
  document: PostableDocument,
  options: ShadowOptions,
): Promise<ShadowComparison> {
  const name = posterNameOf(document);
  const partnerOf: PrepareOptions['partnerOf'] = async (asked, party, place) =>
    (await findPartner(asked, party, place)) ?? 0;
  // the books are compared as they are: on the document's own day, before the cut-over too
  const entity = { ...options.entity, cutOver: undefined, kinds: {} };
  const prepared = { ...options, entity, partnerOf, comparesOnly: true };
  const request = await poster(name).prepare(client, document as never, prepared);
  return compareWith(client, name, request, options);
}

async function compareWith<K extends PosterName>(
  client: OdooClient,
  name: K,
  request: Kinds[K]['request'],
  { recordId, ignore = [] }: ShadowOptions,
): Promise<ShadowComparison> {
  const { externalKey } = request;
  const candidates = recordId === undefined ? await candidatesFor(client, request) : [{ id: recordId }];
  if (candidates.length > 1) return { externalKey, outcome: 'ambiguous', differences: [], candidates };
  const [candidate] = candidates;
  const { model, differences } = poster(name);
  const state = candidate && (await singly(client).read(model, candidate.id, request.company.id));
  if (!state) return { externalKey, outcome: 'missing', differences: [] };
  // the corrected invoice can only be compared where it stands under a key of ours
  const isUnknown = ({ field, expected }: Difference) =>
    field === 'corrected invoice' && expected === undefined;
  const found = differences(request, state as Kinds[K]['state']).filter(
    (difference) => !ignore.includes(difference.field) && !isUnknown(difference),
  );
  return {
    externalKey,
    outcome: found.length === 0 ? 'same' : 'different',
    recordId: state.id,
    name: state.name,
    differences: found,
  };
}

/** Records that may be the document: by its number or reference, else by partner, day and amount. */
async function candidatesFor(
  client: OdooClient,
  request: PostRequest,
): Promise<{ id: number; name?: string }[]> {
  const company = request.company.id;
  const { model } = poster(request.poster);
  for (const domain of searches(request)) {
    const rows = await searchRead(client, model, domain, ['display_name'], {
      company,
      limit: 5,
      order: 'id',
    });
    if (rows.length > 0)
      return rows.map(({ id, display_name }) => ({ id: Number(id), name: textOf(display_name) }));
  }
  return [];
}

function searches(request: PostRequest): Domain[] {
  const posted: Domain = [['state', '=', 'posted']];
  switch (request.poster) {
    case 'invoice': {
      const { moveType, partnerId, ref, name, invoiceDate, amountTotal } = request.expected;
      const type: Domain = [...posted, ['move_type', '=', moveType]];
      const texts = [...new Set([name, ref].filter((text) => text !== undefined))];
      return [
        [...type, ['name', 'in', texts]],
        [...type, ['ref', 'in', texts]],
        [
          ...type,
          ['partner_id', '=', partnerId],
          ['invoice_date', '=', invoiceDate],
          ['amount_total', '=', Number(amountTotal)],
        ],
      ];
    }
    case 'entry': {
      const { ref, journalId } = request.expected;
      return [[...posted, ['move_type', '=', 'entry'], ['journal_id', '=', journalId], ['ref', '=', ref]]];
    }
    case 'payment': {
      const { textField, text, partnerId, date, amount, paymentType } = request.expected;
      const type: Domain = [
        ['payment_type', '=', paymentType],
        ['state', 'in', ['posted', 'in_process', 'paid']],
      ];
      return [
        [...type, [textField, '=', text]],
        [...type, ['partner_id', '=', partnerId], ['date', '=', date], ['amount', '=', Number(amount)]],
      ];
    }
    case 'bank_line': {
      const { journalId, date, amount, text } = request.expected;
      const line: Domain = [
        ['journal_id', '=', journalId],
        ['date', '=', date],
        ['amount', '=', Number(amount)],
      ];
      return [[...line, ['payment_ref', '=', text]], line];
    }
  }
}

export interface Adopted {
  externalKey: string;
  recordId: number;
  /** The key stood for the record before. */
  already: boolean;
}

/**
 * Binds a record that an earlier connector posted to the external key of its document, after comparing the two, so
 * that a backfill finds it and posts no second one.
 *
 * @param admin an administrator's connection: nobody else may write external ids of records that exist
 * @throws FinanceError DOCUMENT_CONFLICT with the differences, or when key or record belong to another;
 * ODOO_MISSING when nothing fits, ODOO_AMBIGUOUS with candidates
 */
export async function adopt(
  client: OdooClient,
  admin: OdooClient,
  document: PostableDocument,
  options: ShadowOptions,
): Promise<Adopted> {
  const compared = await shadow(client, document, options);
  return bindCompared(client, admin, document, compared, options.entity.odooCompany);
}

/**
 * Binds what {@link shadow} found the same. A key that stands for the record already is left as it is.
 * @param company id of the record's company
 * @throws FinanceError as {@link adopt}
 */
export async function bindCompared(
  client: OdooClient,
  admin: OdooClient,
  document: PostableDocument,
  compared: ShadowComparison,
  company: number,
): Promise<Adopted> {
  const { externalKey } = compared;
  const recordId = sameRecord(document, compared);
  if (await isBound(client, document, compared, company)) return { externalKey, recordId, already: true };
  await bind(admin, poster(posterNameOf(document)).model, externalKey, recordId);
  // two may adopt at once: the database keeps one row for a key, and the look tells whose
  if (await isBound(client, document, compared, company)) return { externalKey, recordId, already: false };
  throw new FinanceError('ODOO_VALIDATION', {
    message: `Odoo did not take the external key ${externalKey} for record ${recordId}.`,
  });
}

/** @throws FinanceError as {@link adopt} */
function sameRecord(
  document: PostableDocument,
  { recordId, outcome, differences, candidates }: ShadowComparison,
): number {
  if (outcome === 'ambiguous')
    throw new FinanceError('ODOO_AMBIGUOUS', {
      message: `Several records of Odoo may be ${document.kind} ${document.source.id}.`,
      details: { candidates },
    });
  if (recordId === undefined)
    throw new FinanceError('ODOO_MISSING', {
      message: `Odoo has no record that may be ${document.kind} ${document.source.id}.`,
      hint: 'Post it, or name the record.',
    });
  if (outcome === 'same') return recordId;
  const listed = differences.slice(0, 5).map(({ field }) => field);
  throw new FinanceError('DOCUMENT_CONFLICT', {
    message: `Record ${recordId} differs from the document in ${listed.join(', ')}.`,
    details: { record: recordId, differences: differences.slice(0, 20) },
  });
}

/**
 * Whether the external key of a document stands for the record that is the same.
 * @throws FinanceError DOCUMENT_CONFLICT where the key stands for another record, or the record for another document:
 * of two equal documents one may never have been posted
 */
export async function isBound(
  client: OdooClient,
  document: PostableDocument,
  { externalKey, recordId }: ShadowComparison,
  company: number,
): Promise<boolean> {
  const { model } = poster(posterNameOf(document));
  const holder = await findByExternalId(client, model, externalKey);
  if (holder !== undefined && holder === recordId) return true;
  if (holder !== undefined)
    throw new FinanceError('DOCUMENT_CONFLICT', {
      message: `The external key ${externalKey} stands for record ${holder}, not for ${recordId}.`,
      details: { record: recordId, holder },
    });
  if (recordId === undefined) return false;
  const ownPrefix = `${externalKey.split('.')[0]}.`;
  const own = await externalKeys(client, model, [recordId], { company: { id: company }, ownPrefix });
  const other = own.get(recordId);
  if (other === undefined) return false;
  throw new FinanceError('DOCUMENT_CONFLICT', {
    message: `Record ${recordId} is the one of ${other} already.`,
    details: { record: recordId, key: other },
  });
}

async function bind(admin: OdooClient, model: string, externalKey: string, res_id: number): Promise<void> {
  const [module, name] = externalKey.split('.');
  try {
    await admin.call('ir.model.data', 'create', {
      named: { vals_list: [{ module, name, model, res_id, noupdate: true }] },
    });
  } catch (error) {
    if (!(error instanceof FinanceError) || error.kind !== 'rejected') throw error;
  }
}
