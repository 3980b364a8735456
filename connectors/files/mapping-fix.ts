import { canonicalJson } from '../../finance/canonical';
import type { Day } from '../../finance/documents';
import type { MappingDocument } from '../../finance/mapping';
import { fixedMapping, type MappingFix } from '../../finance/mapping-fix';
import type { MappingFolder } from './mapping-folder';

/**
 * Writes the next version of a mapping, with an entry more, into its folder. Done a second time (after a crash) it
 * finds what it wrote.
 * @param day on which the version that the fix is for is in use
 * @throws FinanceError MAP_NOT_FOUND and those of {@link fixedMapping} and of writing
 */
export function applyFix(
  folder: MappingFolder,
  fix: MappingFix,
  people: { author: string; approvedBy: string },
  day: Day,
): MappingDocument {
  const known = folder.list();
  const done = known.find((mapping) => has(mapping, fix, people));
  if (done) return done;
  const next = fixedMapping(folder.latest(fix.mapping, day), fix, people, known);
  folder.add(next);
  return next;
}

/** Whether a mapping is this very fix, written before. */
function has(
  { mapping, version, status, author, approvedBy, tables }: MappingDocument,
  fix: MappingFix,
  people: { author: string; approvedBy: string },
): boolean {
  if (mapping !== fix.mapping || version <= fix.version || status !== 'approved') return false;
  if (author !== people.author || approvedBy !== people.approvedBy) return false;
  const entries = tables?.[fix.table]?.entries ?? {};
  return Object.hasOwn(entries, fix.key) && canonicalJson(entries[fix.key]) === canonicalJson(fix.value);
}
