import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import {
  type ApiUser,
  CONSUMER_FUNCTIONS,
  isRole,
  permissionsOf,
  type Role,
} from '../console/api/permissions';
import { type Consumer, samePerson } from '../engine';
import { FinanceError } from '../errors';
import type { RuntimeConfig } from './config';
import { hashPassword, isPassword, isPasswordHash } from './passwords';

/** A user as the file `LEDGERWAY_USERS` tells of it. */
interface UserEntry {
  user: string;
  /** Made by `ledgerway user hash`. */
  scryptHash: string;
  roles: Role[];
  /** Keys of legal entities; null for all. */
  entities: string[] | null;
  locale?: string;
}

/** What Node-RED knows of a user; the console's part travels with it. */
interface Profile {
  username: string;
  /** Node-RED's own: `*`, `*.read`, or nothing of the editor. */
  permissions: string | string[];
  console: ApiUser;
}

/**
 * Who may log in: the one administrator of the environment, and the users of a file. The file is read again when it
 * changes; one that is not valid any more lets none of its users in.
 */
export class Users {
  private readonly admin: Promise<UserEntry>;
  /** Checked in place of a user that is not there, so that time tells nothing. */
  private readonly nobody = hashPassword(randomBytes(16).toString('hex'));
  private reported?: string;
  /** An entry of the very name is never asked for: the environment goes first. */
  private readonly isAliasOfAdmin: (name: string) => boolean;
  private known: { mtimeMs: number; entries: UserEntry[] } = { mtimeMs: Number.NaN, entries: [] };

  /** @throws CONFIG_INVALID where the file is not there, or not of its shape */
  constructor(
    login: RuntimeConfig['login'],
    private readonly file?: string,
    private readonly report: (error: unknown) => void = () => undefined,
  ) {
    this.admin = hashPassword(login.password).then((scryptHash) => ({
      user: login.user,
      scryptHash,
      roles: ['admin'],
      entities: null,
    }));
    this.isAliasOfAdmin = (name) => name !== login.user && samePerson(name, login.user);
    if (file) this.read(file);
  }

  async find(name: string): Promise<Profile | null> {
    const entry = await this.entry(name);
    return entry ? profileOf(entry) : null;
  }

  async check(name: string, password: string): Promise<Profile | null> {
    const entry = await this.entry(name);
    const right = await isPassword(String(password), entry?.scryptHash ?? (await this.nobody));
    return entry && right ? profileOf(entry) : null;
  }

  private async entry(name: string): Promise<UserEntry | undefined> {
    const admin = await this.admin;
    return name === admin.user ? admin : this.entries().find(({ user }) => user === name);
  }

  private entries(): UserEntry[] {
    if (!this.file) return [];
    try {
      return this.read(this.file);
    } catch (error) {
      this.reportOnce(error);
      return [];
    }
  }

  /** Each request asks for its user: the same fault is told once. */
  private reportOnce(error: unknown): void {
    const { message } = error as Error;
    if (message !== this.reported) this.report(error);
    this.reported = message;
  }

  private read(file: string): UserEntry[] {
    const mtimeMs = statTime(file);
    if (mtimeMs !== this.known.mtimeMs)
      this.known = { mtimeMs, entries: entriesOf(file, this.isAliasOfAdmin) };
    this.reported = undefined;
    return this.known.entries;
  }
}

function statTime(file: string): number {
  try {
    return statSync(file).mtimeMs;
  } catch (cause) {
    throw new FinanceError('CONFIG_INVALID', { message: `LEDGERWAY_USERS: ${file} cannot be read.`, cause });
  }
}

/** What stands before the names of outside readers; no user may look like one. */
const CONSUMER = 'consumer:';

function entriesOf(file: string, isAliasOfAdmin: (name: string) => boolean): UserEntry[] {
  const fail = (what: string, cause?: unknown) =>
    new FinanceError('CONFIG_INVALID', { message: `LEDGERWAY_USERS: ${what}.`, cause });
  let list: unknown;
  try {
    list = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw fail(`${file} is not JSON`, cause);
  }
  if (!Array.isArray(list)) throw fail('a list of users is wanted');
  for (const [index, one] of (list as Record<string, unknown>[]).entries()) {
    const where = `user ${index + 1}`;
    if (typeof one?.user !== 'string' || !one.user.trim()) throw fail(`${where} has no name`);
    if (one.user.startsWith(CONSUMER)) throw fail(`${where} has a name that begins with "${CONSUMER}"`);
    if (isAliasOfAdmin(one.user)) throw fail(`${where} has the name of the administrator, written otherwise`);
    if (typeof one.scryptHash !== 'string' || !isPasswordHash(one.scryptHash))
      throw fail(`${where} has no scryptHash, which "ledgerway user hash" makes`);
    if (!Array.isArray(one.roles) || !one.roles.every((role) => isRole(String(role))))
      throw fail(`${where} has a role that is none`);
    const { entities } = one;
    if (entities !== null && !(Array.isArray(entities) && entities.every((key) => typeof key === 'string')))
      throw fail(`${where} wants entities: a list of keys, or null for all`);
  }
  const entries = list as UserEntry[];
  // Two spellings of one name would be one person to the rule of four eyes, and two logins.
  const isTwice = entries.some(({ user }, index) =>
    entries.slice(0, index).some((other) => samePerson(other.user, user)),
  );
  if (isTwice) throw fail('a user is there twice');
  return entries;
}

function profileOf({ user, roles, entities, locale }: UserEntry): Profile {
  return {
    username: user,
    permissions: editorPermissions(roles, entities),
    console: {
      name: user,
      roles,
      permissions: permissionsOf(roles),
      ...(entities && { entities }),
      ...(locale && { locale }),
    },
  };
}

/**
 * Integrators draw flows, operators look at them; finance has nothing to do in the editor. Flows are of all entities:
 * who may see only some of them has nothing to do there either.
 */
function editorPermissions(roles: readonly Role[], entities: readonly string[] | null): string | string[] {
  if (entities) return [];
  if (roles.includes('admin') || roles.includes('integrator')) return '*';
  return roles.includes('operator') ? '*.read' : [];
}

function consumerProfile(consumer: Consumer): Profile {
  const { name, entities, functions, periodFrom, periodTo } = consumer;
  const granted = CONSUMER_FUNCTIONS.filter((one) => functions.includes(one));
  return {
    username: `${CONSUMER}${name}`,
    permissions: [],
    console: {
      name: `${CONSUMER}${name}`,
      roles: [],
      permissions: new Set(granted),
      entities,
      ...(periodFrom && { periodFrom }),
      ...(periodTo && { periodTo }),
    },
  };
}

/** Node-RED's `adminAuth`: there is no start without a login. Tokens of registered consumers are looked up in the store. */
export function adminAuth(
  users: Users,
  consumerOf: (token: string) => Promise<Consumer | undefined> = async () => undefined,
): object {
  return {
    type: 'credentials',
    users: (name: string) => users.find(name),
    authenticate: (name: string, password: string) => users.check(name, password),
    default: async () => null,
    tokens: async (token: string) => {
      const consumer = await consumerOf(token).catch(() => undefined);
      return consumer ? consumerProfile(consumer) : null;
    },
  };
}
