import { hash, randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const CHANCE_BYTES = 13;

/** Chance in stock: one call for many ids. */
let chances: Buffer = Buffer.alloc(0);

function chanceBytes(): Buffer {
  if (chances.length < CHANCE_BYTES) chances = randomBytes(CHANCE_BYTES * 256);
  const taken = chances.subarray(0, CHANCE_BYTES);
  chances = chances.subarray(CHANCE_BYTES);
  return taken;
}

/** Document, step, exception, body, comment, tag, proposal, job, consumer. */
type IdPrefix = 'doc' | 'stp' | 'exc' | 'bod' | 'com' | 'tag' | 'prp' | 'job' | 'con';

/** A sortable id: `<prefix>_`, 9 characters of time, 13 of chance (Crockford base 32). */
export function newId(prefix: IdPrefix, now: number): string {
  let time = '';
  for (let rest = now, place = 0; place < 9; place++) {
    time = ALPHABET[rest % 32]! + time;
    rest = Math.floor(rest / 32);
  }
  let chance = '';
  for (const byte of chanceBytes()) chance += ALPHABET[byte & 31];
  return `${prefix}_${time}${chance}`;
}

/** SHA-256 in hex. */
export function sha256(content: string | Uint8Array): string {
  return hash('sha256', content);
}

/** JSON with sorted keys: one text for one value. For hashes of requests; documents use RFC 8785 in finance. */
export function stableJson(value: unknown): string {
  return JSON.stringify(value, (_key, seen: unknown) =>
    seen !== null && typeof seen === 'object' && !Array.isArray(seen)
      ? Object.fromEntries(Object.entries(seen).sort(([a], [b]) => (a < b ? -1 : 1)))
      : seen,
  );
}
