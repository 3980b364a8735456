import { foundation } from './001-foundation';

/** Numbered migrations, applied in order and never edited once released. */
export const MIGRATIONS: readonly { version: number; sql: string }[] = [{ version: 1, sql: foundation }];

export const SCHEMA_VERSION = MIGRATIONS[MIGRATIONS.length - 1]!.version;
