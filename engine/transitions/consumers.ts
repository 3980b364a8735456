import { randomBytes } from 'node:crypto';
import { FinanceError } from '../../errors';
import { insertSealed, record, updateSealed } from '../audit';
import { newId, sha256 } from '../ids';
import { all, one, type Transition, type Tx } from '../transaction';

/** A row of `consumers`: an outside reader of the API. Lists are JSON. */
export interface ConsumerRow {
  id: string;
  name: string;
  /** SHA-256 of the token, hex; the token itself is nowhere. */
  token_hash: string;
  entities: string;
  functions: string;
  period_from: string | null;
  period_to: string | null;
  expires_at: number;
  created_by: string;
  created_at: number;
  revoked_by: string | null;
  revoked_at: number | null;
}

/** What a consumer may see and until when, as people read it. */
export interface Consumer {
  id: string;
  name: string;
  entities: string[];
  functions: string[];
  /** YYYY-MM, both included. */
  periodFrom: string | null;
  periodTo: string | null;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  createdBy: string;
  createdAt: number;
  revokedBy: string | null;
  revokedAt: number | null;
}

/** A new token and the hash that the store keeps of it. The token is shown once and stored nowhere. */
export function consumerToken(): { token: string; tokenHash: string } {
  const token = `lwc_${randomBytes(32).toString('base64url')}`;
  return { token, tokenHash: tokenHashOf(token) };
}

/** SHA-256 of a token, hex. A token has 256 random bits, so it needs no slow hash. */
export function tokenHashOf(token: string): string {
  return sha256(token);
}

export interface CreateConsumerInput {
  name: string;
  tokenHash: string;
  entities: readonly string[];
  functions: readonly string[];
  periodFrom?: string;
  periodTo?: string;
  expiresAt: number;
  actor: string;
}

/** @throws STORE_STATE where it would have expired already, or another living consumer has the name */
export function* createConsumer(tx: Tx, input: CreateConsumerInput): Transition<{ id: string }> {
  if (input.expiresAt <= tx.now)
    throw new FinanceError('STORE_STATE', { message: 'The token would have expired already.' });
  const known = yield* one<{ id: string }>(
    'SELECT id FROM consumers WHERE name = $1 AND revoked_at IS NULL AND expires_at > $2',
    input.name,
    tx.now,
  );
  if (known)
    throw new FinanceError('STORE_STATE', { message: `There is a consumer "${input.name}" already.` });
  const id = newId('con', tx.now);
  const made = yield* insertSealed('consumers', {
    id,
    name: input.name,
    token_hash: input.tokenHash,
    entities: JSON.stringify(input.entities),
    functions: JSON.stringify(input.functions),
    period_from: input.periodFrom ?? null,
    period_to: input.periodTo ?? null,
    expires_at: input.expiresAt,
    created_by: input.actor,
    created_at: tx.now,
    revoked_by: null,
    revoked_at: null,
  });
  yield* record(tx, 'consumer-created', null, { consumer: id, name: input.name, actor: input.actor }, [made]);
  return { id };
}

/** Revoking it twice is once. @throws STORE_NOT_FOUND */
export function* revokeConsumer(tx: Tx, { id, actor }: { id: string; actor: string }): Transition<void> {
  const row = yield* one<ConsumerRow>('SELECT * FROM consumers WHERE id = $1 {lock}', id);
  if (!row) throw new FinanceError('STORE_NOT_FOUND', { message: `There is no consumer ${id}.` });
  if (row.revoked_at !== null) return;
  const changed = yield* updateSealed('consumers', id, { revoked_by: actor, revoked_at: tx.now });
  yield* record(tx, 'consumer-revoked', null, { consumer: id, actor }, [changed]);
}

/** All consumers, revoked and expired ones too; the newest first. */
export function* consumers(_tx: Tx): Transition<Consumer[]> {
  const rows = yield* all<ConsumerRow>('SELECT * FROM consumers ORDER BY created_at DESC, id DESC');
  return rows.map(viewOf);
}

/** Whose token it is; undefined where nobody's, or revoked, or expired by the store's clock. */
export function* findConsumer(
  tx: Tx,
  { tokenHash }: { tokenHash: string },
): Transition<Consumer | undefined> {
  const row = yield* one<ConsumerRow>(
    'SELECT * FROM consumers WHERE token_hash = $1 AND revoked_at IS NULL AND expires_at > $2',
    tokenHash,
    tx.now,
  );
  return row && viewOf(row);
}

function viewOf(row: ConsumerRow): Consumer {
  return {
    id: row.id,
    name: row.name,
    entities: JSON.parse(row.entities) as string[],
    functions: JSON.parse(row.functions) as string[],
    periodFrom: row.period_from,
    periodTo: row.period_to,
    expiresAt: Number(row.expires_at),
    createdBy: row.created_by,
    createdAt: Number(row.created_at),
    revokedBy: row.revoked_by,
    revokedAt: row.revoked_at === null ? null : Number(row.revoked_at),
  };
}
