import {
  type BooksQuery,
  lookupsOf,
  type OdooClient,
  ownPrefixOf,
  readBooks,
  readRecordsOf,
  whereabouts,
} from '../../connectors/odoo';
import type { PeriodDocument, Store } from '../../engine';
import { isFinanceError } from '../../errors';
import {
  Comparison,
  type ControlResult,
  dayOf,
  externalKey,
  type GivenTotal,
  headlineOf,
  type Keyed,
  type LegalEntity,
  money,
  type Payout,
  type Period,
  payoutEntry,
  type SourceItem,
  validateDocument,
} from '../../finance';
import type { KeyedDocument } from '../kit/documents';

/** What is compared with what. */
export interface Question {
  entity: LegalEntity;
  period: Period;
  kinds: string[];
  /** Codes of the journals whose records must come from the source; all where it is empty. */
  journals: string[];
  given: GivenTotal[];
}

/** Whom a checkpoint asks. */
export interface Sides {
  store: Store;
  client: OdooClient;
  /** `<url>/<database>` */
  target: string;
  prefix: string;
}

const PAGE = 1000;
/** Questions that the connection may put into its own order. */
const AT_ONCE = 20;
/** Documents that say no day of their own are asked for from so long before the period. */
const UNDATED_MS = 31 * 86_400_000;

/**
 * Compares what came from the source with what Odoo has posted, both as they are now: the store page by page, then
 * Odoo page by page, then one by one what did not meet.
 * @throws FinanceError ODOO_*, STORE_*
 */
export async function compare(
  sides: Sides,
  question: Question,
): Promise<Pick<ControlResult, 'equal' | 'rows' | 'states' | 'differences'>> {
  const { store, client, target, prefix } = sides;
  const { entity, kinds, period, journals, given } = question;
  const comparison = new Comparison();
  for await (const item of sourceItems(sides, question)) comparison.received(item);
  const company = await lookupsOf(client).company(entity.odooCompany);
  const books: BooksQuery = { company, kinds, period, journals, ownPrefix: ownPrefixOf(entity.key, prefix) };
  for await (const record of readBooks(client, books)) comparison.booked(record);
  await lookFor(client, comparison, books);
  for (const keys of chunks(comparison.unknown()))
    comparison.elsewhere(new Set(await store.knownKeys({ keys, target })));
  const states = await store.totals({ entity: entity.key, kinds, ...period });
  return { ...comparison.conclude(given), states };
}

/** What was booked is looked for by the ids of its records, many at once; what may be there unknown to us, by its key. */
async function lookFor(client: OdooClient, comparison: Comparison, books: BooksQuery): Promise<void> {
  const unmet = Map.groupBy(comparison.unmet(), ({ recordId, kind }) => (recordId === undefined ? '' : kind));
  for (const some of chunks(unmet.get('') ?? [], AT_ONCE)) {
    const found = await Promise.all(some.map((item) => whereabouts(client, item, books)));
    for (const [at, item] of some.entries()) comparison.found(item, found[at]);
  }
  unmet.delete('');
  for (const [kind, items] of unmet)
    for (const some of chunks(items)) {
      const ids = some.map(({ recordId }) => recordId as number);
      const records = new Map((await readRecordsOf(client, kind, ids, books)).map((one) => [one.id, one]));
      for (const item of some) comparison.found(item, records.get(item.recordId as number));
    }
}

function* chunks<Item>(items: readonly Item[], size = PAGE): Generator<Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

/** The documents of the period, as the store knows them. */
async function* sourceItems(
  { store, target, prefix }: Sides,
  { entity, kinds, period }: Question,
): AsyncGenerator<SourceItem> {
  const undatedSince = Date.parse(`${period.from}T00:00:00Z`) - UNDATED_MS;
  const query = {
    entity: entity.key,
    kinds,
    ...period,
    undatedSince,
    withText: ['payout'],
    booked: { kind: 'odoo.post', target },
    limit: PAGE,
  };
  for (let after = 0; ; ) {
    const page = await store.periodDocuments({ ...query, after });
    for (const row of page) {
      const document = row.text === null ? undefined : canonicalOf(row.text);
      const day =
        row.date ?? (document && headlineOf(document).date) ?? dayOf(row.received_at, entity.timeZone);
      if (day >= period.from && day <= period.to) yield itemOf(row, document, entity, prefix);
    }
    if (page.length < PAGE) return;
    after = page.at(-1)!.seq;
  }
}

function itemOf(
  row: PeriodDocument,
  document: KeyedDocument | undefined,
  entity: LegalEntity,
  prefix: string,
): SourceItem {
  const { id: documentId, kind, booked_key, number, error } = row;
  const headline = document ? headlineOf(document) : {};
  const keyed = document ?? keyedOf(row.business_key);
  const key = booked_key ?? (keyed && `${prefix}.${externalKey(keyed)}`);
  const state = stateOf(row);
  const { moveId, id: recordId = moveId } = (row.booked ?? {}) as { id?: number; moveId?: number };
  const { code } = (state === 'held' ? JSON.parse(error ?? '{}') : {}) as { code?: string };
  return {
    documentId,
    ...(key !== undefined && { key }),
    kind: document?.kind ?? kind,
    currency: row.currency ?? headline.currency ?? entity.currency,
    amount: bookedAmount(document) ?? row.amount ?? headline.amount ?? '0',
    state,
    ...(number !== null && { number }),
    ...(code !== undefined && { code }),
    ...(recordId !== undefined && { recordId }),
  };
}

/** A payout is booked as an entry, whose debit side has its fees as well; one that makes none is told as it is. */
function bookedAmount(document: KeyedDocument | undefined): string | undefined {
  if (document?.kind !== 'payout') return undefined;
  try {
    return money.sum(payoutEntry(document as Payout).lines.map(({ debit }) => debit));
  } catch (error) {
    if (isFinanceError(error)) return undefined;
    throw error;
  }
}

function stateOf({ booked_key, state, outcome }: PeriodDocument): SourceItem['state'] {
  if (outcome === 'rejected' || outcome === 'skipped') return 'dropped';
  if (booked_key !== null || outcome === 'completed') return 'booked';
  return state === 'held' ? 'held' : 'open';
}

/** The parts of a business key; the store keeps only the key of what was mapped. */
function keyedOf(key: string | null): Keyed | undefined {
  const [entity, kind, system, id, revision] = (key ?? '').split('/').map(decodeURIComponent);
  if (!entity || !kind || !system || !id) return undefined;
  const source = { system, id, ...(revision !== undefined && { revision }) };
  return { entity, kind: kind as Keyed['kind'], source };
}

/** The canonical document of a text; what was never mapped is none. */
function canonicalOf(text: string): KeyedDocument | undefined {
  try {
    return validateDocument(JSON.parse(text), 'MAP_INPUT_INVALID') as KeyedDocument;
  } catch (error) {
    if (error instanceof SyntaxError || isFinanceError(error)) return undefined;
    throw error;
  }
}
