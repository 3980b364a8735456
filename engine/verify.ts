import { type AuditEvent, digest, linkHash, SEALED, type SealedTable } from './audit';
import { sha256 } from './ids';
import { all, one, type PendingEvent, type SqlRow, type SqlValue, type Transition } from './transaction';

export interface AuditVerification {
  ok: boolean;
  events: number;
  rows: number;
  /** What does not verify, the first 100. */
  findings: string[];
}

type ChainedEvent = AuditEvent & { hash: string };
type Find = (text: string) => void;

const MOST_FINDINGS = 100;
const PAGE = 5000;

/** Collects what the chains say and compares it with the tables; see `ledgerway audit verify`. */
export function* verifyAudit(): Transition<AuditVerification> {
  const last = new LastSeals();
  const { events, findings, find } = yield* walkChains((event, find) => {
    const { order = Number(event.seq), seals } = sealsOf(event, find);
    for (const [table, key, value] of seals) last.note(table, key, order, value);
  });
  const rows = yield* verifyRows(last, find);
  return { ok: findings.length === 0, events, rows, findings };
}

/** Checks the chains in themselves: hashes, numbers, heads. Rows and bodies are not looked at. */
export function* verifyChains(): Transition<{ events: number; findings: string[] }> {
  const { events, findings } = yield* walkChains(() => undefined);
  return { events, findings };
}

/** Every event of every chain in its order. */
function* walkChains(
  visit: (event: ChainedEvent, find: Find) => void,
): Transition<{ events: number; findings: string[]; find: Find }> {
  const findings: string[] = [];
  const find = (text: string) => {
    if (findings.length < MOST_FINDINGS) findings.push(text);
  };
  const heads = yield* all<{ chain: number; seq: number; hash: string }>(
    'SELECT chain, seq, hash FROM audit_heads ORDER BY chain',
  );
  const stray = yield* one<{ n: number }>(
    'SELECT COUNT(*) AS n FROM audit WHERE chain NOT IN (SELECT chain FROM audit_heads)',
  );
  if (Number(stray?.n ?? 0) > 0) find(`${stray!.n} audit events stand in a chain without a head`);
  let events = 0;
  for (const head of heads) {
    let hash = '';
    let seq = 0;
    for (let more = true; more; ) {
      const page = yield* all<ChainedEvent>(
        'SELECT chain, seq, at, document_id, type, data, hash FROM audit WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT $3',
        head.chain,
        seq,
        PAGE,
      );
      for (const event of page) {
        const number = Number(event.seq);
        if (number !== seq + 1) find(`${placeOf(event)}: events ${seq + 1} to ${number - 1} are missing`);
        if (linkHash(hash, event) !== event.hash)
          find(`${placeOf(event)}: its content does not match its hash`);
        seq = number;
        hash = event.hash;
        visit(event, find);
      }
      events += page.length;
      more = page.length === PAGE;
    }
    if (seq !== Number(head.seq) || hash !== head.hash)
      find(`chain ${head.chain}: it ends at event ${seq}, its head says ${head.seq}`);
  }
  return { events, findings, find };
}

/** The digest that the last event about each row gives it. */
class LastSeals {
  private readonly tables = new Map<string, Map<string, { order: number; digest: string }>>();

  note(table: string, key: string, order: number, value: string): void {
    const rows = this.tables.get(table) ?? new Map<string, { order: number; digest: string }>();
    if (rows.size === 0) this.tables.set(table, rows);
    const known = rows.get(key);
    if (!known) rows.set(key, { order, digest: value });
    else if (known.order <= order) {
      known.order = order;
      known.digest = value;
    }
  }

  /** The digest of a row, which is done with. */
  take(table: string, key: string): string | undefined {
    const rows = this.tables.get(table);
    const known = rows?.get(key);
    rows?.delete(key);
    return known?.digest;
  }

  /** Names of the rows that were not taken and should be there. */
  *rest(): Iterable<string> {
    for (const [table, rows] of this.tables)
      for (const [key, { digest: value }] of rows) if (value !== 'gone') yield `${table} ${key}`;
  }
}

function placeOf({ chain, seq }: ChainedEvent): string {
  return `chain ${chain} event ${seq}`;
}

function sealsOf(event: ChainedEvent, find: Find): { order?: number; seals: PendingEvent['seals'] } {
  try {
    const data = JSON.parse(event.data) as { order?: number; seals: PendingEvent['seals'] };
    if (data.seals.every((seal) => seal.length === 3)) return data;
    throw new TypeError('A seal is a table, a key and a digest.');
  } catch {
    find(`${placeOf(event)}: its content is not readable`);
    return { seals: [] };
  }
}

/** Every sealed row must have the digest of its last event, and no sealed row may be missing or unheard of. */
function* verifyRows(last: LastSeals, find: Find): Transition<number> {
  let count = 0;
  for (const table of Object.keys(SEALED) as SealedTable[]) {
    const { key: keyColumn, columns } = SEALED[table];
    const extra = table === 'bodies' ? ', content' : '';
    let after = '';
    for (let more = true; more; ) {
      const rows: SqlRow[] = yield* all(
        `SELECT ${keyColumn} AS row_key, ${columns.join(', ')}${extra} FROM ${table} WHERE ${keyColumn} > $1 ORDER BY ${keyColumn} LIMIT $2`,
        after,
        PAGE,
      );
      for (const row of rows) {
        after = String(row.row_key);
        const name = `${table} ${after}`;
        const sealed = last.take(table, after);
        if (sealed === undefined) find(`${name}: no audit event tells of it`);
        else if (sealed !== digest(table, row)) find(`${name}: it was changed outside the engine`);
        if (table === 'bodies' && row.erased_at === null && sha256(asBytes(row.content)) !== row.sha256)
          find(`${name}: its content does not match its hash`);
      }
      count += rows.length;
      more = rows.length === PAGE;
    }
  }
  for (const name of last.rest()) find(`${name}: it was deleted outside the engine`);
  return count;
}

function asBytes(content: SqlValue | undefined): Uint8Array {
  return content instanceof Uint8Array ? content : Buffer.from(String(content ?? ''));
}
