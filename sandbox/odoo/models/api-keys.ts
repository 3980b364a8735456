import { randomBytes } from 'node:crypto';
import type { Database } from '../core/database';
import type { Environment } from '../core/environment';
import { accessDenied, validationError } from '../core/fault';
import { char, datetime, type Field, type Method, type Model, many2one, type Version } from '../core/model';
import { insert, remove } from '../core/records';
import { idOf, type OdooRecord, textOf, type Values } from '../core/value';

const KEYS = 'res.users.apikeys';
const DAY_MS = 86_400_000;
/** So long a key of somebody who is no administrator lives at most. */
const LONGEST_DAYS = 90;

/** Keys by their text; declared with the other indexes of the database. */
export function indexApiKeys(db: Database): void {
  db.index(KEYS, 'key', (record) => textOf(record, 'key') || undefined);
}

/** The users whom a key lets in now: a revoked one is gone, one that expired counts no more. */
export function usersOfKey(db: Database, key: string, now: Date): number[] {
  const keys = db.lookup(KEYS, 'key', key).map((id) => db.at(KEYS, id));
  return keys.filter((record) => !isExpired(record, now)).map((record) => idOf(record, 'user_id'));
}

function isExpired(record: OdooRecord, now: Date): boolean {
  const expires = textOf(record, 'expiration_date');
  return expires !== '' && Date.parse(`${expires.replace(' ', 'T')}Z`) < now.getTime();
}

/**
 * API keys: a user sees its own, an administrator everybody's; nobody the key itself. From 18 on they expire, and
 * are made and revoked by a call that names a key of the same user.
 */
export function apiKeyModel(version: Version): Model {
  const dated: Record<string, Field> = version === 19 ? { expiration_date: datetime('Expiration Date') } : {};
  return {
    name: KEYS,
    description: 'Users API Keys',
    access: { create: [], write: [], unlink: [] },
    rule: (env, record) => env.isAdmin || idOf(record, 'user_id') === env.uid,
    fields: {
      name: char('Description'),
      user_id: many2one('User', 'res.users'),
      scope: char('Scope'),
      key: char('Key', { internal: true }),
      ...dated,
    },
    ...(version === 19 ? { methods: { generate, revoke } } : {}),
  };
}

const generate: Method = {
  on: 'model',
  params: ['key', 'scope', 'name', 'expiration_date'],
  run: (env, _ids, args) => {
    assertOwn(env, textOf(args, 'key'));
    const expires = textOf(args, 'expiration_date');
    checkExpiry(env, expires);
    const key = randomBytes(20).toString('hex');
    const [name, scope] = [textOf(args, 'name'), textOf(args, 'scope') || 'rpc'];
    insertApiKey(env, { user_id: env.uid, key, name, scope, expiration_date: expires || false });
    return key;
  },
};

const revoke: Method = {
  on: 'model',
  params: ['key'],
  run: (env, _ids, args) => {
    const key = textOf(args, 'key');
    assertOwn(env, key);
    for (const id of env.db.lookup(KEYS, 'key', key))
      if (idOf(env.record(KEYS, id), 'user_id') === env.uid) remove(env, KEYS, id);
    return true;
  },
};

export function insertApiKey(env: Environment, values: Values): void {
  insert(env, KEYS, { scope: 'rpc', ...values });
}

function assertOwn(env: Environment, key: string): void {
  if (!usersOfKey(env.db, key, env.clock()).includes(env.uid)) throw accessDenied();
}

function checkExpiry(env: Environment, expires: string): void {
  if (env.isAdmin) return;
  if (!expires) throw validationError('The API key must have an expiration date');
  const latest = new Date(env.clock().getTime() + LONGEST_DAYS * DAY_MS).toISOString();
  if (expires.slice(0, 10) > latest.slice(0, 10))
    throw validationError(`You cannot exceed ${LONGEST_DAYS} days.`);
}
