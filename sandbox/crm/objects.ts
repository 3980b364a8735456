import { createHash } from 'node:crypto';
import type { State, Table } from '../lib/state';

/** What is kept of an object: the last body that was written, and how often it was. */
export interface CrmObject {
  collection: string;
  id: string;
  body: unknown;
  writes: number;
}

/** A write that took effect, in the order in which they did. */
export interface CrmWrite {
  collection: string;
  id: string;
  key?: string;
  body: unknown;
}

/** The answer to a key, so that the same request gets it again. */
interface Answered {
  hash: string;
  object: CrmObject;
}

export type Outcome = { status: 200 | 201; object: CrmObject } | { status: 409; message: string };

/** The objects of the CRM: whole bodies, written over; with an idempotency key once. */
export class CrmObjects {
  private readonly objects: Table<CrmObject>;
  private readonly answers: Table<Answered>;
  private readonly writes: Table<CrmWrite>;

  constructor(private readonly state: State) {
    this.objects = state.table('objects');
    this.answers = state.table('answers');
    this.writes = state.table('writes');
  }

  /** @param id a new one where left out */
  write(collection: string, id: string | undefined, key: string | undefined, body: unknown): Outcome {
    return this.state.atomically(() => {
      const hash = createHash('sha256')
        .update(JSON.stringify([collection, id ?? null, body]))
        .digest('hex');
      const answered = key === undefined ? undefined : this.answers.get(key);
      if (answered && answered.hash !== hash)
        return { status: 409, message: `The key ${key} was used for another request.` };
      if (answered) return { status: 200, object: answered.object };
      const seq = this.writes.values().length + 1;
      const object = this.put(collection, id ?? `${collection}_${seq}`, body);
      this.writes.put(String(seq), { collection, id: object.id, key, body });
      if (key !== undefined) this.answers.put(key, { hash, object });
      return { status: object.writes === 1 ? 201 : 200, object };
    });
  }

  get(collection: string, id: string): CrmObject | undefined {
    return this.objects.get(`${collection}/${id}`);
  }

  /** Objects of a collection whose body has this reference. */
  withReference(collection: string, reference: string): CrmObject[] {
    return this.objects
      .values()
      .filter((one) => one.collection === collection)
      .filter(({ body }) => (body as { reference?: unknown } | null)?.reference === reference);
  }

  all(): CrmObject[] {
    return this.objects.values();
  }

  log(): CrmWrite[] {
    return this.writes.values();
  }

  private put(collection: string, id: string, body: unknown): CrmObject {
    const before = this.get(collection, id);
    const object = { collection, id, body, writes: (before?.writes ?? 0) + 1 };
    this.objects.put(`${collection}/${id}`, object);
    return object;
  }
}
