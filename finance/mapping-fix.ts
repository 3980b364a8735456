import { FinanceError } from '../errors';
import { canonicalJson } from './canonical';
import { checkMapping, type LookupTable, type MappingDocument, mappingHash } from './mapping';

/** An entry that a table of a mapping does not have, and that a document is held for. */
export interface MissingEntry {
  mapping: string;
  version: number;
  /** {@link mappingHash} of that version: a fix is a fix of exactly this one. */
  hash: string;
  table: string;
  /** What an entry of the table is called, e.g. `tax code`. */
  label: string;
  /** The code of the source that has no entry. */
  key: string;
  /** Values that the table gives for other codes, the most used first. */
  suggestions: unknown[];
}

/** A missing entry with the value that it is to get. */
export interface MappingFix {
  mapping: string;
  version: number;
  hash: string;
  table: string;
  key: string;
  value: unknown;
}

const MOST_SUGGESTIONS = 20;

/**
 * What is missing, where a document is held as MAP_UNMAPPED for a table of its mappings.
 * @param details of the exception: `{table, value, entity}`
 * @param mappings those in use, one version of each
 * @returns undefined where it is held for something that no table of these holds
 */
export function missingEntry(
  details: unknown,
  mappings: readonly MappingDocument[],
): MissingEntry | undefined {
  const { table, value: key, entity } = (details ?? {}) as Record<string, unknown>;
  if (typeof table !== 'string' || typeof key !== 'string' || typeof entity !== 'string') return undefined;
  const fitting = mappings.filter(
    (mapping) =>
      tableOf(mapping, table) && (mapping.entity ?? entity) === entity && hasNot(mapping, table, key),
  );
  // the entity's own mapping goes before the source's, as in a run
  const found = fitting.find((mapping) => mapping.entity === entity) ?? fitting[0];
  if (!found) return undefined;
  const { label, entries } = tableOf(found, table)!;
  const { mapping, version } = found;
  return { mapping, version, hash: mappingHash(found), table, label, key, suggestions: mostUsed(entries) };
}

function tableOf({ tables }: MappingDocument, name: string): LookupTable | undefined {
  return tables && Object.hasOwn(tables, name) ? tables[name] : undefined;
}

function hasNot(mapping: MappingDocument, table: string, key: string): boolean {
  return !Object.hasOwn(tableOf(mapping, table)!.entries, key);
}

function mostUsed(entries: Record<string, unknown>): unknown[] {
  const uses = new Map<string, { value: unknown; times: number }>();
  for (const value of Object.values(entries)) {
    const text = canonicalJson(value);
    const known = uses.get(text);
    if (known) known.times++;
    else uses.set(text, { value, times: 1 });
  }
  const byUse = [...uses.values()].toSorted((a, b) => b.times - a.times);
  return byUse.slice(0, MOST_SUGGESTIONS).map(({ value }) => value);
}

/**
 * The next version of a mapping, with an entry more and two names on it.
 * @param known all versions of all mappings, drafts included: the new number is above each of its name
 * @throws FinanceError DECISION_VOID where the version that was looked at is not the one in use any more,
 * DECISION_SECOND_PERSON where both names are one, CONFIG_INVALID where the value is none of the table's kind, or a
 * later version waits for its first day
 */
export function fixedMapping(
  base: MappingDocument,
  fix: MappingFix,
  { author, approvedBy }: { author: string; approvedBy: string },
  known: readonly MappingDocument[],
): MappingDocument {
  assertBase(base, fix, known);
  if (author.trim().toLowerCase() === approvedBy.trim().toLowerCase())
    throw new FinanceError('DECISION_SECOND_PERSON', {
      message: `${author} proposed this and cannot approve it.`,
    });
  const table = tableOf(base, fix.table);
  if (!table) throw invalid(base, `it has no table "${fix.table}"`);
  assertValue(base, table, fix);
  const own = known.filter(({ mapping }) => mapping === base.mapping);
  const version = Math.max(base.version, ...own.map((mapping) => mapping.version)) + 1;
  const entries = { ...table.entries, [fix.key]: fix.value };
  const tables = { ...base.tables, [fix.table]: { ...table, entries } };
  return checkMapping({ ...base, author, approvedBy, version, status: 'approved', tables });
}

function assertBase(base: MappingDocument, fix: MappingFix, known: readonly MappingDocument[]): void {
  if (base.mapping !== fix.mapping || mappingHash(base) !== fix.hash)
    throw new FinanceError('DECISION_VOID', {
      message: `Version ${fix.version} of mapping "${fix.mapping}" is not the one in use any more.`,
    });
  const later = known.find(
    ({ mapping, version, status }) =>
      mapping === base.mapping && status === 'approved' && version > base.version,
  );
  if (later) throw invalid(base, `version ${later.version} waits for its first day: change both by hand`);
}

/** A value must look like the others: the expressions of the mapping read its members. */
function assertValue(
  base: MappingDocument,
  { entries }: LookupTable,
  { table, key, value }: MappingFix,
): void {
  if (Object.hasOwn(entries, key)) throw invalid(base, `table "${table}" has an entry for this code already`);
  const others = Object.values(entries);
  if (others.length === 0 || others.some((other) => isAlike(other, value))) return;
  throw invalid(base, `the value is not like the others of table "${table}"`);
}

function isAlike(a: unknown, b: unknown): boolean {
  if (kindOf(a) !== kindOf(b)) return false;
  if (kindOf(a) !== 'object') return true;
  const [one, other] = [a as object, b as Record<string, unknown>];
  return (
    Object.keys(one).toSorted().join('\n') === Object.keys(other).toSorted().join('\n') &&
    Object.entries(one).every(([name, member]) => kindOf(member) === kindOf(other[name]))
  );
}

const kindOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;

function invalid({ mapping }: MappingDocument, why: string): FinanceError {
  return new FinanceError('CONFIG_INVALID', {
    message: `Mapping "${mapping}" cannot be put right so: ${why}.`,
  });
}
