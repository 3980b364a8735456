import type { DocumentRow, Stake } from '../engine';
import { FinanceError, isFinanceError } from '../errors';
import {
  headlineOf,
  inputCheck,
  type MappingDocument,
  mapDocument,
  mappingHash,
  pickMapping,
  type UsedMapping,
  validateDocument,
} from '../finance';
import type { MappingDesk } from './api/services';

/** An amount that nobody knows: it counts as above every limit. */
const UNKNOWN: Stake = { amount: null, currency: null };

/** The mappings in use for an entity today, one version of each. */
export function mappingsInUse(desk: MappingDesk, entity: string): MappingDocument[] {
  const all = desk.list();
  const day = desk.today(entity);
  const names = new Set(all.map(({ mapping }) => mapping));
  return [...names].flatMap((name) => {
    try {
      const picked = pickMapping(all, name, day);
      return (picked.entity ?? entity) === entity ? [picked] : [];
    } catch {
      return []; // drafts only, or not valid yet
    }
  });
}

/** The versions in use of the named mappings. */
export function versionsInUse(desk: MappingDesk, entity: string, names: readonly string[]): UsedMapping[] {
  return mappingsInUse(desk, entity)
    .filter(({ mapping }) => names.includes(mapping))
    .map((mapping) => ({ name: mapping.mapping, version: mapping.version, hash: mappingHash(mapping) }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The versions that a retry of a document with the latest mapping would use; none where it was never mapped. */
export function latestOf(
  desk: MappingDesk,
  { entity, mapping }: Pick<DocumentRow, 'entity' | 'mapping'>,
): UsedMapping[] {
  const used = mapping === null ? [] : (JSON.parse(mapping) as UsedMapping[]);
  return versionsInUse(
    desk,
    entity,
    used.map(({ name }) => name),
  );
}

/**
 * Checks a corrected source body as the document's mapping would take it.
 * @returns what the document would amount to; unknown where it cannot be mapped yet
 * @throws MAP_INPUT_INVALID where no mapping would take it
 */
export async function checkCorrection(desk: MappingDesk, row: DocumentRow, body: unknown): Promise<Stake> {
  const used = row.mapping === null ? [] : (JSON.parse(row.mapping) as UsedMapping[]);
  const stages = used.flatMap((version) => versionOf(desk, row.entity, version) ?? []);
  const [first] = stages;
  if (!first || stages.length < used.length) {
    assertTaken(mappingsInUse(desk, row.entity), body);
    return UNKNOWN;
  }
  inputCheck(first.input, `mapping ${first.mapping}`)(body);
  try {
    const { document } = await mapDocument(body, [first, ...stages.slice(1)], {
      documentId: row.id,
      receivedAt: new Date(Number(row.received_at)).toISOString(),
      entity: row.entity,
      timeZone: desk.timeZone(row.entity),
    });
    const { amount = null, currency = null } = headlineOf(document);
    return { amount, currency };
  } catch (error) {
    if (isFinanceError(error) && error.code === 'MAP_INPUT_INVALID') throw error;
    return UNKNOWN;
  }
}

function versionOf(desk: MappingDesk, entity: string, used: UsedMapping): MappingDocument | undefined {
  return (
    desk.list().find((mapping) => mappingHash(mapping) === used.hash) ??
    mappingsInUse(desk, entity).find(({ mapping }) => mapping === used.name)
  );
}

/** Some mapping takes it, or it needs none. */
function assertTaken(mappings: readonly MappingDocument[], body: unknown): void {
  let refused: unknown;
  for (const { input, mapping } of mappings)
    try {
      inputCheck(input, `mapping ${mapping}`)(body);
      return;
    } catch (error) {
      refused ??= error;
    }
  try {
    validateDocument(body, 'MAP_INPUT_INVALID');
  } catch (error) {
    throw refused ?? error;
  }
}

/** @throws MAP_INPUT_INVALID where the source is not JSON, or the correction is none */
export function correctedText(mediaType: string, body: unknown): string {
  if (!/[/+]json\b/i.test(mediaType))
    throw new FinanceError('MAP_INPUT_INVALID', {
      message: `The source is ${mediaType || 'of no known type'}: only JSON can be corrected here.`,
      hint: 'Reject the document and let a corrected one come from the source.',
    });
  if (typeof body === 'object' && body !== null) return JSON.stringify(body);
  throw new FinanceError('MAP_INPUT_INVALID', { message: 'The corrected data is not a JSON object.' });
}
