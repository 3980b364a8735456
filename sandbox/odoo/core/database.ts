import type { OdooRecord, Values } from './value';

/** Where committed changes go; the SQLite file or nothing. */
export interface Journal {
  /** Records as they are after the commit (`null` = deleted), and the next free id of each model that took one. */
  commit(
    changes: Array<{ model: string; id: number; record: OdooRecord | null }>,
    next: Map<string, number>,
  ): void;
}

type Keys = (record: OdooRecord) => string | undefined;

interface Index {
  keys: Keys;
  ids: Map<string, Set<number>>;
}

/** Told of each change of a model, in order, rollbacks too. */
export type Watcher = (before: OdooRecord | undefined, after: OdooRecord | undefined) => void;

interface Change {
  model: string;
  id: number;
  before: OdooRecord | undefined;
}

/**
 * Records by model and id, in memory. A transaction is atomic and may hold savepoints; ids are taken from sequences
 * that a rollback does not give back, as in Postgres.
 */
export class Database {
  private readonly tables = new Map<string, Map<number, OdooRecord>>();
  private readonly indexes = new Map<string, Map<string, Index>>();
  private readonly watchers = new Map<string, Watcher[]>();
  private readonly next = new Map<string, number>();
  private readonly taken = new Set<string>();
  private undo: Change[] = [];
  private depth = 0;

  constructor(private readonly journal?: Journal) {}

  /** Keeps the ids of a model's records by a key; declared before the first record. Named for a field, the key is its text. */
  index(model: string, name: string, keys: Keys): void {
    const byName = this.indexes.get(model) ?? new Map<string, Index>();
    byName.set(name, { keys, ids: new Map() });
    this.indexes.set(model, byName);
  }

  watch(model: string, watcher: Watcher): void {
    this.watchers.set(model, [...(this.watchers.get(model) ?? []), watcher]);
  }

  get(model: string, id: number): OdooRecord | undefined {
    return this.tables.get(model)?.get(id);
  }

  /** The record, which must be there. */
  at(model: string, id: number): OdooRecord {
    const record = this.get(model, id);
    if (!record) throw new Error(`no ${model} ${id}`);
    return record;
  }

  all(model: string): OdooRecord[] {
    return [...(this.tables.get(model)?.values() ?? [])];
  }

  isIndexed(model: string, name: string): boolean {
    return this.indexes.get(model)?.has(name) === true;
  }

  /** Ids under a key of an index, ascending. */
  lookup(model: string, name: string, key: string): number[] {
    const ids = this.indexes.get(model)?.get(name)?.ids.get(key);
    return ids ? [...ids].sort((a, b) => a - b) : [];
  }

  /** The next id of a model will be this one (fixtures reproduce recorded ids with it). */
  setNextId(model: string, id: number): void {
    this.next.set(model, id);
    this.taken.add(model);
  }

  takeId(model: string): number {
    const id = this.next.get(model) ?? 1;
    this.next.set(model, id + 1);
    this.taken.add(model);
    return id;
  }

  insert(model: string, values: Values): OdooRecord {
    const id = typeof values.id === 'number' ? values.id : this.takeId(model);
    const record: OdooRecord = { ...values, id };
    if (id >= (this.next.get(model) ?? 1)) this.setNextId(model, id + 1);
    this.put(model, id, record);
    return record;
  }

  update(model: string, id: number, patch: Values): OdooRecord {
    const record: OdooRecord = { ...this.at(model, id), ...patch, id };
    this.put(model, id, record);
    return record;
  }

  delete(model: string, id: number): void {
    this.put(model, id, undefined);
  }

  /** Runs `work` as one transaction, or within one as a savepoint: all of it stays or none. */
  transaction<T>(work: () => T): T {
    const mark = this.undo.length;
    this.depth += 1;
    try {
      const result = work();
      if (this.depth === 1) this.commit();
      return result;
    } catch (error) {
      this.rollback(mark);
      throw error;
    } finally {
      this.depth -= 1;
    }
  }

  private put(model: string, id: number, after: OdooRecord | undefined): void {
    const before = this.get(model, id);
    if (this.depth > 0) this.undo.push({ model, id, before });
    this.apply(model, id, before, after);
    if (this.depth === 0) this.journal?.commit([{ model, id, record: after ?? null }], this.takenIds());
  }

  private apply(
    model: string,
    id: number,
    before: OdooRecord | undefined,
    after: OdooRecord | undefined,
  ): void {
    const table = this.tables.get(model) ?? new Map<number, OdooRecord>();
    this.tables.set(model, table);
    if (after) table.set(id, after);
    else table.delete(id);
    for (const index of this.indexes.get(model)?.values() ?? []) reindex(index, id, before, after);
    for (const watcher of this.watchers.get(model) ?? []) watcher(before, after);
  }

  private commit(): void {
    const changed = new Map<string, { model: string; id: number }>();
    for (const { model, id } of this.undo) changed.set(`${model}/${id}`, { model, id });
    if (changed.size > 0)
      this.journal?.commit(
        [...changed.values()].map(({ model, id }) => ({ model, id, record: this.get(model, id) ?? null })),
        this.takenIds(),
      );
    this.undo = [];
  }

  private takenIds(): Map<string, number> {
    const taken = new Map([...this.taken].map((model) => [model, this.next.get(model) ?? 1] as const));
    this.taken.clear();
    return taken;
  }

  private rollback(mark: number): void {
    while (this.undo.length > mark) {
      const { model, id, before } = this.undo.pop()!;
      this.apply(model, id, this.get(model, id), before);
    }
  }
}

function reindex(
  index: Index,
  id: number,
  before: OdooRecord | undefined,
  after: OdooRecord | undefined,
): void {
  const from = before && index.keys(before);
  const to = after && index.keys(after);
  if (from === to) return;
  if (from !== undefined) {
    const ids = index.ids.get(from);
    ids?.delete(id);
    if (ids?.size === 0) index.ids.delete(from);
  }
  if (to === undefined) return;
  const ids = index.ids.get(to) ?? new Set<number>();
  ids.add(id);
  index.ids.set(to, ids);
}
