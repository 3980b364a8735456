const LARGEST = 20_000;

/** Results by key for a while. Callers that come while a result is fetched share it; a failure is not kept. */
export class Cache {
  readonly #entries = new Map<string, { value: Promise<unknown>; until: number }>();
  readonly #ttlMs: number;
  readonly #now: () => number;

  constructor(ttlMs: number, now: () => number = Date.now) {
    this.#ttlMs = ttlMs;
    this.#now = now;
  }

  /** @param ttlMs where it is another than the cache's own */
  get<T>(key: string, fetch: () => Promise<T>, ttlMs = this.#ttlMs): Promise<T> {
    const entry = this.#entries.get(key);
    if (entry && entry.until > this.#now()) return entry.value as Promise<T>;
    if (this.#entries.size >= LARGEST) this.#entries.clear();
    const value = fetch();
    const fresh = { value, until: this.#now() + ttlMs };
    this.#entries.set(key, fresh);
    value.catch(() => {
      if (this.#entries.get(key) === fresh) this.#entries.delete(key);
    });
    return value;
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  /** Forgets all whose keys begin so; by default everything. */
  clear(prefix = ''): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }
}
