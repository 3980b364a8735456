const last = new Map<string, Promise<unknown>>();

/** Does work on one object after what this process does on it already. */
export async function inTurn<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
  const before = last.get(key) ?? Promise.resolve();
  const mine = before.then(work, work);
  last.set(key, mine);
  try {
    return await mine;
  } finally {
    if (last.get(key) === mine) last.delete(key);
  }
}

/** {@link inTurn} for work on several objects; whoever else works on some of them asks for them in the same order. */
export function inTurns<Result>(keys: readonly string[], work: () => Promise<Result>): Promise<Result> {
  const sorted = [...new Set(keys)].sort();
  return sorted.reduceRight<() => Promise<Result>>((inner, key) => () => inTurn(key, inner), work)();
}
