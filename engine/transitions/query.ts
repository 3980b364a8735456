import type { SqlValue, Tx } from '../transaction';

/** What a reader may see; what is left out is not limited. */
export interface Scope {
  /** Keys of legal entities. */
  entities?: readonly string[];
  /** First and last period, YYYY-MM. */
  periodFrom?: string;
  periodTo?: string;
}

/** The conditions of a query and their parameters, gathered one by one. */
export class Query {
  readonly params: SqlValue[] = [];
  private readonly conditions: string[] = [];

  constructor(private readonly tx: Pick<Tx, 'dialect'>) {}

  /** The place of a parameter, for use in the text. */
  value(value: SqlValue): string {
    this.params.push(value);
    return `$${this.params.length}`;
  }

  /** Adds a condition. */
  and(condition: string): this {
    this.conditions.push(condition);
    return this;
  }

  /** Adds `column = value` where there is a value. */
  equal(column: string, value: SqlValue | undefined): this {
    return value === undefined ? this : this.and(`${column} = ${this.value(value)}`);
  }

  oneOf(column: string, values: readonly SqlValue[]): this {
    if (values.length === 0) return this.and('1 = 0');
    return this.and(`${column} IN (${values.map((value) => this.value(value)).join(', ')})`);
  }

  /** Adds that one of the columns holds the text, whatever the case. */
  holds(columns: readonly string[], text: string): this {
    const pattern = this.value(`%${text.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`);
    return this.and(
      `(${columns.map((column) => `LOWER(${column}) LIKE ${pattern} ESCAPE '\\'`).join(' OR ')})`,
    );
  }

  /** Keeps to what the reader may see: `d` names the documents, `entity` the column of the entity. */
  within(scope: Scope, entity = 'd.entity'): this {
    if (scope.entities) this.oneOf(entity, scope.entities);
    return this.periods(scope.periodFrom, scope.periodTo);
  }

  periods(from: string | undefined, to: string | undefined): this {
    if (from) this.and(`${periodOf(this.tx)} >= ${this.value(from)}`);
    if (to) this.and(`${periodOf(this.tx)} <= ${this.value(to)}`);
    return this;
  }

  /** `WHERE …`, or nothing. */
  get where(): string {
    return this.conditions.length === 0 ? '' : `WHERE ${this.conditions.join(' AND ')}`;
  }
}

/** The period (YYYY-MM) of document `d`: of its own day, else of the day it came (UTC). */
export function periodOf({ dialect }: Pick<Tx, 'dialect'>): string {
  const received =
    dialect === 'sqlite'
      ? "strftime('%Y-%m', d.received_at / 1000, 'unixepoch')"
      : "to_char(to_timestamp(d.received_at / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM')";
  return `COALESCE(SUBSTR(d.date, 1, 7), ${received})`;
}

/** A member of a JSON text in a column. */
export function jsonMember({ dialect }: Pick<Tx, 'dialect'>, column: string, member: string): string {
  return dialect === 'sqlite'
    ? `json_extract(${column}, '$.${member}')`
    : `(CAST(${column} AS JSON) ->> '${member}')`;
}

/** An amount (decimal text) as a number to order by; never to add up. */
export const sortable = (column: string) => `ABS(CAST(${column} AS DOUBLE PRECISION))`;
