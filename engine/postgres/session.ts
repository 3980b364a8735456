import type { Client } from 'pg';
import type { Listeners } from '../assemble';
import { NotConnected } from './trouble';

const CHANNEL = 'ledgerway';
/** Notes that come within this time travel together. */
const GATHER_MS = 5;
/** The server takes payloads of less than 8000 bytes. */
const MOST_BYTES = 7_000;
const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 2_000;

interface Note {
  wake: string[];
  ended: string[];
}

/** Key of the lock by which the others see that a worker lives, as SQL over the worker's name. */
export function lifeKey(worker: string): string {
  return `hashtextextended('session:' || ${worker}, 0)`;
}

/**
 * The one connection that lasts as long as the process: it holds the locks that show which workers live, and
 * carries wake-ups between processes. It comes back by itself; meanwhile the store's other side is the poll.
 */
export class Session {
  /** The workers of this process. */
  readonly workers = new Set<string>();
  private readonly locked = new Set<string>();
  private client?: Client;
  private backend = 0;
  private closed = false;
  private retry?: NodeJS.Timeout;
  private sending?: NodeJS.Timeout;
  private asking: Promise<unknown> = Promise.resolve();
  private readonly wake = new Set<string>();
  private readonly ended = new Set<string>();

  constructor(
    private readonly connect: () => Promise<Client>,
    private readonly listeners: Listeners,
  ) {}

  async open(): Promise<void> {
    const client = await this.connect();
    try {
      client.on('notification', ({ processId, payload }) => this.hear(processId, payload));
      client.on('end', () => this.lost(client));
      // A machine that vanished is seen after some 20 s, so that others take its documents over.
      await client.query(
        `SET synchronous_commit = off; SET idle_session_timeout = 0; SET tcp_keepalives_idle = 5;
         SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; LISTEN ${CHANNEL}`,
      );
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      this.backend = rows[0]!.pid;
      this.client = client;
      for (const worker of this.workers) await this.lock(worker);
    } catch (error) {
      this.client = undefined;
      this.locked.clear();
      await client.end().catch(() => undefined);
      throw error;
    }
    if (this.closed) await client.end();
  }

  /**
   * Shows that a worker lives, before it leases anything.
   * @throws NotConnected where that cannot be just now
   */
  async hold(worker: string): Promise<void> {
    this.workers.add(worker);
    if (!this.locked.has(worker)) await this.lock(worker);
  }

  private async lock(worker: string): Promise<void> {
    const client = this.client;
    if (!client) throw new NotConnected('The session with the store is interrupted.');
    const [row] = await this.ask<{ got: boolean }>(
      client,
      `SELECT pg_try_advisory_lock(${lifeKey('$1::text')}) AS got`,
      [worker],
    );
    // Somebody looks at the lock just now, or the server has not seen the end of our last connection.
    if (!row?.got) throw new NotConnected(`The lock of worker ${worker} is not free yet.`);
    if (client === this.client) this.locked.add(worker);
  }

  /** One statement at a time. */
  private ask<Row extends object>(client: Client, sql: string, values: string[]): Promise<Row[]> {
    const answer = this.asking.then(async () => (await client.query<Row>(sql, values)).rows);
    this.asking = answer.catch(() => undefined);
    return answer;
  }

  private lost(client: Client): void {
    if (client !== this.client) return;
    this.client = undefined;
    this.locked.clear();
    this.reopen(FIRST_DELAY_MS);
  }

  private reopen(delayMs: number): void {
    if (this.closed) return;
    this.retry = setTimeout(() => {
      this.open().catch(() => this.reopen(Math.min(2 * delayMs, LONGEST_DELAY_MS)));
    }, delayMs);
  }

  /** Tells the other processes, soon; what gets lost is made up for by their polls. */
  announce(wake: Iterable<string>, ended: Iterable<string>): void {
    for (const pipeline of wake) this.wake.add(pipeline);
    for (const documentId of ended) this.ended.add(documentId);
    if (this.sending || this.wake.size + this.ended.size === 0) return;
    this.sending = setTimeout(() => this.send(), GATHER_MS);
    this.sending.unref();
  }

  private send(): void {
    this.sending = undefined;
    const payloads = notes([...this.wake], [...this.ended]);
    this.wake.clear();
    this.ended.clear();
    for (const payload of payloads)
      if (this.client)
        this.ask(this.client, 'SELECT pg_notify($1, $2)', [CHANNEL, payload]).catch(() => undefined);
  }

  private hear(processId: number, payload: string | undefined): void {
    if (processId === this.backend) return;
    const note = readNote(payload ?? '');
    if (note) this.listeners.tell(note.wake, note.ended);
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    clearTimeout(this.sending);
    const client = this.client;
    this.client = undefined;
    await client?.end().catch(() => undefined);
  }
}

/** Payloads that each fit into one notification. */
function notes(wake: string[], ended: string[]): string[] {
  const payload = JSON.stringify({ wake, ended } satisfies Note);
  if (Buffer.byteLength(payload) <= MOST_BYTES) return [payload];
  if (wake.length + ended.length <= 1) return [];
  const [w, e] = [Math.ceil(wake.length / 2), Math.floor(ended.length / 2)];
  return [...notes(wake.slice(0, w), ended.slice(0, e)), ...notes(wake.slice(w), ended.slice(e))];
}

/** Anybody with access to the database may notify: what is no note is not heard. */
function readNote(payload: string): Note | undefined {
  try {
    const { wake, ended } = JSON.parse(payload) as Partial<Note>;
    const texts = (list: unknown): list is string[] =>
      Array.isArray(list) && list.every((one) => typeof one === 'string');
    return texts(wake) && texts(ended) ? { wake, ended } : undefined;
  } catch {
    return undefined;
  }
}
