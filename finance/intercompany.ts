import { FinanceError } from '../errors';
import type {
  Decimal,
  EntryLine,
  Invoice,
  InvoiceLine,
  JournalEntry,
  Party,
  SourceReference,
} from './documents';
import type { LegalEntity } from './entity';
import { linePair, type PairAmount } from './entry-pair';
import { formatMoney, sub, sum } from './money';
import { plainVat } from './vat-id';

/** The source system of what one entity's books make in another's. */
export const INTERCOMPANY = 'intercompany';
/** The source system of what an allocation makes. */
export const ALLOCATION = 'allocation';

/** Whether a document was made in the course of another one: it is no original, so nothing is made of it again. */
export const isDerived = ({ system }: SourceReference): boolean =>
  system === INTERCOMPANY || system === ALLOCATION;

/** Two entities of one group: what `from` posted is mirrored in the books of `to`. */
export interface Relation {
  from: LegalEntity;
  to: LegalEntity;
}

/** How the mirror of an invoice is booked; codes of the receiving entity's chart. */
export interface BillRules {
  journal: string;
  payableAccount?: string;
  /** Account of the original's line → account of the bill's; `*` for all others. */
  accounts: ReadonlyMap<string, string>;
  /** Category and rate of the original's tax (`S 19`) → names of the receiver's taxes; `*` for all others. */
  taxes: ReadonlyMap<string, readonly string[]>;
  /** Analytic account that marks what is eliminated when the group is consolidated. */
  elimination?: string;
}

/** What one account between the two entities is in the books of the other. */
export interface DueAccounts {
  dueTo: string;
  /** The other side in the receiver's books: the expense or asset that was paid for it. */
  counterpart: string;
}

/** How the mirror of an entry is booked. */
export interface EntryRules {
  journal: string;
  /** Account of the original that stands for what the other entity owes → accounts of the receiver. */
  due: ReadonlyMap<string, DueAccounts>;
  elimination?: string;
  /** Units of the entry's currency for one of the receiver's, where the two differ. */
  rate?: Decimal;
}

/** Whether a party is this entity: by VAT id where both have one, else by name; however the two are written. */
export function isEntity(party: Party | undefined, { seller }: LegalEntity): boolean {
  if (!party) return false;
  if (party.vatId && seller.vatId) return plainVat(party.vatId) === plainVat(seller.vatId);
  return plainName(party.name) === plainName(seller.name);
}

const plainName = (name: string): string => name.trim().replace(/\s+/g, ' ').toLowerCase();

/**
 * Where a mirror comes from: the original's own source within its entity, so that no two originals share one.
 * @param number the original's, as it was booked
 */
export function mirrorSource(
  { key }: LegalEntity,
  source: SourceReference,
  number?: string,
): SourceReference {
  const { revision } = source;
  return {
    system: INTERCOMPANY,
    account: key,
    id: mirrorId(key, source.system, source.id),
    ...(number !== undefined && { number }),
    ...(revision !== undefined && { revision }),
  };
}

const mirrorId = (entity: string, system: string, id: string): string => `${entity}/${system}/${id}`;

/**
 * The bill (or the supplier's credit note) that an invoice between two entities is for the one that buys: same lines,
 * amounts and number, the seller as supplier, the buyer's accounts and taxes, each line marked for elimination.
 * @param number under which the seller's books have it
 * @throws FinanceError MAP_UNMAPPED where an account or a tax has no entry
 */
export function mirrorInvoice(
  original: Invoice,
  { from, to }: Relation,
  number: string,
  rules: BillRules,
): Invoice {
  const { buyerReference: _reference, exchangeRate: _rate, precedingInvoice, ...rest } = original;
  const { journal, payableAccount } = rules;
  return {
    ...rest,
    entity: to.key,
    source: mirrorSource(from, original.source, number),
    direction: 'vendor',
    number,
    buyer: to.seller,
    seller: from.seller,
    ...(precedingInvoice && {
      precedingInvoice: {
        ...precedingInvoice,
        sourceId: mirrorId(from.key, original.source.system, precedingInvoice.sourceId),
      },
    }),
    lines: original.lines.map((line) => billLine(line, to, rules)),
    posting: { journal, ...(payableAccount !== undefined && { receivableAccount: payableAccount }) },
  };
}

function billLine(
  line: InvoiceLine,
  to: LegalEntity,
  { accounts, taxes, elimination }: BillRules,
): InvoiceLine {
  const { sourceCode: _code, ...tax } = line.tax;
  const account = line.posting?.account ?? '';
  return {
    ...line,
    tax,
    posting: {
      account: entryOf(accounts, account, 'account', to),
      taxes: [...entryOf(taxes, `${tax.category} ${tax.rate}`, 'tax', to)],
      ...(elimination !== undefined && { analytic: { [elimination]: '100' } }),
    },
  };
}

/** @throws FinanceError MAP_UNMAPPED naming what is missing and for whom */
function entryOf<Value>(
  table: ReadonlyMap<string, Value>,
  wanted: string,
  what: string,
  { key }: LegalEntity,
): Value {
  const found = table.get(wanted) ?? table.get('*');
  if (found !== undefined) return found;
  throw new FinanceError('MAP_UNMAPPED', {
    message: `Map ${what} ${wanted || '(none)'} for the mirror in entity ${key}.`,
    hint: 'Add the entry in the node intercompany mirror, or one for all others (*); then retry.',
    details: { [what]: wanted, entity: key },
  });
}

/**
 * The entry that a journal entry between two entities is for the other one: for each line on a due-from account the
 * due-to account on the opposite side, and its counterpart.
 * @returns undefined where no line is between the two
 * @throws FinanceError DOCUMENT_CURRENCY_UNKNOWN, DOCUMENT_PRECISION
 */
export function mirrorEntry(
  original: JournalEntry,
  { from, to }: Relation,
  rules: EntryRules,
): JournalEntry | undefined {
  const { currency, date, reference, source } = original;
  const { journal, due, elimination, rate } = rules;
  const analytic = elimination === undefined ? undefined : { [elimination]: '100' };
  const between = original.lines.flatMap((line) => {
    const accounts = due.get(line.account);
    return accounts && isBetweenLine(line, to) ? [{ line, accounts }] : [];
  });
  if (between.length === 0) return undefined;
  const home = currency === to.currency || rate === undefined ? undefined : { currency: to.currency, rate };
  const lines = between.flatMap(({ line, accounts: { dueTo, counterpart } }) => {
    const amount: PairAmount = {
      label: line.label,
      amount: sub(line.debit, line.credit),
      currency,
      ...(home && { home }),
    };
    const common = { partner: from.seller, ...(analytic && { analytic }) };
    return linePair({ account: counterpart, ...common }, { account: dueTo, ...common }, amount);
  });
  return {
    schema: 'journal_entry/1',
    kind: 'journal_entry',
    entity: to.key,
    source: mirrorSource(from, source, source.number),
    date,
    currency,
    reference: reference ?? source.number ?? source.id,
    lines,
    posting: { journal },
  };
}

/** Whether a line on a due-from account is of the other entity: one without a partner is so by its account alone. */
export const isBetweenLine = ({ partner }: EntryLine, to: LegalEntity): boolean =>
  !partner || isEntity(partner, to);

/** What is between the entities of a mirrored entry: the debit side, which is what the books say of it. */
export const mirroredAmount = ({ lines, currency }: JournalEntry): Decimal =>
  formatMoney(sum(lines.map(({ debit }) => debit)), currency);
