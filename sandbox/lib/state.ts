import { DatabaseSync, type StatementSync } from 'node:sqlite';

/** JSON values by text key, kept in order of insertion. */
export interface Table<T> {
  get(key: string): T | undefined;
  put(key: string, value: T): void;
  /** Puts only where the key is free; tells whether it did. */
  add(key: string, value: T): boolean;
  values(): T[];
}

/**
 * What a counterparty remembers: a SQLite file, or memory where no file is given. A write that returned survives a
 * SIGKILL of the process (the sandbox does not promise to survive a power cut).
 */
export class State {
  readonly db: DatabaseSync;

  constructor(file?: string) {
    this.db = new DatabaseSync(file ?? ':memory:');
    this.db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000');
  }

  /** @param name a constant of ours, letters only */
  table<T>(name: string): Table<T> {
    this.db.exec(
      `CREATE TABLE IF NOT EXISTS ${name} (seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL)`,
    );
    const statement = (sql: string): StatementSync => this.db.prepare(sql);
    const get = statement(`SELECT value FROM ${name} WHERE key = ?`);
    const put = statement(
      `INSERT INTO ${name} (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
    );
    const add = statement(`INSERT INTO ${name} (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING`);
    const all = statement(`SELECT value FROM ${name} ORDER BY seq`);
    const read = (row: unknown): T => JSON.parse((row as { value: string }).value) as T;
    return {
      get: (key) => {
        const row = get.get(key);
        return row && read(row);
      },
      put: (key, value) => void put.run(key, JSON.stringify(value)),
      add: (key, value) => add.run(key, JSON.stringify(value)).changes === 1,
      values: () => all.all().map(read),
    };
  }

  /** Runs `work` in one transaction. */
  atomically<R>(work: () => R): R {
    this.db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.db.exec('COMMIT');
      return result;
    } catch (error) {
      this.db.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    if (this.db.isOpen) this.db.close();
  }
}
