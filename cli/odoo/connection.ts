import { connectOdoo, type OdooClient, type OdooOptions } from '../../connectors/odoo';
import { FinanceError } from '../../errors';
import { configOf, connectionNamed, type OdooConnection, odooConnections } from '../../runtime';
import { COMMON } from '../arguments';

/** Options that say which Odoo is meant. */
export const PLACE = {
  ...COMMON,
  url: { type: 'string' },
  db: { type: 'string' },
  user: { type: 'string' },
  admin: { type: 'string' },
} as const;

interface Place {
  data?: string;
  url?: string;
  db?: string;
  user?: string;
  admin?: string;
}

const KEY = 'LEDGERWAY_ODOO_KEY';
const ADMIN_KEY = 'LEDGERWAY_ODOO_ADMIN_KEY';

/**
 * The connection of that name or id in the flows of the data folder; with `--url`, one that is in no flow.
 * @throws CONFIG_INVALID where it is neither
 */
export function connectionOf(wanted: string | undefined, place: Place): OdooConnection {
  const { url, db, user } = place;
  if (url !== undefined) return directly({ url, db, user });
  const connections = odooConnections(configOf(place).dataDir);
  const only = connections.length === 1 ? connections[0]!.id : undefined;
  return connectionNamed(connections, wanted ?? only ?? '');
}

function directly({ url, db, user }: { url: string; db?: string; user?: string }): OdooConnection {
  if (!db || !user)
    throw new FinanceError('CONFIG_INVALID', { message: 'With --url, --db and --user are needed too.' });
  const options = (): OdooOptions => ({ url, database: db, login: user, secret: secretOf(KEY) });
  return { id: '', name: url, prefix: '', use: { kinds: [] }, options };
}

/**
 * The same Odoo with an administrator's login: `--admin LOGIN` and LEDGERWAY_ODOO_ADMIN_KEY (password or API key).
 * @throws CONFIG_INVALID, CONFIG_SECRET_MISSING
 */
export function administrator(connection: OdooConnection, { admin }: Place): OdooClient {
  if (!admin)
    throw new FinanceError('CONFIG_INVALID', {
      message: `An administrator has to do this: say --admin LOGIN, and set ${ADMIN_KEY}.`,
    });
  const given = connection.options();
  // JSON-2 takes no password; a person has one
  const protocol = given.protocol === 'xmlrpc' ? 'xmlrpc' : 'jsonrpc';
  return connectOdoo({ ...given, login: admin, secret: secretOf(ADMIN_KEY), protocol });
}

function secretOf(variable: string): () => string {
  const secret = process.env[variable] ?? '';
  if (!secret)
    throw new FinanceError('CONFIG_SECRET_MISSING', {
      message: `The environment variable ${variable} is not set.`,
    });
  return () => secret;
}
