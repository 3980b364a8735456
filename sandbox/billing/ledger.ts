import type { State } from '../lib/state';
import type { Delivery } from './day';

/** A receiver of webhooks. */
export interface WebhookTarget {
  url: string;
  /** Signing secret, `whsec_…`. */
  secret: string;
  /** The accounts whose events go there; all where left out. */
  accounts?: string[];
}

/** A day that is being sent. */
export interface Run {
  id: string;
  targets: WebhookTarget[];
  /** Requests at a time. */
  concurrency: number;
  /** Upper limit of new requests a second; none where left out. */
  ratePerSecond?: number;
  /** Without it the events only stand in the list of events, as if the webhooks had been lost. */
  deliver: boolean;
  startedAt: number;
}

/** `waiting` until answered with 2xx (`delivered`) or with a 4xx that no resend can help (`refused`). */
export type DeliveryStatus = 'waiting' | 'delivered' | 'refused';

export type LedgerRow = Omit<Delivery, 'body' | 'signedBody'> & {
  run: string;
  seq: number;
  status: DeliveryStatus;
  attempts: number;
  /** Last HTTP status; 0 where there was no answer. */
  lastStatus: number | null;
};

interface StoredRow {
  seq: number;
  run: string;
  plan: string;
  status: DeliveryStatus;
  attempts: number;
  last_status: number | null;
}

/** What the billing system knows to have been taken over: the independent side of every comparison of totals. */
export class Ledger {
  private readonly runs;

  constructor(private readonly state: State) {
    this.runs = state.table<Run>('runs');
    state.db.exec(`CREATE TABLE IF NOT EXISTS deliveries (
      seq INTEGER PRIMARY KEY, run TEXT NOT NULL, event_id TEXT NOT NULL, plan TEXT NOT NULL, body TEXT NOT NULL,
      signed_body TEXT, listed INTEGER NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL, last_status INTEGER);
      CREATE INDEX IF NOT EXISTS deliveries_run ON deliveries (run, seq);
      CREATE INDEX IF NOT EXISTS deliveries_event ON deliveries (event_id)`);
  }

  run(id: string): Run | undefined {
    return this.runs.get(id);
  }

  allRuns(): Run[] {
    return this.runs.values();
  }

  put(run: Run): void {
    this.runs.put(run.id, run);
  }

  /** Keeps a new run and its deliveries in one transaction. */
  start(run: Run, deliveries: Delivery[]): void {
    const insert = this.state.db.prepare(
      `INSERT INTO deliveries (run, event_id, plan, body, signed_body, listed, status, attempts)
       VALUES (?, ?, ?, ?, ?, ?, 'waiting', 0)`,
    );
    const seen = new Set<string>();
    this.state.atomically(() => {
      this.put(run);
      for (const { body, signedBody, ...plan } of deliveries) {
        const listed =
          plan.livemode && !seen.has(plan.eventId) && signedBody === undefined && body.endsWith('}');
        seen.add(plan.eventId);
        insert.run(run.id, plan.eventId, JSON.stringify(plan), body, signedBody ?? null, listed ? 1 : 0);
      }
    });
  }

  rows(run?: string): LedgerRow[] {
    const columns = 'SELECT seq, run, plan, status, attempts, last_status FROM deliveries';
    const found = run
      ? this.state.db.prepare(`${columns} WHERE run = ? ORDER BY seq`).all(run)
      : this.state.db.prepare(`${columns} ORDER BY seq`).all();
    return (found as unknown as StoredRow[]).map(({ plan, last_status, ...row }) => ({
      ...(JSON.parse(plan) as Omit<Delivery, 'body' | 'signedBody'>),
      ...row,
      lastStatus: last_status,
    }));
  }

  /** How far a run is. */
  progress(run: string) {
    const rows = this.state.db
      .prepare(
        'SELECT status, count(*) AS n, sum(attempts) AS attempts FROM deliveries WHERE run = ? GROUP BY status',
      )
      .all(run) as { status: DeliveryStatus; n: number; attempts: number }[];
    const count = (status: DeliveryStatus) => rows.find((row) => row.status === status)?.n ?? 0;
    const total = (of: (row: { n: number; attempts: number }) => number) =>
      rows.reduce((sum, row) => sum + of(row), 0);
    const [waiting, delivered, refused] = [count('waiting'), count('delivered'), count('refused')];
    const attempts = total((row) => row.attempts);
    return {
      id: run,
      total: total((row) => row.n),
      waiting,
      delivered,
      refused,
      attempts,
      done: waiting === 0,
    };
  }

  /** The bytes to send, and those that the signature is made over. */
  bytesOf(seq: number): { body: string; signed: string } {
    const row = this.state.db.prepare('SELECT body, signed_body FROM deliveries WHERE seq = ?').get(seq) as {
      body: string;
      signed_body: string | null;
    };
    return { body: row.body, signed: row.signed_body ?? row.body };
  }

  record(seq: number, status: DeliveryStatus, httpStatus: number): void {
    this.state.db
      .prepare('UPDATE deliveries SET status = ?, attempts = attempts + 1, last_status = ? WHERE seq = ?')
      .run(status, httpStatus, seq);
  }

  /** Place of an event in the list of events. */
  seqOf(eventId: string): number | undefined {
    const row = this.state.db
      .prepare('SELECT seq FROM deliveries WHERE event_id = ? AND listed = 1')
      .get(eventId);
    return (row as { seq: number } | undefined)?.seq;
  }

  /**
   * Live events between two places, both excluded: those nearest to `below`, newest first, or those nearest to `above`,
   * oldest first. Forged and malformed ones never happened at the source, so no list has them.
   */
  events(bounds: {
    below?: number;
    above?: number;
    account?: string;
    types: string[];
    limit: number;
  }): string[] {
    const { below, above, account, types, limit } = bounds;
    const upwards = above !== undefined;
    const typeFilter =
      types.length > 0 ? `AND json_extract(plan, '$.type') IN (${types.map(() => '?').join(', ')})` : '';
    const rows = this.state.db
      .prepare(
        `SELECT body FROM deliveries WHERE listed = 1 AND seq ${upwards ? '>' : '<'} ?
         AND (? IS NULL OR json_extract(plan, '$.account') = ?) ${typeFilter}
         ORDER BY seq ${upwards ? 'ASC' : 'DESC'} LIMIT ?`,
      )
      .all(above ?? below ?? Number.MAX_SAFE_INTEGER, account ?? null, account ?? null, ...types, limit);
    return (rows as { body: string }[]).map((row) => row.body);
  }
}
