/**
 * The seed of a random test: the one in the environment, else a new one each time; in CI a fixed one, so that a gate
 * says the same of the same commit. Every test prints its seed.
 */
export function seedOf(variable: string): number {
  const given = process.env[variable];
  if (given) return Number(given);
  return process.env.CI ? 348_004 : Math.floor(Math.random() * 1_000_000);
}
