import { createHash } from 'node:crypto';
import { FinanceError } from '../errors';
import type { DocumentKind, SourceReference } from './documents';

/** What a business key is made of; every document with a source has it. */
export interface Keyed {
  entity: string;
  kind: DocumentKind;
  source: SourceReference;
}

const refuse = (what: string): FinanceError =>
  new FinanceError('MAP_OUTPUT_INVALID', { message: `The document is not JSON: it holds ${what}.` });

function writeText(text: string): string {
  if (!text.isWellFormed()) throw refuse('half a surrogate pair');
  return JSON.stringify(text);
}

function writeNumber(value: number): string {
  if (!Number.isFinite(value)) throw refuse(String(value));
  return JSON.stringify(value);
}

function writeObject(value: object): string {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype)
    throw refuse(`a ${value.constructor?.name ?? 'class'}`);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  // RFC 8785, 3.2.3: by UTF-16 code units, which is what `<` compares
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${writeText(key)}:${canonicalJson(item)}`).join(',')}}`;
}

/**
 * RFC 8785 (JCS): one text for one JSON value. Members that are `undefined` are left out, as JSON.stringify does.
 * @throws FinanceError MAP_OUTPUT_INVALID on what JSON cannot hold
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return writeText(value);
  if (typeof value === 'number') return writeNumber(value);
  if (Array.isArray(value)) return `[${Array.from(value, (item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value === 'object') return writeObject(value);
  throw refuse(`a ${typeof value}`);
}

/** SHA-256 of a text in UTF-8, or of bytes, hex. */
export const sha256 = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('hex');

/** SHA-256 of the canonical JSON of any value, hex. */
export const hashOf = (value: unknown): string => sha256(canonicalJson(value));

/**
 * SHA-256 of the document's canonical JSON, hex. The metadata of the event that brought it is left out, so that two
 * events about one fact have one hash.
 */
export function documentHash<D extends { source?: SourceReference }>(document: D): string {
  if (!document.source) return hashOf(document);
  const { eventId: _id, eventType: _type, occurredAt: _at, ...source } = document.source;
  return hashOf({ ...document, source });
}

/**
 * {@link documentHash} of the fact alone: the posting codes of the entity's mapping are left out as well, so that the
 * same fact is a duplicate, and no conflict, after finance changed an account.
 */
export function contentHash<D extends { source?: SourceReference }>(document: D): string {
  const { posting: _posting, lines, ...fact } = document as D & { posting?: unknown; lines?: unknown };
  return documentHash(lines === undefined ? fact : { ...fact, lines: withoutPosting(lines) });
}

function withoutPosting(lines: unknown): unknown {
  if (!Array.isArray(lines)) return lines;
  return lines.map((line: unknown) => {
    if (typeof line !== 'object' || line === null || Array.isArray(line)) return line;
    const { posting: _posting, ...fact } = line as { posting?: unknown };
    return fact;
  });
}

const keyParts = ({ entity, kind, source }: Keyed): string[] => [
  entity,
  kind,
  source.system,
  source.id,
  ...(source.revision === undefined ? [] : [source.revision]),
];

/** `entity/kind/system/id[/revision]`, each part percent-encoded, so that no two facts share a key. */
export const businessKey = (document: Keyed): string => keyParts(document).map(escapePart).join('/');

function escapePart(part: string): string {
  if (!part.isWellFormed()) throw refuse('half a surrogate pair');
  return encodeURIComponent(part);
}

const PLAIN_PART = /^[a-z0-9]+(?:_[a-z0-9]+)*$/;
const HASH_PART = /^h[0-9a-f]{32}$/;
const LONGEST_READABLE = 120;

/**
 * The business key as an Odoo external id's name, `[a-z0-9_]+`: the parts joined by `__`. Where a part had to be
 * changed to fit (capitals, other characters, length), a hash of the business key makes it unique again.
 */
export function externalKey(document: Keyed): string {
  const parts = keyParts(document);
  const readable = parts.map((part) => part.toLowerCase().replace(/[^a-z0-9]+/g, '_')).join('__');
  const faithful = parts.every((part) => PLAIN_PART.test(part)) && !HASH_PART.test(parts.at(-1) ?? '');
  if (faithful && readable.length <= LONGEST_READABLE) return readable;
  return `${readable.slice(0, LONGEST_READABLE)}__h${sha256(businessKey(document)).slice(0, 32)}`;
}
