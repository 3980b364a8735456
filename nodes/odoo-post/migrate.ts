import { migrate as migrateKit } from '../kit/migrate';

export type Mode = 'post' | 'dryRun' | 'shadow';

/** The configuration as version 2 has it: the check box of a dry run became one mode of three. */
export function migrate<Config extends { version?: number; mode?: Mode; dryRun?: boolean }>(
  given: Config,
): Config & { version: number; mode: Mode } {
  const config = migrateKit(given);
  return Object.assign(config, { version: 2, mode: config.mode ?? (config.dryRun ? 'dryRun' : 'post') });
}
