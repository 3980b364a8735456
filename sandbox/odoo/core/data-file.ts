import { DatabaseSync } from 'node:sqlite';
import type { Database, Journal } from './database';
import type { OdooRecord } from './value';

/**
 * The sandbox's database as a SQLite file: one transaction a call, changed records only. Write-ahead log without a
 * sync at each commit: a committed call outlives the process (SIGKILL), not a loss of power.
 */
export class DataFile implements Journal {
  private readonly file: DatabaseSync;
  private readonly save;
  private readonly remove;
  private readonly saveNext;

  constructor(path: string) {
    this.file = new DatabaseSync(path);
    this.file.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS record (model TEXT NOT NULL, id INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (model, id)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS sequence (model TEXT PRIMARY KEY, next INTEGER NOT NULL);`);
    this.save = this.file.prepare('INSERT OR REPLACE INTO record (model, id, body) VALUES (?, ?, ?)');
    this.remove = this.file.prepare('DELETE FROM record WHERE model = ? AND id = ?');
    this.saveNext = this.file.prepare('INSERT OR REPLACE INTO sequence (model, next) VALUES (?, ?)');
  }

  commit(
    changes: Array<{ model: string; id: number; record: OdooRecord | null }>,
    next: Map<string, number>,
  ): void {
    this.file.exec('BEGIN IMMEDIATE');
    try {
      for (const { model, id, record } of changes)
        if (record) this.save.run(model, id, JSON.stringify(record));
        else this.remove.run(model, id);
      for (const [model, id] of next) this.saveNext.run(model, id);
      this.file.exec('COMMIT');
    } catch (error) {
      this.file.exec('ROLLBACK');
      throw error;
    }
  }

  get isEmpty(): boolean {
    return this.file.prepare('SELECT 1 FROM record LIMIT 1').get() === undefined;
  }

  /** Puts every stored record into a database that has no journal of its own yet, then the sequences. */
  restore(into: (model: string, record: OdooRecord) => void, database: Pick<Database, 'setNextId'>): void {
    for (const row of this.file.prepare('SELECT model, body FROM record ORDER BY model, id').all())
      into(String(row.model), JSON.parse(String(row.body)) as OdooRecord);
    for (const row of this.file.prepare('SELECT model, next FROM sequence').all())
      database.setNextId(String(row.model), Number(row.next));
  }

  close(): void {
    this.file.close();
  }
}
