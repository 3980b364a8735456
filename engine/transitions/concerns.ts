import { all, lock, one, type Transition, type Tx } from '../transaction';
import { type Amounts, addTo, exactSum, nothing, type SumRow } from './amounts';
import { Query } from './query';
import { setCursor } from './receive';

/** Which exceptions, or which documents under way, somebody is concerned about; what is left out is not limited. */
export interface ConcernsInput {
  what: 'exceptions' | 'delayed';
  entities?: readonly string[];
  kinds?: readonly string[];
  pipelines?: readonly string[];
  /** Of exceptions only. */
  classes?: readonly string[];
  codes?: readonly string[];
  /** Decimal string; documents whose amount is not known are left out. */
  minAmount?: string;
  currency?: string;
  /** Opened, or received, at least so long ago, in milliseconds. */
  olderThanMs?: number;
  /** Of exceptions only: their deadline is over within so many milliseconds. */
  dueWithinMs?: number;
}

/** One of them, as an example. */
export interface Concern {
  documentId: string;
  entity: string;
  kind: string;
  number: string | null;
  amount: string | null;
  currency: string | null;
  cause: string | null;
  at: number;
}

/** What was found: how many, how much, since when, and the first few. */
export interface Concerns extends Amounts {
  oldestAt?: number;
  first: Concern[];
}

const EXAMPLES = 5;
/** Documents behind others, or that wait for their batch, a reference or a network's answer, wait as they should. */
const UNDER_WAY = [
  "d.state = 'ready' AND d.blocked = 0",
  "d.state = 'leased'",
  "d.state = 'retry'",
  "d.state = 'waiting' AND d.waits_for >= 'target:' AND d.waits_for < 'target;'",
];

/** Counts and sums what a rule of an alert asks for. */
export function* concerns(tx: Tx, input: ConcernsInput): Transition<Concerns> {
  const found: Concerns = { ...nothing(), first: [] };
  const sources = input.what === 'exceptions' ? ['x.closed_at IS NULL'] : UNDER_WAY;
  for (const source of sources) yield* gather(tx, input, source, found);
  found.first.sort((a, b) => a.at - b.at).splice(EXAMPLES);
  return found;
}

function* gather(tx: Tx, input: ConcernsInput, source: string, found: Concerns): Transition<void> {
  const ofExceptions = input.what === 'exceptions';
  const from = ofExceptions ? 'exceptions x JOIN documents d ON d.id = x.document_id' : 'documents d';
  const row = ofExceptions ? 'x' : 'd';
  const at = ofExceptions ? 'x.opened_at' : 'd.received_at';
  const query = new Query(tx).and(source);
  if (input.entities) query.oneOf(`${row}.entity`, input.entities);
  if (input.kinds) query.oneOf('d.kind', input.kinds);
  if (input.pipelines) query.oneOf('d.pipeline', input.pipelines);
  if (ofExceptions && input.classes) query.oneOf('x.class', input.classes);
  if (ofExceptions && input.codes) query.oneOf('x.code', input.codes);
  query.equal(`${row}.currency`, input.currency);
  if (input.minAmount !== undefined)
    query.and(`ABS(${decimal(tx, `${row}.amount`)}) >= CAST(${query.value(input.minAmount)} AS NUMERIC)`);
  if (input.olderThanMs !== undefined) query.and(`${at} <= ${query.value(tx.now - input.olderThanMs)}`);
  if (ofExceptions && input.dueWithinMs !== undefined)
    query.and(`x.due <= ${query.value(tx.now + input.dueWithinMs)}`);
  const sums = yield* all<SumRow & { currency: string | null; oldest: number }>(
    `SELECT ${row}.currency, MIN(${at}) AS oldest, ${exactSum(tx, `${row}.amount`)} FROM ${from} ${query.where}
     GROUP BY ${row}.currency, scale, long`,
    ...query.params,
  );
  for (const sum of sums) {
    addTo(found, sum.currency, sum);
    found.oldestAt = Math.min(found.oldestAt ?? Number.POSITIVE_INFINITY, Number(sum.oldest));
  }
  const cause = ofExceptions ? 'x.cause' : 'NULL';
  const first = yield* all<Concern & { documentid: string }>(
    `SELECT d.id AS documentid, ${row}.entity, d.kind, d.number, ${row}.amount, ${row}.currency, ${cause} AS cause,
     ${at} AS at FROM ${from} ${query.where} ORDER BY ${at} LIMIT ${EXAMPLES}`,
    ...query.params,
  );
  for (const { documentid: documentId, ...concern } of first)
    found.first.push({ ...concern, documentId, at: Number(concern.at) });
}

/** An amount as a number to compare; null where the text is none. */
function decimal({ dialect }: Tx, column: string): string {
  const number = `CAST(${column} AS NUMERIC)`;
  return dialect === 'sqlite' ? number : `CASE WHEN ${column} ~ '^-?[0-9]+([.][0-9]+)?$' THEN ${number} END`;
}

export interface SwapCursorInput {
  name: string;
  /** What it must be now; undefined before its first move. */
  from: string | undefined;
  to: string;
}

/** Moves a cursor unless another runtime moved it meanwhile. @returns whether it moved */
export function* swapCursor(tx: Tx, { name, from, to }: SwapCursorInput): Transition<boolean> {
  yield* lock(tx, 'key', name);
  const now = yield* one<{ value: string }>('SELECT value FROM cursors WHERE name = $1', name);
  if (now?.value !== from) return false;
  yield* setCursor(tx, { name, value: to });
  return true;
}
