import type { DocumentRow } from '../model';
import { all, one, type Transition, type Tx } from '../transaction';
import { closeExceptions, documentById } from './documents';
import { voidProposals } from './proposal-rows';
import { effectsOf } from './resolve';
import { settleRow } from './settle';

interface Pair {
  held: DocumentRow;
  booked: DocumentRow;
}

/**
 * Held documents that another one has made good: booked under the same business key with the same content, or as the
 * newer state of the same object at the source. What was held had no effect, and could never be booked any more. A page
 * looks at `limit` of those whose key is booked, so that many which stay held keep nobody waiting.
 * @param input.after number (`seq`) of the last document of the page before
 */
export function* superseded(
  _tx: Tx,
  { after = 0, limit = 500 }: { after?: number; limit?: number } = {},
): Transition<{ documentIds: string[]; next?: number }> {
  const candidates = yield* all<{ id: string; seq: number }>(
    `SELECT d.id, d.seq FROM documents d JOIN claims c ON c.business_key = d.business_key
     WHERE d.state = 'held' AND c.state = 'final' AND c.document_id <> d.id AND d.seq > $1 ORDER BY d.seq LIMIT $2`,
    after,
    limit,
  );
  const documentIds: string[] = [];
  for (const { id } of candidates) if (yield* pairOf(id, false)) documentIds.push(id);
  return candidates.length < limit ? { documentIds } : { documentIds, next: Number(candidates.at(-1)!.seq) };
}

/**
 * Settles a held document that another one has made good, and closes its exception as superseded.
 * @returns whether that was so
 */
export function* supersede(tx: Tx, { documentId }: { documentId: string }): Transition<boolean> {
  const pair = yield* pairOf(documentId, true);
  if (!pair) return false;
  const { held, booked } = pair;
  const isSame = held.content_hash === booked.content_hash;
  const reason = isSame
    ? `document ${booked.id} booked the same`
    : `document ${booked.id} booked a newer state of it`;
  const voided = yield* voidProposals(tx, held.id);
  const closed = yield* closeExceptions(tx, held.id, 'superseded', null, reason);
  const changes = isSame ? { duplicate_of: booked.id } : {};
  const facts = { of: booked.id, reason };
  yield* settleRow(tx, held, isSame ? 'duplicate' : 'skipped', facts, changes, [...voided, ...closed]);
  return true;
}

function* pairOf(documentId: string, locked: boolean): Transition<Pair | undefined> {
  const held = locked
    ? yield* documentById(documentId)
    : (yield* one<DocumentRow>('SELECT * FROM documents WHERE id = $1', documentId))!;
  if (held.state !== 'held' || held.business_key === null) return undefined;
  const booked = yield* one<DocumentRow>(
    `SELECT d.* FROM claims c JOIN documents d ON d.id = c.document_id
     WHERE c.business_key = $1 AND c.state = 'final' AND d.id <> $2 AND d.outcome = 'completed'`,
    held.business_key,
    held.id,
  );
  if (!booked || !isMadeGood(held, booked) || (yield* effectsOf(held.id)).length > 0) return undefined;
  return { held, booked };
}

function isMadeGood(held: DocumentRow, booked: DocumentRow): boolean {
  if (booked.content_hash !== null && booked.content_hash === held.content_hash) return true;
  const [older, newer] = [sourceOf(held), sourceOf(booked)];
  return (
    older !== undefined &&
    newer !== undefined &&
    older.object === newer.object &&
    older.at < newer.at &&
    held.received_kind === booked.received_kind
  );
}

/** The object that an event tells of, and the instant (milliseconds) of the state that it tells; if it says both. */
function sourceOf({ source }: DocumentRow): { object: string; at: number } | undefined {
  const { system, account, objectKind, objectId, occurredAt } = JSON.parse(source) as Record<string, unknown>;
  const at = typeof occurredAt === 'string' ? Date.parse(occurredAt) : Number.NaN;
  if (typeof objectId !== 'string' || objectId === '' || Number.isNaN(at)) return undefined;
  return { object: JSON.stringify([system, account, objectKind, objectId]), at };
}
