import { DatabaseSync } from 'node:sqlite';
import { seal } from '../audit';
import { DEFAULT_SETTINGS } from '../model';
import { newTx } from '../transaction';
import { perform, type TransitionName } from '../transitions';
import { Statements } from './statements';
import { SqliteConnection } from './worker';

/** Transitions that share a commit. */
const GROUP = 500;

/**
 * Writes a past into a store file: the same transitions, sealed into the same audit chain, but at told times. For
 * stores that show how a screen or a query does with years of documents; never for a store in use.
 */
export class History {
  private readonly owner: SqliteConnection;
  private readonly database: DatabaseSync;
  private readonly statements: Statements;
  private done = 0;

  /** @throws STORE_OWNED and its like */
  constructor(file: string) {
    this.owner = new SqliteConnection({ file, readOnly: false });
    this.database = new DatabaseSync(file);
    this.statements = new Statements(this.database);
    // It is made anew where the machine goes down in the middle.
    this.database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;');
  }

  /** Runs one transition as if it were `at` (milliseconds since the epoch). */
  run<Result>(at: number, name: TransitionName, input: unknown): Result {
    if (!this.database.isTransaction) this.database.exec('BEGIN IMMEDIATE');
    const tx = newTx({ now: at, dialect: 'sqlite', settings: DEFAULT_SETTINGS, chains: 1, chain: 0 });
    const result = this.statements.drive(perform(tx, name, input));
    this.statements.drive(seal(tx));
    if (++this.done % GROUP === 0) this.database.exec('COMMIT');
    return result as Result;
  }

  close(): void {
    if (this.database.isTransaction) this.database.exec('COMMIT');
    this.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.database.close();
    this.owner.close();
  }
}
