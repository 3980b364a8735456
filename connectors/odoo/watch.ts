import { FinanceError } from '../../errors';
import { hashOf } from '../../finance/canonical';
import type { OdooClient } from './client';
import { type ReadQuery, readPage } from './read';
import { type OdooRecord, textOf } from './records';

export interface WatchQuery extends Omit<ReadQuery, 'after' | 'limit'> {
  /** Where to start, `YYYY-MM-DD HH:MM:SS` in UTC; everything where it is left out. */
  since?: string;
  /**
   * How far behind the newest change a late one may still come. A transaction stamps its records with the time at
   * which it began, and shows them when it ends; so this is longer than the longest transaction. Default 300 s.
   */
  overlapSeconds?: number;
  /** Milliseconds since the epoch; Odoo's clock may differ by {@link SKEW_SECONDS}. */
  now?: () => number;
}

/** A second of `write_date`, and an id in it. */
interface Place {
  at: string;
  id: number;
}

/** Where a watch stands, as JSON: committed after the changes that it gave were. */
export interface WatchCursor {
  /** Nothing comes any more at this place or before it. */
  from: Place;
  /** `write_date` of the newest record given. */
  newest: string;
  /** Records behind `from` that were given: id → {@link Mark} as text. */
  given: Record<string, string>;
}

/** A new or changed record. */
export interface Change {
  record: OdooRecord;
  /** What makes this state of the record itself: id, second, how manieth of the second, content. */
  key: string;
  /** `write_date`, in UTC, whole seconds. */
  at: string;
}

export interface Changes {
  /** Oldest first; each state of a record once. None where only the cursor moved. */
  changes: Change[];
  cursor: WatchCursor;
}

const OVERLAP_SECONDS = 300;
/** How far the clocks of Odoo's database and of this machine may lie apart. */
const SKEW_SECONDS = 900;
const PAGE_SIZE = 500;
const BEGINNING = '1970-01-01 00:00:00';

/**
 * What was created or changed since the cursor, page by page. Odoo shows `write_date` in whole seconds and lets late
 * transactions appear behind newer ones, so a stretch is read again each time, and what was given of it is left out.
 * What is older than any transaction that could still run is read once.
 *
 * @throws FinanceError ODOO_*; ODOO_MODEL for a model without `write_date`
 */
export async function* watchChanges(
  client: OdooClient,
  query: WatchQuery,
  cursor?: WatchCursor,
): AsyncGenerator<Changes> {
  const { pageSize = PAGE_SIZE, since = BEGINNING } = query;
  const watch = new Watch(query, cursor ?? { from: { at: since, id: 0 }, newest: since, given: {} });
  for await (const [record, place] of recordsFrom(client, query, watch.from)) {
    watch.take(record, place);
    if (watch.size === pageSize) yield watch.page();
  }
  const rest = watch.page();
  if (rest.changes.length > 0 || compare(rest.cursor.from, cursor?.from ?? rest.cursor.from) > 0) yield rest;
}

/** What was last given of a record. */
interface Mark {
  at: string;
  /** How many states with this time were given. */
  turn: number;
  hash: string;
}

const writeMark = ({ at, turn, hash }: Mark): string => `${at} ${turn} ${hash}`;

function readMark(text: string): Mark {
  const [day = '', time = '', turn, hash = ''] = text.split(' ');
  return { at: `${day} ${time}`, turn: Number(turn), hash };
}

/** Tells what is new from what was given, and where it stands. */
class Watch {
  from: Place;
  #newest: string;
  #last: Place;
  #changes: Change[] = [];
  readonly #given: Map<number, Mark>;
  readonly #overlapSeconds: number;
  readonly #now: () => number;

  constructor({ overlapSeconds = OVERLAP_SECONDS, now = Date.now }: WatchQuery, cursor: WatchCursor) {
    this.from = cursor.from;
    this.#last = cursor.from;
    this.#newest = cursor.newest;
    this.#given = new Map(Object.entries(cursor.given).map(([id, mark]) => [Number(id), readMark(mark)]));
    this.#overlapSeconds = overlapSeconds;
    this.#now = now;
  }

  get size(): number {
    return this.#changes.length;
  }

  take(record: OdooRecord, place: Place): void {
    const { at, id } = place;
    this.#last = place;
    if (at > this.#newest) this.#newest = at;
    const hash = hashOf(record).slice(0, 16);
    const before = this.#given.get(id);
    const again = before?.at === at;
    if (again && before.hash === hash) return;
    const turn = again ? before.turn + 1 : 1;
    this.#given.set(id, { at, turn, hash });
    this.#changes.push({ record, at, key: `${id}/${at.replace(' ', 'T')}/${turn}/${hash}` });
  }

  /** The changes since the page before, and the cursor behind them. */
  page(): Changes {
    const changes = this.#changes;
    this.#changes = [];
    const from = this.#over();
    if (compare(from, this.from) > 0) {
      this.from = from;
      for (const [id, { at }] of this.#given) if (compare({ at, id }, from) <= 0) this.#given.delete(id);
    }
    const given = Object.fromEntries([...this.#given].map(([id, mark]) => [id, writeMark(mark)]));
    return { changes, cursor: { from: this.from, newest: this.#newest, given } };
  }

  /** Up to where no transaction can come any more, as far as it was read. */
  #over(): Place {
    const byNewest = secondsBefore(this.#newest, this.#overlapSeconds);
    const byClock = secondOf(this.#now() - (this.#overlapSeconds + SKEW_SECONDS) * 1000);
    const horizon = byNewest > byClock ? byNewest : byClock;
    return this.#last.at < horizon ? this.#last : { at: horizon, id: 0 };
  }
}

const compare = (one: Place, other: Place): number =>
  one.at === other.at ? one.id - other.id : one.at < other.at ? -1 : 1;

type Placed = [record: OdooRecord, place: Place];

/**
 * The records behind a place, in the order of second and id. Odoo sorts by fractions of seconds that it does not
 * show, so a second that does not fit into one page is read by id.
 */
async function* recordsFrom(client: OdooClient, query: WatchQuery, start: Place): AsyncGenerator<Placed> {
  const { domain = [], model, pageSize = PAGE_SIZE } = query;
  const wanted = { ...query, fields: [...new Set([...query.fields, 'write_date'])] };
  const read = async (conditions: unknown[], order: string): Promise<Placed[]> => {
    const page = await readPage(client, wanted, [...domain, ...conditions], order, pageSize);
    return page.map((record) => [record, { at: writeDateOf(record, model), id: Number(record.id) }]);
  };

  async function* ofSecond(at: string, after: number): AsyncGenerator<Placed> {
    const second = [
      ['write_date', '>=', at],
      ['write_date', '<', secondsBefore(at, -1)],
    ];
    for (let last = after; ; ) {
      const page = await read([...second, ['id', '>', last]], 'id');
      yield* page;
      if (page.length < pageSize) return;
      last = page.at(-1)![1].id;
    }
  }

  let { at } = start;
  if (start.id > 0) {
    yield* ofSecond(at, start.id);
    at = secondsBefore(at, -1);
  }
  for (;;) {
    const page = await read([['write_date', '>=', at]], 'write_date, id');
    const cut = page.length < pageSize ? undefined : page.at(-1)![1].at;
    const whole = page.filter(([, place]) => cut === undefined || place.at < cut);
    yield* whole.sort(([, one], [, other]) => compare(one, other));
    if (cut === undefined) return;
    yield* ofSecond(cut, 0);
    at = secondsBefore(cut, -1);
  }
}

function writeDateOf(row: OdooRecord, model: string): string {
  const at = textOf(row.write_date);
  if (at && /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.test(at)) return at.slice(0, 19);
  throw new FinanceError('ODOO_MODEL', { message: `The model ${model} has no time of its last change.` });
}

const secondOf = (millis: number): string =>
  new Date(Math.max(0, millis)).toISOString().slice(0, 19).replace('T', ' ');

const secondsBefore = (at: string, seconds: number): string =>
  secondOf(Date.parse(`${at.replace(' ', 'T')}Z`) - seconds * 1000);
