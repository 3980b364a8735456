import type { SourceReference } from '../../finance';

/** What tells an older state of an object from a newer one. */
export type Revision = {
  /** As the source counts. */
  revision?: string;
  /** When it happened, or came; milliseconds since the epoch. */
  at: number;
};

export function revisionOf({ revision, occurredAt }: SourceReference, receivedAt: number): Revision {
  const at = Date.parse(occurredAt ?? '');
  return { ...(revision !== undefined && { revision }), at: Number.isNaN(at) ? receivedAt : at };
}

const COUNT = /^\d+$/;
const INSTANT = /^\d{4}-\d\d-\d\dT/;

/**
 * Whether one state is older than another: by the source's own count or instant, where both have one, else by the
 * time of the event. Equal ones are not older.
 */
export function isOlder(one: Revision, other: Revision): boolean {
  const [mine, theirs] = [one.revision ?? '', other.revision ?? ''];
  if (COUNT.test(mine) && COUNT.test(theirs)) return BigInt(mine) < BigInt(theirs);
  const instants = [mine, theirs].map((each) => (INSTANT.test(each) ? Date.parse(each) : Number.NaN));
  const [own = Number.NaN, another = Number.NaN] = instants;
  if (!Number.isNaN(own) && !Number.isNaN(another)) return own < another;
  return one.at < other.at;
}
