import type { Period } from './close-gate';
import type { Currency, Day, Decimal, DocumentKind, SourceReference } from './documents';
import { CURRENCIES, decimalsOf, equals, exponentOf, plain, round, sub, sum } from './money';

/** A document that came from the source, as the store knows it. */
export interface SourceItem {
  documentId: string;
  /** External id under which Odoo has it, once it is booked; absent where it has no business key yet. */
  key?: string;
  kind: string;
  currency: Currency;
  amount: Decimal;
  /** `dropped`: rejected or skipped, so that Odoo must not have it. */
  state: 'booked' | 'open' | 'held' | 'dropped';
  number?: string;
  /** Code of the error that it is held by. */
  code?: string;
  /** Id of the record that it was booked as. */
  recordId?: number;
}

/** A posted record of Odoo. */
export interface BookItem {
  id: number;
  model: string;
  /** Our external id; absent where another program or a person made it. */
  key?: string;
  kind: string;
  currency: Currency;
  amount: Decimal;
  name: string;
  date: Day;
}

/** What the source itself says of a kind and currency. */
export interface GivenTotal {
  kind: string;
  currency: Currency;
  count: number;
  total: Decimal;
}

export interface Total {
  count: number;
  total: Decimal;
}

/** The totals of one kind and currency. */
export interface TotalRow {
  kind: string;
  currency: Currency;
  /** As the source says, or what was received of it. */
  source: Total;
  received: Total;
  odoo: Total;
  /** Source less Odoo. */
  difference: Total;
}

/**
 * `missing`: booked by us, and not in Odoo. `extra`: in Odoo, and not from the source. `amount`: another amount or
 * currency. `pending`: under way. `held`: waits for a person. `not_received`: the source has more than ever came.
 */
export type DifferenceType = 'missing' | 'extra' | 'amount' | 'pending' | 'held' | 'not_received';

/** A difference, down to one document. */
export interface ControlDifference {
  type: DifferenceType;
  kind: string;
  currency: Currency;
  documentId?: string;
  key?: string;
  number?: string;
  /**
   * Code of the error that a document is held by; state of a record that is no longer posted; `dropped`: the document was
   * rejected or skipped; `other`: the record is of another kind or currency.
   */
  cause?: string;
  record?: { model: string; id: number; name: string; date: Day };
  source?: Decimal;
  odoo?: Decimal;
  /** Of what was not received: how many, and how much of it came. */
  count?: number;
  received?: Decimal;
}

/** A comparison of source and books, kept as a document. */
export interface ControlResult {
  schema: 'control_result/1';
  kind: Extract<DocumentKind, 'control_result'>;
  entity: string;
  source: SourceReference;
  checkpoint: string;
  period: Period;
  kinds: string[];
  /** `<url>/<database>` */
  target: string;
  /** RFC 3339 */
  comparedAt: string;
  equal: boolean;
  rows: TotalRow[];
  /** What came in the period, by where it stands in the store. */
  states: {
    kind: string;
    currency: Currency | null;
    state: string;
    outcome: string | null;
    count: number;
    amount: Decimal;
  }[];
  differences: ControlDifference[];
}

/** A record that is not where it should be, looked for by its key. */
export type Whereabouts =
  | (Pick<BookItem, 'id' | 'model' | 'key' | 'name' | 'date' | 'amount' | 'currency'> & { state: string })
  | undefined;

/** What of two documents with one key stands for the fact; the other one is its rival, or its repetition. */
const RANK: Record<SourceItem['state'], number> = { booked: 3, open: 2, held: 1, dropped: 0 };

type Sums = { received: Decimal[]; odoo: Decimal[] };

/**
 * Compares what came from the source with what Odoo has, record by record as Odoo's are read: only the source's side is
 * held in memory. Documents count by their own day; one that Odoo has booked on another day is found by its key.
 *
 * In this order: {@link received}, {@link booked}, {@link found} for what is {@link unmet}, {@link elsewhere} for what is
 * {@link unknown}, {@link conclude}.
 */
export class Comparison {
  readonly #byKey = new Map<string, SourceItem>();
  readonly #keyless: SourceItem[] = [];
  readonly #rivals: SourceItem[] = [];
  readonly #extra: BookItem[] = [];
  readonly #differences: ControlDifference[] = [];
  readonly #totals = new Map<string, Sums>();

  /** A document of the period. */
  received(item: SourceItem): void {
    if (item.key === undefined) {
      if (item.state !== 'dropped') this.#keyless.push(item);
      return;
    }
    const known = this.#byKey.get(item.key);
    const [first, second] = known && RANK[known.state] >= RANK[item.state] ? [known, item] : [item, known];
    this.#byKey.set(item.key, first);
    if (second && (second.state === 'held' || second.state === 'open')) this.#rivals.push(second);
  }

  /** A posted record of the period. */
  booked(record: BookItem): void {
    const item = record.key === undefined ? undefined : this.#byKey.get(record.key);
    if (!item || item.state === 'dropped') this.#extra.push(record);
    else this.#meet(item, record);
  }

  /** Documents that Odoo did not show in the period: each is to be looked for by its key. */
  *unmet(): Generator<SourceItem & { key: string }> {
    for (const [key, item] of this.#byKey) if (item.state !== 'dropped') yield { ...item, key };
  }

  /** Where an unmet document is. */
  found(item: SourceItem & { key: string }, where: Whereabouts): void {
    // a record that lost its key is nobody's: it counts as extra where it stands
    if (where?.state === 'posted' && where.key === item.key) {
      this.#meet(item, { ...where, kind: item.kind });
      return;
    }
    if (item.state !== 'booked') return;
    this.#byKey.delete(item.key);
    this.#count(item);
    this.#differences.push(differenceOf('missing', item, where ? { cause: where.state } : {}));
  }

  /** Records that no document of the period explains, and that carry a key of ours. */
  unknown(): string[] {
    return this.#extra.flatMap(({ key }) => (key !== undefined && !this.#byKey.has(key) ? [key] : []));
  }

  /** These keys are of documents of another day: they count in another period. */
  elsewhere(keys: ReadonlySet<string>): void {
    const staying = this.#extra.filter(({ key }) => key === undefined || !keys.has(key));
    this.#extra.splice(0, this.#extra.length, ...staying);
  }

  /** @param given what the source itself says; of kinds and currencies that it says nothing of, what was received */
  conclude(given: readonly GivenTotal[] = []): Pick<ControlResult, 'equal' | 'rows' | 'differences'> {
    const open = [...this.#byKey.values(), ...this.#keyless].filter(({ state }) => state !== 'dropped');
    for (const item of open) this.#count(item);
    for (const record of this.#extra) this.#sums(record).odoo.push(record.amount);
    for (const one of given) this.#sums(one);
    const rows = [...this.#totals].map(([name, sums]) => rowOf(name, sums, given)).sort(byName);
    const differences = [
      ...this.#differences,
      ...open.map((item) => openDifference(item)),
      ...this.#rivals.map((item) => ({ ...openDifference(item), source: undefined })),
      ...this.#extra.map((record) => extraDifference(record, this.#byKey.get(record.key ?? ''))),
      ...rows.flatMap(notReceived),
    ];
    return { equal: differences.length === 0, rows, differences };
  }

  /** What is held or under way behind its booking differs in nothing that is counted here. */
  #meet(item: SourceItem, record: BookItem): void {
    if (item.key !== undefined) this.#byKey.delete(item.key);
    this.#count(item);
    this.#sums(record).odoo.push(record.amount);
    if (item.currency !== record.currency || item.kind !== record.kind)
      this.#differences.push(
        differenceOf('missing', item, { cause: 'other' }),
        extraDifference(record, item),
      );
    else if (!equals(item.amount, record.amount))
      this.#differences.push(differenceOf('amount', item, recordOf(record)));
  }

  #count(item: SourceItem): void {
    this.#sums(item).received.push(item.amount);
  }

  #sums({ kind, currency }: { kind: string; currency: Currency }): Sums {
    const name = `${kind} ${currency}`;
    const known = this.#totals.get(name) ?? { received: [], odoo: [] };
    this.#totals.set(name, known);
    return known;
  }
}

const byName = (a: TotalRow, b: TotalRow): number =>
  `${a.kind} ${a.currency}` < `${b.kind} ${b.currency}` ? -1 : 1;

/** With the decimals of its currency, or more: what is held may be so for its amount or its currency. */
function written(amount: Decimal, currency: Currency): Decimal {
  const usual = CURRENCIES.includes(currency) ? exponentOf(currency) : 2;
  return round(amount, Math.max(usual, decimalsOf(plain(amount))));
}

function rowOf(name: string, { received, odoo }: Sums, given: readonly GivenTotal[]): TotalRow {
  const [kind = '', currency = ''] = name.split(' ');
  const total = (amounts: Decimal[]): Total => ({
    count: amounts.length,
    total: written(sum(amounts), currency),
  });
  const came = total(received);
  const said = given.find((one) => one.kind === kind && one.currency === currency);
  const source = said ? { count: said.count, total: written(said.total, currency) } : came;
  const booked = total(odoo);
  const difference = { count: source.count - booked.count, total: sub(source.total, booked.total) };
  return { kind, currency, source, received: came, odoo: booked, difference };
}

/** What the source has and never sent, or what came and the source does not know. */
function notReceived({ kind, currency, source, received }: TotalRow): ControlDifference[] {
  const count = source.count - received.count;
  if (count === 0 && equals(source.total, received.total)) return [];
  return [{ type: 'not_received', kind, currency, count, source: source.total, received: received.total }];
}

function differenceOf(
  type: DifferenceType,
  item: SourceItem,
  more: Partial<ControlDifference>,
): ControlDifference {
  const { documentId, key, number, kind, currency, amount } = item;
  const known = { documentId, ...(key !== undefined && { key }), ...(number !== undefined && { number }) };
  return { type, kind, currency, ...known, source: amount, ...more };
}

function openDifference(item: SourceItem): ControlDifference {
  const { state, code } = item;
  if (state === 'held') return differenceOf('held', item, code === undefined ? {} : { cause: code });
  return differenceOf(state === 'booked' ? 'missing' : 'pending', item, {});
}

const recordOf = ({ model, id, name, date, amount }: BookItem): Partial<ControlDifference> => ({
  record: { model, id, name, date },
  odoo: amount,
});

/** @param item the document of its key, where that says something else */
function extraDifference(record: BookItem, item: SourceItem | undefined): ControlDifference {
  const { kind, currency, key } = record;
  return {
    type: 'extra',
    kind,
    currency,
    ...(key !== undefined && { key }),
    ...(item && { documentId: item.documentId, cause: item.state === 'dropped' ? 'dropped' : 'other' }),
    ...recordOf(record),
  };
}

/** The sentence of an exception. */
export function describeDifferences({
  differences,
  period,
}: Pick<ControlResult, 'differences' | 'period'>): string {
  const types = Map.groupBy(differences, ({ type }) => type);
  const parts = [...types].map(([type, some]) => `${some.length} ${type.replace('_', ' ')}`);
  return `Source and Odoo differ from ${period.from} to ${period.to}: ${parts.join(', ')}.`;
}
