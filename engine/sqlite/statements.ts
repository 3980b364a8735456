import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { inDialect, isWrite, type SqlRow, type Statement, storable, type Transition } from '../transaction';

interface Prepared {
  statement: StatementSync;
  writes: boolean;
}

/** Runs transitions on one connection, each text prepared once. */
export class Statements {
  /** Whether a statement has changed rows since this was set to false. */
  wrote = false;
  private readonly prepared = new Map<string, Prepared>();

  constructor(private readonly database: DatabaseSync) {}

  drive<Result>(transition: Transition<Result>): Result {
    let step = transition.next([]);
    while (!step.done) {
      const { value } = step;
      const rows = Array.isArray(value) ? value.map((one) => this.execute(one)) : this.execute(value);
      step = transition.next(rows as SqlRow[]);
    }
    return step.value;
  }

  private execute({ sql, params }: Statement): SqlRow[] {
    const { statement, writes } = this.prepared.get(sql) ?? this.prepare(sql);
    this.wrote ||= writes;
    return statement.all(...params.map(storable)) as SqlRow[];
  }

  private prepare(sql: string): Prepared {
    const text = inDialect(sql, 'sqlite').replaceAll(/\$(\d+)/g, '?$1');
    const prepared = { statement: this.database.prepare(text), writes: isWrite(sql) };
    this.prepared.set(sql, prepared);
    return prepared;
  }
}
