import { FinanceError } from '../errors';
import { millisOf } from './calendar';
import { hashOf } from './canonical';
import type { CanonicalDocument, Day } from './documents';
import { Budget, compileExpression, type Limits, type Scope, widen } from './expression';
import { checkInvoice } from './invoice';
import { scopeFor } from './mapping-functions';
import { compileTree, compileVariables } from './mapping-tree';
import { inputCheck, type JsonSchema, validateDocument, validateMapping } from './validate';

/** Codes of the source → what they mean; `$lookup('name', code)` in an expression. */
export interface LookupTable {
  /** What an entry is called in an exception: `tax code` → "map tax code txr_1 for entity acme_de". */
  label: string;
  entries: Record<string, unknown>;
  /** Given for every value without an entry; without a default such a value is held as MAP_UNMAPPED. */
  default?: unknown;
}

/** A versioned, approved set of rules from one shape of document to another. Plain JSON, hashed, promoted in bundles. */
export interface MappingDocument {
  /** Its name. */
  mapping: string;
  version: number;
  description?: string;
  /** The one legal entity it is for. */
  entity?: string;
  status: 'draft' | 'approved';
  author: string;
  /** Another person than the author. */
  approvedBy?: string;
  /** First day on which it may be used. */
  validFrom?: Day;
  /** What it takes. */
  input: JsonSchema;
  /** Expression: does this mapping want this input? */
  select?: string;
  /** Expressions or trees whose results are variables in all that follows, in order. */
  variables?: Parameters<typeof compileVariables>[0];
  /** See {@link compileTree}. */
  output: { [key: string]: unknown } | string;
  tables?: Record<string, LookupTable>;
}

/** What binds time, chance and place of a mapping run to its document. */
export interface MappingContext {
  documentId: string;
  /** RFC 3339; what `$now()` says. */
  receivedAt: string;
  /** Key of the legal entity. */
  entity: string;
  /** IANA name of the entity's time zone. */
  timeZone: string;
}

/** Which mapping made a document; kept with the next write. */
export interface UsedMapping {
  name: string;
  version: number;
  /** {@link mappingHash} */
  hash: string;
}

export interface Mapped {
  document: CanonicalDocument;
  used: UsedMapping[];
}

interface Compiled {
  used: UsedMapping;
  check: (input: unknown) => void;
  select?: (input: unknown, scope: Scope, budget: Budget) => Promise<unknown>;
  variables: (input: unknown, scope: Scope, budget: Budget) => Promise<Scope>;
  output: (input: unknown, scope: Scope, budget: Budget) => Promise<unknown>;
}

/** SHA-256 of the mapping's canonical JSON, hex: what was approved is what runs. */
export const mappingHash = (mapping: MappingDocument): string => hashOf(mapping);

const nameOf = ({ mapping, version }: MappingDocument): string => `mapping ${mapping} version ${version}`;

const compiledMappings = new Map<string, Compiled>();
const MOST_COMPILED = 200;

/** Compiled once for each content; the eldest goes when there are too many. */
function compile(mapping: MappingDocument): Compiled {
  const hash = mappingHash(mapping);
  const known = compiledMappings.get(hash);
  if (known) return known;
  validateMapping(mapping);
  const made: Compiled = {
    used: { name: mapping.mapping, version: mapping.version, hash },
    check: inputCheck(mapping.input, nameOf(mapping)),
    select: mapping.select ? compileExpression(mapping.select.slice(1), '/select') : undefined,
    variables: compileVariables(mapping.variables ?? {}, '/variables'),
    output: compileTree(mapping.output as Parameters<typeof compileTree>[0], '/output'),
  };
  if (compiledMappings.size >= MOST_COMPILED) compiledMappings.delete([...compiledMappings.keys()][0]!);
  compiledMappings.set(hash, made);
  return made;
}

/**
 * Checks a mapping whole: its schema, its input schema, every expression, and that its approver is not its author.
 * @throws FinanceError CONFIG_INVALID, MAP_EXPRESSION (syntax)
 */
export function checkMapping(mapping: unknown): MappingDocument {
  const checked = validateMapping(mapping);
  compile(checked);
  if (checked.status === 'approved') assertApproval(checked);
  return checked;
}

function assertApproval(mapping: MappingDocument): void {
  const { author, approvedBy } = mapping;
  const why = !approvedBy
    ? 'names no approver'
    : approvedBy === author
      ? `was approved by its own author, ${author}`
      : undefined;
  if (why) throw new FinanceError('CONFIG_INVALID', { message: `The ${nameOf(mapping)} ${why}.` });
}

function assertUsable(mapping: MappingDocument, { entity }: MappingContext): void {
  if (mapping.status !== 'approved')
    throw new FinanceError('MAP_NOT_FOUND', { message: `The ${nameOf(mapping)} is not approved.` });
  assertApproval(mapping);
  if (mapping.entity !== undefined && mapping.entity !== entity)
    throw new FinanceError('CONFIG_INVALID', {
      message: `The ${nameOf(mapping)} is for entity ${mapping.entity}, not ${entity}.`,
    });
}

/**
 * The highest approved version of a mapping that is valid on a day.
 * @throws FinanceError MAP_NOT_FOUND
 */
export function pickMapping(mappings: readonly MappingDocument[], name: string, day: Day): MappingDocument {
  const [best] = mappings
    .filter((each) => each.mapping === name && each.status === 'approved' && (each.validFrom ?? '') <= day)
    .toSorted((a, b) => b.version - a.version);
  if (best) return best;
  throw new FinanceError('MAP_NOT_FOUND', {
    message: `There is no approved mapping "${name}" that is valid on ${day}.`,
  });
}

/** Tables of all stages in one: a later mapping (the entity's) goes before an earlier one (the source's). */
const tablesOf = (mappings: readonly MappingDocument[]): Map<string, LookupTable> =>
  new Map(mappings.flatMap((mapping) => Object.entries(mapping.tables ?? {})));

/**
 * Does the mapping want this input? True without a `select`; an input that its schema refuses is not wanted.
 * @throws FinanceError MAP_EXPRESSION
 */
export async function selects(
  mapping: MappingDocument,
  input: unknown,
  context: MappingContext,
): Promise<boolean> {
  const { select } = compile(mapping);
  if (!select) return true;
  return (
    (await select(
      input,
      scopeFor(context, tablesOf([mapping])),
      new Budget(millisOf(context.receivedAt)),
    )) === true
  );
}

function checkDocument(
  document: unknown,
  mapping: MappingDocument,
  { entity }: MappingContext,
): CanonicalDocument {
  const valid = validateDocument(document);
  if ('kind' in valid && valid.entity !== entity)
    throw new FinanceError('MAP_OUTPUT_INVALID', {
      message: `The ${nameOf(mapping)} gives a document of entity ${valid.entity}, not ${entity}.`,
    });
  if ('kind' in valid && valid.schema === 'invoice/1') checkInvoice(valid);
  return valid;
}

/**
 * Runs a document through its mappings, one after the other: source shape → canonical document → the entity's
 * accounts, taxes, journals and dimensions. After each stage the document is checked against its schema and its own
 * arithmetic. Equal input, mappings and context always give the equal document.
 * @throws FinanceError MAP_NOT_FOUND (draft), CONFIG_INVALID, MAP_INPUT_INVALID, MAP_EXPRESSION, MAP_UNMAPPED,
 * MAP_OUTPUT_INVALID, DOCUMENT_UNBALANCED, DOCUMENT_PRECISION, DOCUMENT_CURRENCY_UNKNOWN
 */
export async function mapDocument(
  input: unknown,
  mappings: readonly [MappingDocument, ...MappingDocument[]],
  context: MappingContext,
  limits?: Limits,
): Promise<Mapped> {
  const budget = new Budget(millisOf(context.receivedAt), limits);
  const scope = scopeFor(context, tablesOf(mappings));
  const used: UsedMapping[] = [];
  let document = input;
  for (const mapping of mappings) {
    assertUsable(mapping, context);
    const stage = compile(mapping);
    stage.check(document);
    const wider = await stage.variables(document, widen(scope, { document }), budget);
    document = checkDocument(await stage.output(document, wider, budget), mapping, context);
    used.push(stage.used);
  }
  return { document: document as CanonicalDocument, used };
}
