import Ajv2020, { type ErrorObject, type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { type ErrorCode, FinanceError } from '../errors';
import type { CanonicalDocument, Invoice, Party } from './documents';
import type { LegalEntity } from './entity';
import type { MappingDocument } from './mapping';
import bankTransaction from './schemas/bank-transaction.json';
import common from './schemas/common.json';
import einvoiceSubmission from './schemas/einvoice-submission.json';
import invoice from './schemas/invoice.json';
import journalEntry from './schemas/journal-entry.json';
import legalEntity from './schemas/legal-entity.json';
import mapping from './schemas/mapping.json';
import party from './schemas/party.json';
import partyDocument from './schemas/party-document.json';
import payment from './schemas/payment.json';
import payout from './schemas/payout.json';
import product from './schemas/product.json';
import refund from './schemas/refund.json';
import taxDecision from './schemas/tax-decision.json';

/** A JSON Schema 2020-12. */
export type JsonSchema = boolean | { [keyword: string]: unknown };

/** One broken place: a JSON pointer (RFC 6901) and what is wrong there, in words and without the value. */
export interface Violation {
  pointer: string;
  message: string;
}

const MOST_SHOWN = 20;

const ajv = newAjv();
for (const schema of [
  common,
  party,
  partyDocument,
  product,
  invoice,
  payment,
  refund,
  payout,
  journalEntry,
  bankTransaction,
  taxDecision,
  einvoiceSubmission,
  legalEntity,
  mapping,
])
  ajv.addSchema(schema);

/** Canonical schemas by the `schema` member of the document. */
const DOCUMENT_SCHEMAS: Record<string, string> = {
  'invoice/1': 'invoice',
  'payment/1': 'payment',
  'refund/1': 'refund',
  'payout/1': 'payout',
  'journal_entry/1': 'journal-entry',
  'bank_transaction/1': 'bank-transaction',
  'party/1': 'party-document',
  'product/1': 'product',
  'tax_decision/1': 'tax-decision',
  'einvoice_submission/1': 'einvoice-submission',
};

function newAjv(): Ajv2020 {
  const made = new Ajv2020({
    allErrors: true,
    strict: true,
    strictRequired: false,
    strictTypes: false,
    verbose: true,
  });
  addFormats(made);
  return made;
}

function compiled(name: string): ValidateFunction {
  const validate = ajv.getSchema(`https://ledgerway.dev/schemas/${name}.json`);
  if (!validate) throw new FinanceError('CONFIG_INVALID', { message: `There is no schema named ${name}.` });
  return validate;
}

/** The title of the definition says what is wanted ("a day as YYYY-MM-DD"); ajv's own words are the fallback. */
function words(error: ErrorObject): string {
  const title = (error.parentSchema as { title?: unknown } | undefined)?.title;
  switch (error.keyword) {
    case 'required':
      return `"${error.params.missingProperty}" is missing`;
    case 'additionalProperties':
      return `"${String(error.params.additionalProperty).slice(0, 60)}" is not a known field`;
    case 'enum':
      return `must be one of ${(error.params.allowedValues as unknown[]).join(', ')}`;
    case 'const':
      return `must be "${error.params.allowedValue}"`;
    case 'pattern':
    case 'format':
    case 'type':
      if (typeof title === 'string' && title.startsWith('a')) return `must be ${title}`;
  }
  return error.message ?? 'is not valid';
}

/** What ajv found, in words; at most {@link MOST_SHOWN}, since a broken array repeats itself. */
export function violationsOf(validate: ValidateFunction): Violation[] {
  return (validate.errors ?? [])
    .slice(0, MOST_SHOWN)
    .map((error) => ({ pointer: error.instancePath || '/', message: words(error) }));
}

function failure(code: ErrorCode, what: string, violations: Violation[]): FinanceError {
  const listed = violations.slice(0, 3).map(({ pointer, message }) => `${pointer} ${message}`);
  const rest = violations.length > 3 ? ` (and ${violations.length - 3} more)` : '';
  return new FinanceError(code, {
    message: `The ${what} is not valid: ${listed.join('; ')}${rest}.`,
    details: { violations },
  });
}

function hold(name: string, value: unknown, code: ErrorCode, what = name): void {
  const validate = compiled(name);
  if (!validate(value)) throw failure(code, what, violationsOf(validate));
}

/**
 * Holds a value to the canonical schema that its `schema` member names.
 * @param code MAP_OUTPUT_INVALID for what a mapping made (the default), MAP_INPUT_INVALID for what came from outside
 * @throws FinanceError with `details.violations`, JSON pointers and words
 */
export function validateDocument(value: unknown, code: ErrorCode = 'MAP_OUTPUT_INVALID'): CanonicalDocument {
  const named =
    typeof value === 'object' && value !== null ? (value as { schema?: unknown }).schema : undefined;
  const schema =
    typeof named === 'string' && Object.hasOwn(DOCUMENT_SCHEMAS, named) ? DOCUMENT_SCHEMAS[named] : undefined;
  if (!schema)
    throw failure(code, 'document', [
      { pointer: '/schema', message: `must be one of ${Object.keys(DOCUMENT_SCHEMAS).join(', ')}` },
    ]);
  hold(schema, value, code, schema.replace('-', ' '));
  return value as CanonicalDocument;
}

/** @throws FinanceError MAP_OUTPUT_INVALID, or the code given */
export function validateInvoice(value: unknown, code: ErrorCode = 'MAP_OUTPUT_INVALID'): Invoice {
  hold('invoice', value, code);
  return value as Invoice;
}

/** @throws FinanceError MAP_OUTPUT_INVALID, or the code given */
export function validateParty(value: unknown, code: ErrorCode = 'MAP_OUTPUT_INVALID'): Party {
  hold('party', value, code);
  return value as Party;
}

/** @throws FinanceError CONFIG_INVALID; the time zone is checked too */
export function validateLegalEntity(value: unknown): LegalEntity {
  hold('legal-entity', value, 'CONFIG_INVALID', 'legal entity');
  const entity = value as LegalEntity;
  if (!isTimeZone(entity.timeZone))
    throw failure('CONFIG_INVALID', 'legal entity', [
      { pointer: '/timeZone', message: 'must be an IANA time zone' },
    ]);
  return entity;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** @throws FinanceError CONFIG_INVALID */
export function validateMapping(value: unknown): MappingDocument {
  hold('mapping', value, 'CONFIG_INVALID');
  return value as MappingDocument;
}

/**
 * Compiles the input schema of a mapping; the returned function throws MAP_INPUT_INVALID.
 * @throws FinanceError CONFIG_INVALID when the schema itself is not valid
 */
export function inputCheck(schema: JsonSchema, what: string): (input: unknown) => void {
  let validate: ValidateFunction;
  try {
    validate = newAjv().compile(schema);
  } catch (cause) {
    throw new FinanceError('CONFIG_INVALID', {
      message: `The input schema of ${what} is not valid: ${(cause as Error).message}`,
      cause,
    });
  }
  return (input) => {
    if (!validate(input)) throw failure('MAP_INPUT_INVALID', `input of ${what}`, violationsOf(validate));
  };
}
