import Big from 'big.js';
import { type Figures, noFigures, type Store } from '../engine';
import { getJson } from './http';
import type { SandboxAddresses } from './sandbox';

/** What the store says of an entity, beside what Odoo and the e-invoice network hold. */
export interface TieFigures extends Omit<Figures, 'amounts'> {
  odooMoves: number;
  einvoicesAccepted: number;
  /** Kind and currency → exact sums, by the store and by Odoo's own ledger. */
  amounts: { kind: string; currency: string; posted: string; odoo: string }[];
}

export interface Tie {
  total: Omit<TieFigures, 'amounts'>;
  entities: Record<string, TieFigures>;
  /** Events answered 2xx that the store does not hold. */
  lost: number;
  /** Moves in Odoo beyond the first about the same document of the source. */
  doubled: number;
  /** What does not tie, in words; empty where all does. */
  differences: string[];
}

interface LedgerMove {
  externalId: string | null;
  company: { id: number };
  state: string;
  moveType: string;
  ref: string | null;
  currency: string;
  amountTotal: string;
  lines: { debit: string; credit: string }[];
}

interface BillingRow {
  account: string;
  eventId: string;
  status: string;
  malformed?: boolean;
}

/** An event that was answered 2xx, by its key in the store; a body that could not be read has none. */
export interface AnsweredEvent {
  key?: string;
}

interface KnownDelivery {
  receive_key: string;
  entity: string;
  count: number;
}

interface NetworkDocument {
  status: string;
  sender?: string;
  naturalKey: string;
}

/** Which Odoo company and billing account belong to an entity of the template. */
export const ENTITIES: Record<string, { company: number; account: string; seller: string }> = {
  acme_de: { company: 1, account: 'acct_de', seller: 'DE' },
  acme_us: { company: 2, account: 'acct_us', seller: 'US' },
};

const KIND_OF_MOVE: Record<string, string> = { out_invoice: 'invoice', out_refund: 'credit_note' };

/**
 * Compares what the store says with what the other sides say of themselves: events answered 2xx by the billing
 * system, moves and their lines by Odoo's own ledger, accepted documents by the e-invoice network.
 */
export async function tie(
  sandbox: SandboxAddresses,
  store: Pick<Store, 'figures' | 'deliveries' | 'documents'>,
  sent?: AnsweredEvent[],
): Promise<Tie> {
  const figures = await store.figures({ booked: 'odoo.post' });
  const known = await store.deliveries();
  const [moves, answered, network] = await Promise.all([
    getJson(`${sandbox.odoo}/_sandbox/ledger`) as Promise<{ moves: LedgerMove[] } | LedgerMove[]>,
    sent ?? answeredBy(sandbox),
    getJson(`${sandbox.clearance}/_sandbox/documents`) as Promise<NetworkDocument[]>,
  ]);
  const ledger = Array.isArray(moves) ? moves : moves.moves;
  const differences: string[] = [];
  const held = await store.documents({ state: 'held', limit: 1_000_000 });
  const entities: Record<string, TieFigures> = {};
  for (const entity of new Set([...Object.keys(ENTITIES), ...Object.keys(figures)])) {
    const ours = ledger.filter(
      (move) => move.company.id === ENTITIES[entity]?.company && isOurs(move) && move.state === 'posted',
    );
    const accepted = network.filter(
      (one) => one.status === 'accepted' && one.naturalKey.startsWith(ENTITIES[entity]?.seller ?? '-'),
    );
    entities[entity] = figuresOf(figures[entity], ours, accepted.length);
    compareEntity(entity, entities[entity], ours, differences);
  }
  const lost = compareReceived(entities, answered, known, differences);
  compareLines(ledger, differences);
  compareDrafts(ledger.filter(isOurs), held, differences);
  return {
    total: totalOf(entities),
    entities,
    lost,
    doubled: countDoubled(ledger, differences),
    differences,
  };
}

/** The events that the billing system knows to have been answered 2xx. */
async function answeredBy(sandbox: SandboxAddresses): Promise<AnsweredEvent[]> {
  const rows = (await getJson(`${sandbox.billing}/_sandbox/deliveries`)) as BillingRow[];
  return rows
    .filter(({ status }) => status === 'delivered')
    .map(({ account, eventId, malformed }) => (malformed ? {} : { key: `stripe/${account}/${eventId}` }));
}

/** Moves that came through Ledgerway carry an external key. */
function isOurs({ externalId }: LedgerMove): boolean {
  return externalId !== null && externalId !== undefined;
}

function figuresOf(store: Figures | undefined, moves: LedgerMove[], einvoicesAccepted: number): TieFigures {
  const { amounts, ...counts } = store ?? noFigures();
  return { ...counts, odooMoves: moves.length, einvoicesAccepted, amounts: amountsOf(amounts, moves) };
}

function amountsOf(store: Figures['amounts'], moves: LedgerMove[]): TieFigures['amounts'] {
  const odoo = new Map<string, Big>();
  for (const { moveType, currency, amountTotal } of moves) {
    const key = `${KIND_OF_MOVE[moveType] ?? moveType} ${currency}`;
    odoo.set(key, (odoo.get(key) ?? new Big('0')).plus(amountTotal));
  }
  const keys = new Set(odoo.keys());
  for (const [kind, byCurrency] of Object.entries(store))
    for (const currency of Object.keys(byCurrency)) keys.add(`${kind} ${currency}`);
  return [...keys].sort().map((key) => {
    const [kind = '', currency = ''] = key.split(' ');
    return {
      kind,
      currency,
      posted: new Big(store[kind]?.[currency] ?? '0').toFixed(),
      odoo: (odoo.get(key) ?? new Big('0')).toFixed(),
    };
  });
}

function compareEntity(name: string, entity: TieFigures, moves: LedgerMove[], differences: string[]): void {
  const place = name || '(no entity)';
  const { received, posted, duplicates, conflicts, exceptions, skipped, rejected, open, odooMoves } = entity;
  const sum = posted + duplicates + conflicts + exceptions + skipped + rejected;
  if (open > 0) differences.push(`${place}: ${open} documents are still open`);
  if (sum !== received) differences.push(`${place}: received ${received}, but the outcomes add up to ${sum}`);
  if (odooMoves !== posted) differences.push(`${place}: posted ${posted}, but Odoo holds ${odooMoves} moves`);
  for (const { kind, currency, posted: store, odoo } of entity.amounts)
    if (!new Big(store).eq(odoo))
      differences.push(`${place}: ${kind} ${currency} ${store} posted, ${odoo} in Odoo`);
  const keys = new Set(moves.map(({ externalId }) => externalId));
  if (keys.size !== moves.length)
    differences.push(`${place}: ${moves.length - keys.size} external keys stand twice`);
}

/**
 * Every event answered 2xx must be in the store, and the other way round. A runtime killed between commit and
 * answer gets the event again: that delivery was never answered, so it is no duplicate that was received.
 * @returns how many events are lost
 */
function compareReceived(
  entities: Record<string, TieFigures>,
  answered: AnsweredEvent[],
  known: KnownDelivery[],
  differences: string[],
): number {
  const answers = new Map<string, number>();
  for (const { key } of answered) if (key !== undefined) answers.set(key, (answers.get(key) ?? 0) + 1);
  let surplus = -answered.filter(({ key }) => key === undefined).length;
  for (const { receive_key, entity, count } of known) {
    const times = answers.get(receive_key);
    answers.delete(receive_key);
    if (times === undefined) surplus += count;
    else if (count < times)
      differences.push(`${receive_key} was answered ${times} times and counted ${count} times`);
    else if (entities[entity]) {
      entities[entity].received -= count - times;
      entities[entity].duplicates -= count - times;
    }
  }
  if (surplus !== 0) differences.push(`the store counts ${surplus} deliveries that were never answered`);
  const lost = [...answers.keys()];
  if (lost.length > 0)
    differences.push(`${lost.length} events were answered 2xx and are not in the store: ${lost[0]} …`);
  return lost.length;
}

/** Whatever their external keys say: two moves of one kind about one reference of the source are one too many. */
function countDoubled(ledger: LedgerMove[], differences: string[]): number {
  const references = ledger.map(({ company, moveType, ref }) => `${company.id} ${moveType} ${ref}`);
  const doubled = references.length - new Set(references).size;
  if (doubled > 0) differences.push(`Odoo holds ${doubled} moves too many about the same documents`);
  return doubled;
}

/** A draft is no booking: it may stand only for a document that is held, between its creation and its posting. */
function compareDrafts(
  ledger: LedgerMove[],
  held: { number: string | null; source: string }[],
  differences: string[],
): void {
  const known = new Set(
    held.flatMap(({ number, source }) => [number, (JSON.parse(source) as { objectId?: string }).objectId]),
  );
  const stray = ledger.filter(({ state, ref }) => state !== 'posted' && !known.has(ref));
  for (const { externalId, state } of stray)
    differences.push(`${externalId} is ${state} in Odoo, and its document is not held`);
}

function compareLines(ledger: LedgerMove[], differences: string[]): void {
  for (const move of ledger) {
    const debit = move.lines.reduce((sum, line) => sum.plus(line.debit), new Big('0'));
    const credit = move.lines.reduce((sum, line) => sum.plus(line.credit), new Big('0'));
    if (!debit.eq(credit)) differences.push(`${move.externalId}: debit ${debit} is not credit ${credit}`);
  }
}

function totalOf(entities: Record<string, TieFigures>): Tie['total'] {
  const { amounts: _amounts, ...total } = { ...noFigures(), odooMoves: 0, einvoicesAccepted: 0 };
  for (const entity of Object.values(entities))
    for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += entity[name];
  return total;
}
