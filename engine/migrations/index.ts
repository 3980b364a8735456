import { foundation } from './001-foundation';
import { targets } from './002-targets';

/** Numbered migrations, applied in order and never edited once released. */
export const MIGRATIONS: readonly { version: number; sql: string }[] = [
  { version: 1, sql: foundation },
  { version: 2, sql: targets },
];

export const SCHEMA_VERSION = MIGRATIONS[MIGRATIONS.length - 1]!.version;
