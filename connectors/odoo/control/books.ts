import type { BookItem, Whereabouts } from '../../../finance/checkpoint';
import type { Period } from '../../../finance/close-gate';
import type { Decimal } from '../../../finance/documents';
import { sum } from '../../../finance/money';
import type { OdooClient } from '../client';
import type { FullDomain } from '../domain';
import { externalKeys } from '../external-keys';
import { findByExternalId } from '../load';
import { type Company, lookupsOf } from '../lookups';
import type { RecordState } from '../moves/differences';
import { type MoveState, readMoves } from '../moves/read';
import type { BankLineState, PaymentState, PostedModel } from '../posting/kinds';
import { READERS, stateOf } from '../posting/states';
import { readPages } from '../read';
import { amountOf, type OdooRecord, searchRead, textOf } from '../records';

/** Which books of a company are read. */
export interface BooksQuery {
  company: Company;
  kinds: readonly string[];
  /** By the document's date; by the accounting date where records have no other. */
  period: Period;
  /** Codes of the journals; all where it is empty. */
  journals: readonly string[];
  /** What our external ids of this entity begin with: `<prefix>.<entity>__`. */
  ownPrefix: string;
}

/** A record with its state, posted or not. */
type Found = BookItem & { state: RecordState['state'] };

/** How records of one model become items; each kind of document is in one book. */
interface Book {
  model: PostedModel;
  kinds: readonly string[];
  date: 'date' | 'invoice_date';
  /** What is asked for besides the period. */
  domain(client: OdooClient): Promise<FullDomain>;
  read(
    client: OdooClient,
    ids: readonly number[],
    company: Company,
  ): Promise<Map<number, Omit<Found, 'key'>>>;
}

const INVOICE_KINDS: Readonly<Record<string, string>> = {
  out_invoice: 'invoice',
  in_invoice: 'invoice',
  out_refund: 'credit_note',
  in_refund: 'credit_note',
};
const INVOICE_FIELDS = ['name', 'state', 'move_type', 'currency_id', 'amount_total', 'invoice_date'];

const BOOKS: readonly Book[] = [
  {
    model: 'account.move',
    kinds: ['invoice', 'credit_note'],
    date: 'invoice_date',
    domain: async () => [
      ['state', '=', 'posted'],
      ['move_type', 'in', Object.keys(INVOICE_KINDS)],
    ],
    async read(client, ids, company) {
      const rows = await searchRead(client, 'account.move', [['id', 'in', ids]], INVOICE_FIELDS, {
        company: company.id,
      });
      return byId(rows.map(invoiceItem));
    },
  },
  {
    model: 'account.move',
    kinds: ['journal_entry', 'payout'],
    date: 'date',
    async domain(client) {
      const fields = await lookupsOf(client).fields('account.move');
      const payment = fields.has('origin_payment_id') ? 'origin_payment_id' : 'payment_id';
      // the entries of payments and bank lines are counted with those
      return [
        ['state', '=', 'posted'],
        ['move_type', '=', 'entry'],
        [payment, '=', false],
        ['statement_line_id', '=', false],
      ];
    },
    async read(client, ids, company) {
      const moves = await readMoves(client, ids, company.id);
      return byId([...moves.values()].map((move) => entryItem(move, company)));
    },
  },
  {
    model: 'account.payment',
    kinds: ['payment', 'refund'],
    date: 'date',
    domain: async () => [['state', 'in', ['posted', 'in_process', 'paid']]],
    async read(client, ids, company) {
      const states = (await READERS['account.payment'](client, ids, company.id)) as Map<number, PaymentState>;
      return byId([...states.values()].map((state) => itemOf('account.payment', paymentKind(state), state)));
    },
  },
  {
    model: 'account.bank.statement.line',
    kinds: ['bank_transaction'],
    date: 'date',
    domain: async () => [],
    async read(client, ids, company) {
      const reader = READERS['account.bank.statement.line'];
      const states = (await reader(client, ids, company.id)) as Map<number, BankLineState>;
      const items = [...states.values()].map((state) =>
        itemOf('account.bank.statement.line', 'bank_transaction', state),
      );
      return byId(items);
    },
  },
];

const byId = (items: Omit<Found, 'key'>[]): Map<number, Omit<Found, 'key'>> =>
  new Map(items.map((item) => [item.id, item]));

function itemOf(
  model: PostedModel,
  kind: string,
  { id, name, state, date, currency, amount }: RecordState & { currency: string; amount: Decimal },
): Omit<Found, 'key'> {
  return { id, model, kind, currency, amount, name: name ?? '/', date: date ?? '', state };
}

function invoiceItem(row: OdooRecord): Omit<Found, 'key'> {
  const currency = Array.isArray(row.currency_id) ? String(row.currency_id[1]) : '';
  const [id, name, date] = [Number(row.id), textOf(row.name), textOf(row.invoice_date)];
  const amount = amountOf(row.amount_total, currency);
  const kind = INVOICE_KINDS[String(row.move_type)] ?? 'invoice';
  return itemOf('account.move', kind, { id, name, date, state: stateOf(row.state), currency, amount });
}

/** The debit side, in the currency of the lines: the move itself is of its journal's. */
function entryItem(move: MoveState, company: Company): Omit<Found, 'key'> {
  const currency = move.lines[0]?.currency ?? company.currency.code;
  const debits = move.lines.filter(({ amountCurrency }) => !amountCurrency.startsWith('-'));
  const amount = sum(debits.map(({ amountCurrency }) => amountCurrency));
  return itemOf('account.move', 'journal_entry', { ...move, currency, amount });
}

/** Customers pay and are refunded, suppliers are paid and refund. */
const paymentKind = ({ paymentType, partnerType }: PaymentState): string =>
  (partnerType === 'customer') === (paymentType === 'inbound') ? 'payment' : 'refund';

/**
 * All posted records of a period, whoever made them, page by page, each with our external id where it has one. Entries
 * that hang on a document of another kind (they settle a payment, or defer an invoice) are part of it and left out.
 * @throws FinanceError ODOO_*
 */
export async function* readBooks(client: OdooClient, query: BooksQuery): AsyncGenerator<BookItem> {
  const { company, kinds, period, journals } = query;
  for (const book of BOOKS.filter((each) => each.kinds.some((kind) => kinds.includes(kind)))) {
    const domain = [
      ...(await book.domain(client)),
      ['company_id', '=', company.id],
      [book.date, '>=', period.from],
      [book.date, '<=', period.to],
      ...(journals.length > 0 ? [['journal_id.code', 'in', journals]] : []),
    ];
    const pages = readPages(client, { model: book.model, domain, fields: [book.date], company: company.id });
    for await (const page of pages) {
      const ids = page.map(({ id }) => Number(id));
      const items = await readItems(client, book, ids, query);
      yield* items.filter(({ state, kind }) => state === 'posted' && kinds.includes(kind));
    }
  }
}

async function readItems(
  client: OdooClient,
  book: Book,
  ids: readonly number[],
  { company, ownPrefix }: Pick<BooksQuery, 'company' | 'ownPrefix'>,
): Promise<Found[]> {
  const [found, keys] = await Promise.all([
    book.read(client, ids, company),
    externalKeys(client, book.model, ids, { company, ownPrefix }),
  ]);
  return [...found.values()].flatMap((item) => {
    const key = keys.get(item.id);
    if (key === undefined) return [item];
    const made = key.slice(ownPrefix.length).split('__')[0] ?? '';
    if (!book.kinds.includes(made) && book.kinds.includes('journal_entry')) return [];
    return [{ ...item, key, kind: made === 'payout' ? made : item.kind }];
  });
}

/**
 * Where the record of an external id is, posted or not, on whatever day.
 * @returns undefined where the key stands for nothing
 * @throws FinanceError ODOO_ACCESS, DOCUMENT_CONFLICT
 */
export async function whereabouts(
  client: OdooClient,
  { key, kind }: { key: string; kind: string },
  { company, ownPrefix }: Pick<BooksQuery, 'company' | 'ownPrefix'>,
): Promise<Whereabouts> {
  const book = BOOKS.find(({ kinds }) => kinds.includes(kind));
  if (!book) return undefined;
  const id = await findByExternalId(client, book.model, key);
  if (id === undefined) return undefined;
  return (await readItems(client, book, [id], { company, ownPrefix }))[0];
}

/**
 * Records of one kind by their ids, posted or not, on whatever day; those that are gone are left out.
 * @throws FinanceError ODOO_*
 */
export async function readRecordsOf(
  client: OdooClient,
  kind: string,
  ids: readonly number[],
  query: Pick<BooksQuery, 'company' | 'ownPrefix'>,
): Promise<NonNullable<Whereabouts>[]> {
  const book = BOOKS.find(({ kinds }) => kinds.includes(kind));
  return book && ids.length > 0 ? await readItems(client, book, ids, query) : [];
}

/** The kinds of documents that have records in Odoo. */
export const BOOKED_KINDS: readonly string[] = BOOKS.flatMap(({ kinds }) => kinds);
