/** Shorter values would hit ordinary words. */
const SHORTEST = 6;
const HIDDEN = '[secret]';
const known = new Set<string>();

/** Makes a value one that never reaches a log, a step record or an exception. Short and empty ones are left out. */
export function knowSecret(value: string | undefined): void {
  if (value && value.length >= SHORTEST) known.add(value);
}

/** The text without any known secret. */
export function scrubText(text: string): string {
  let clean = text;
  for (const secret of known) if (clean.includes(secret)) clean = clean.replaceAll(secret, HIDDEN);
  return clean;
}

/** A JSON value without any known secret; the same object where there is none in it. */
export function scrub<Value>(value: Value): Value {
  if (known.size === 0 || value === undefined) return value;
  const text = JSON.stringify(value);
  for (const secret of known) {
    const escaped = JSON.stringify(secret).slice(1, -1);
    if (text.includes(escaped)) return scrubDeep(value) as Value;
  }
  return value;
}

function scrubDeep(value: unknown): unknown {
  if (typeof value === 'string') return scrubText(value);
  if (Array.isArray(value)) return value.map(scrubDeep);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, scrubDeep(member)]));
}
