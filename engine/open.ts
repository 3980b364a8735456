import { FinanceError } from '../errors';
import type { StoreSettings } from './model';
import { openPostgresStore } from './postgres/store';
import { openSqliteStore } from './sqlite/store';
import type { Store } from './store';

export interface OpenStoreOptions {
  /** `postgres://…`; without it the store is the file. */
  url?: string;
  /** Path of a SQLite file. */
  file?: string;
  name?: string;
  settings?: Partial<StoreSettings>;
  readOnly?: boolean;
  /** Connections to Postgres. */
  poolSize?: number;
}

/**
 * Opens the store that the configuration names.
 * @throws CONFIG_INVALID where it names none, and what {@link openSqliteStore} and {@link openPostgresStore} throw
 */
export async function openStore({ url, file, poolSize, ...options }: OpenStoreOptions): Promise<Store> {
  if (url && /^postgres(ql)?:\/\//.test(url)) return await openPostgresStore({ url, poolSize, ...options });
  if (url)
    throw new FinanceError('CONFIG_INVALID', { message: 'The URL of a store begins with postgres://.' });
  if (file) return await openSqliteStore({ file, ...options });
  throw new FinanceError('CONFIG_INVALID', { message: 'A store is a file or a postgres:// URL.' });
}
