/**
 * The configuration as this version of the node understands it. A configuration without a version is of the first
 * one, or was written by hand.
 */
export function migrate<Config extends { version?: number }>(config: Config): Config & { version: number } {
  return { ...config, version: config.version ?? 1 };
}
