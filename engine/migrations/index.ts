import { foundation } from './001-foundation';
import { targets } from './002-targets';
import { people } from './003-console';
import { declarations } from './004-declarations';
import { consoleIndexes } from './005-console-indexes';

/** Numbered migrations, applied in order and never edited once released. */
export const MIGRATIONS: readonly { version: number; sql: string }[] = [
  { version: 1, sql: foundation },
  { version: 2, sql: targets },
  { version: 3, sql: people },
  { version: 4, sql: declarations },
  { version: 5, sql: consoleIndexes },
];

export const SCHEMA_VERSION = MIGRATIONS[MIGRATIONS.length - 1]!.version;
