import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/** The rows of one document, by table: what a receive writes, and nothing that it thinks. */
export interface RawJob {
  id: number;
  rows: [table: string, columns: string[], values: SQLInputValue[]][];
  head: [seq: number, hash: string];
}

/** Inserts rows in groups, one commit for all that waits, as the store's worker does. */
function serve(file: string): void {
  const port = parentPort!;
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;');
  const statements = new Map<string, StatementSync>();
  const head = database.prepare('UPDATE audit_heads SET seq = ?, hash = ? WHERE chain = 0');
  const insert = (table: string, columns: string[], values: SQLInputValue[]) => {
    let statement = statements.get(table);
    if (!statement) {
      const places = columns.map(() => '?').join(', ');
      statement = database.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`);
      statements.set(table, statement);
    }
    statement.run(...values);
  };
  let queue: RawJob[] = [];
  const flush = () => {
    const jobs = queue;
    queue = [];
    database.exec('BEGIN IMMEDIATE');
    for (const job of jobs) {
      for (const row of job.rows) insert(...row);
      head.run(...job.head);
    }
    database.exec('COMMIT');
    port.postMessage(jobs.map(({ id }) => id));
  };
  port.on('message', (job: RawJob | 'close') => {
    if (job === 'close') {
      database.close();
      port.close();
      return;
    }
    if (queue.push(job) === 1) setImmediate(flush);
  });
}

if (parentPort) serve(workerData as string);
