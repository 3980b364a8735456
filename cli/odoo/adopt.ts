import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import {
  bindCompared,
  connectOdoo,
  isBound,
  type OdooClient,
  type PostableDocument,
  posterNameOf,
  type ShadowComparison,
  shadow,
} from '../../connectors/odoo';
import { FinanceError, isFinanceError } from '../../errors';
import { type DocumentKind, externalKey, type LegalEntity, validateDocument } from '../../finance';
import { configOf, deployedEntity, storeOf } from '../../runtime';
import { readOptions } from '../arguments';
import { administrator, connectionOf, PLACE } from './connection';

/** `bindable`: it would be bound with `--apply`. */
type Outcome = 'bound' | 'bindable' | 'already' | 'different' | 'missing' | 'ambiguous' | 'refused';

/** What became of a document. */
interface Line extends Pick<ShadowComparison, 'recordId' | 'name' | 'candidates'> {
  kind: string;
  sourceId: string;
  outcome: Outcome;
  differences?: ShadowComparison['differences'];
  /** Why it could not be compared. */
  error?: { code: string; message: string };
}

const USAGE =
  'Say: ledgerway odoo adopt CONNECTION --entity KEY --file DOCUMENTS.jsonl | --from-store [--ignore FIELDS] [--apply --admin LOGIN]';
const PAGE = 200;
const WELL = new Set<Outcome>(['bound', 'bindable', 'already']);

/**
 * `ledgerway odoo adopt`: binds records that an earlier connector posted to the external keys of their documents, each
 * after comparing the two, so that a backfill posts none a second time. Without `--apply` nothing is written. Exit code
 * 0 only where every document has its record.
 */
export async function adopt(args: string[]): Promise<number> {
  const { values, positionals } = readOptions(args, {
    ...PLACE,
    entity: { type: 'string' },
    file: { type: 'string' },
    'from-store': { type: 'boolean' },
    apply: { type: 'boolean' },
    ignore: { type: 'string' },
  });
  const { entity: key, file, apply, json } = values;
  const fromStore = values['from-store'] === true;
  if (!key || (file === undefined) === !fromStore)
    throw new FinanceError('CONFIG_INVALID', { message: USAGE });
  const connection = connectionOf(positionals[0], values);
  // another prefix than that of the flows would bind keys that nobody asks for
  if (!connection.prefix)
    throw new FinanceError('CONFIG_INVALID', {
      message: 'Name a connection of the deployed flows: documents are bound under its external ids.',
    });
  const config = configOf(values);
  const entity = deployedEntity(config.dataDir, key);
  const admin = apply ? administrator(connection, values) : undefined;
  const client = connectOdoo(connection.options());
  const ignore = values.ignore?.split(',').map((field) => field.trim());
  const adoption = new Adoption(client, admin, { entity, prefix: connection.prefix, ignore });
  const lines: Line[] = [];
  try {
    for await (const document of fromStore ? inStore(config, key) : inFile(file!)) {
      const line = await adoption.adopt(document);
      lines.push(line);
      if (!json) console.log(lineInWords(line));
    }
  } finally {
    client.close();
    admin?.close();
  }
  const counts = countsOf(lines);
  if (json) console.log(JSON.stringify({ applied: apply === true, counts, documents: lines }));
  else console.log(`${JSON.stringify(counts)}${apply ? '' : ' – nothing was written; say --apply'}`);
  return lines.every(({ outcome }) => WELL.has(outcome)) ? 0 : 1;
}

class Adoption {
  constructor(
    private readonly client: OdooClient,
    /** Absent on a dry run. */
    private readonly admin: OdooClient | undefined,
    private readonly options: { entity: LegalEntity; prefix: string; ignore?: string[] },
  ) {}

  async adopt(document: PostableDocument): Promise<Line> {
    const { kind, source } = document;
    try {
      return { kind, sourceId: source.id, ...(await this.compare(document)) };
    } catch (error) {
      // what concerns this document alone is part of the result; an Odoo that does not answer ends the command
      if (!isFinanceError(error) || !['rejected', 'invalid', 'unmapped', 'conflict'].includes(error.kind))
        throw error;
      const { code, message } = error;
      return { kind, sourceId: source.id, outcome: 'refused', error: { code, message } };
    }
  }

  private async compare(document: PostableDocument): Promise<Omit<Line, 'kind' | 'sourceId'>> {
    const { entity } = this.options;
    if (document.entity !== entity.key)
      throw new FinanceError('MAP_OUTPUT_INVALID', { message: `It is of the entity ${document.entity}.` });
    const compared = await shadow(this.client, document, {
      ...this.options,
      externalKey: externalKey(document),
    });
    const { outcome, recordId, name, differences, candidates } = compared;
    if (outcome !== 'same') return { outcome, recordId, name, differences, candidates };
    if (await isBound(this.client, document, compared, entity.odooCompany))
      return { outcome: 'already', recordId, name };
    if (!this.admin) return { outcome: 'bindable', recordId, name };
    await bindCompared(this.client, this.admin, document, compared, entity.odooCompany);
    return { outcome: 'bound', recordId, name };
  }
}

/** Canonical documents, one JSON object a line. @throws CONFIG_INVALID naming the line that is none */
async function* inFile(file: string): AsyncGenerator<PostableDocument> {
  if (!existsSync(file)) throw new FinanceError('CONFIG_INVALID', { message: `There is no file ${file}.` });
  let number = 0;
  for await (const line of createInterface({
    input: createReadStream(file),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    number += 1;
    if (line.trim() === '') continue;
    yield postable(line, `line ${number} of ${file}`);
  }
}

/** The documents that the store has mapped and no pipeline has completed. */
async function* inStore(
  config: ReturnType<typeof configOf>,
  entity: string,
): AsyncGenerator<PostableDocument> {
  const store = await storeOf(config, true);
  try {
    for (let after = 0; ; ) {
      const page = await store.unpostedDocuments({ entity, after, limit: PAGE });
      for (const { id, kind, text } of page) if (isPostable(kind)) yield postable(text, `document ${id}`);
      if (page.length < PAGE) return;
      after = page.at(-1)!.seq;
    }
  } finally {
    await store.close();
  }
}

function isPostable(kind: string): boolean {
  try {
    posterNameOf({ kind: kind as DocumentKind });
    return true;
  } catch {
    return false;
  }
}

function postable(text: string, where: string): PostableDocument {
  try {
    const document = validateDocument(JSON.parse(text)) as PostableDocument;
    posterNameOf(document);
    return document;
  } catch (cause) {
    throw new FinanceError('CONFIG_INVALID', { message: `${where}: ${(cause as Error).message}`, cause });
  }
}

function countsOf(lines: readonly Line[]): Partial<Record<Outcome, number>> {
  const counts: Partial<Record<Outcome, number>> = {};
  for (const { outcome } of lines) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

function lineInWords({
  kind,
  sourceId,
  outcome,
  recordId,
  name,
  differences,
  candidates,
  error,
}: Line): string {
  const found = recordId === undefined ? '' : `  ${name ?? ''} (${recordId})`;
  const several = candidates?.map(({ id, name: candidate }) => `${candidate ?? ''} (${id})`).join(', ');
  const details = (differences ?? []).map(
    ({ field, expected, found: seen }) =>
      `\n    ${field}: document ${String(expected)}, Odoo ${String(seen)}`,
  );
  const why = error ? `  ${error.code}: ${error.message}` : '';
  return `${outcome}  ${kind} ${sourceId}${found}${several ? `  ${several}` : ''}${why}${details.join('')}`;
}
