/**
 * The configuration as this version of the node understands it. A configuration without a version is of the first
 * one, or was written by hand. It stays a configuration of Node-RED's: members that are not enumerable (`_flow`)
 * are kept.
 */
export function migrate<Config extends { version?: number }>(config: Config): Config & { version: number } {
  const migrated = Object.create(
    Object.getPrototypeOf(config),
    Object.getOwnPropertyDescriptors(config),
  ) as Config;
  return Object.assign(migrated, { version: config.version ?? 1 });
}
