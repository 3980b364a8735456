import Ajv from 'ajv';
import { FinanceError } from '../../errors';
import { hashOf } from '../../finance/canonical';
import type { TaxCategory, TaxDecision } from '../../finance/documents';
import { equals, isDecimal, sub, sum } from '../../finance/money';
import type { TaxCall } from './engine';

/** What is asked of an HTTP tax service: the parties' places and the net lines, nothing more of the customer. */
export interface WireRequest {
  type: 'sale' | 'return';
  date: string;
  currency: string;
  rounding: 'line' | 'total';
  seller?: { country: string; subdivision?: string; vatId?: string };
  buyer: {
    id?: string;
    country: string;
    subdivision?: string;
    postalCode?: string;
    city?: string;
    vatId?: string;
  };
  lines: {
    id: string;
    amount: string;
    quantity: string;
    category: TaxCategory;
    rate: string;
    taxCode?: string;
  }[];
}

/** A record or a quote, as the service answers it. */
export interface WireAnswer {
  code: string | null;
  status: 'quoted' | 'committed' | 'adjusted' | 'voided';
  engineVersion: string;
  decidedAt: string;
  /** The hash that we gave with the question. */
  reference: string;
  currency: string;
  lines: TaxDecision['lines'];
  flags: TaxDecision['flags'];
  withholding?: NonNullable<TaxDecision['withholding']>;
  totalTax: string;
}

const PHASES = { quoted: 'quote', committed: 'commit', adjusted: 'adjust', voided: 'void' } as const;

const text = { type: 'string', minLength: 1, maxLength: 500 };
const decimal = { type: 'string', format: 'decimal' };
const flag = { type: 'boolean' };
const ajv = new Ajv({ allowUnionTypes: true, removeAdditional: true });
ajv.addFormat('decimal', { type: 'string', validate: isDecimal });
ajv.addFormat('instant', { type: 'string', validate: (value: string) => !Number.isNaN(Date.parse(value)) });
const isAnswer = ajv.compile<WireAnswer>({
  type: 'object',
  required: [
    'code',
    'status',
    'engineVersion',
    'decidedAt',
    'reference',
    'currency',
    'lines',
    'flags',
    'totalTax',
  ],
  properties: {
    code: { type: ['string', 'null'] },
    status: { enum: Object.keys(PHASES) },
    engineVersion: text,
    decidedAt: { type: 'string', format: 'instant' },
    reference: text,
    currency: { type: 'string', pattern: '^[A-Z]{3}$' },
    lines: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['lineId', 'jurisdiction', 'name', 'category', 'rate', 'base', 'amount'],
        properties: {
          lineId: text,
          jurisdiction: text,
          name: text,
          category: { enum: ['S', 'Z', 'E', 'AE', 'K', 'G', 'O'] },
          rate: decimal,
          base: decimal,
          amount: decimal,
          exemptionCertificate: text,
        },
      },
    },
    flags: {
      type: 'object',
      additionalProperties: false,
      required: ['reverseCharge', 'oss', 'ioss'],
      properties: { reverseCharge: flag, oss: flag, ioss: flag },
    },
    withholding: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'rate', 'amount'],
        properties: { name: text, rate: decimal, amount: decimal },
      },
    },
    totalTax: decimal,
  },
});

/** The question about an invoice. */
export function requestOf({ invoice, mode, seller }: TaxCall): WireRequest {
  const from = invoice.seller ?? seller;
  const { buyer } = invoice;
  const { country, subdivision, postalCode, city } = buyer.address;
  return {
    type: invoice.kind === 'credit_note' ? 'return' : 'sale',
    date: invoice.taxPointDate ?? invoice.issueDate,
    currency: invoice.currency,
    rounding: mode === 'round_per_line' ? 'line' : 'total',
    ...(from && {
      seller: { country: from.address.country, subdivision: from.address.subdivision, vatId: from.vatId },
    }),
    buyer: { id: buyer.id, country, subdivision, postalCode, city, vatId: buyer.vatId },
    lines: invoice.lines.map(({ id, netAmount, quantity, tax }) => ({
      id,
      amount: netAmount,
      quantity,
      category: tax.category,
      rate: tax.rate,
      ...(tax.sourceCode && { taxCode: tax.sourceCode }),
    })),
  };
}

const bad = (message: string) => new FinanceError('TAX_BAD_ANSWER', { message });

/** @throws FinanceError TAX_BAD_ANSWER on another shape, or on sums that do not add up */
export function readAnswer(value: unknown, { invoice, code }: TaxCall): WireAnswer {
  if (!isAnswer(value)) {
    const first = isAnswer.errors?.[0];
    throw bad(
      `The tax service answered in another shape than agreed: ${first?.instancePath || '/'} ${first?.message}.`,
    );
  }
  if (value.code !== null && value.code !== code)
    throw bad(`The tax service answered for the code ${value.code}, not ${code}.`);
  if (value.currency !== invoice.currency)
    throw bad(`The tax service answered in ${value.currency}, not ${invoice.currency}.`);
  const known = new Set(invoice.lines.map(({ id }) => id));
  const stranger = value.lines.find(({ lineId }) => !known.has(lineId));
  if (stranger)
    throw bad(`The tax service speaks of a line ${stranger.lineId} that the document does not have.`);
  const added = sum(value.lines.map(({ amount }) => amount));
  if (!equals(added, value.totalTax))
    throw bad(`The tax of the lines is ${added}, the tax service says ${value.totalTax}.`);
  return value;
}

/** The decision in our terms; the source's own tax stands beside it. */
export function decisionOf(answer: WireAnswer, call: TaxCall, engine: string): TaxDecision {
  const { invoice, mode } = call;
  const request = requestOf(call);
  const { code, status, engineVersion, lines, flags, withholding, totalTax } = answer;
  return {
    schema: 'tax_decision/1',
    kind: 'tax_decision',
    entity: invoice.entity,
    source: invoice.source,
    phase: PHASES[status],
    engine,
    engineVersion,
    ...(code !== null && { code }),
    requestHash: hashOf(request),
    decidedAt: new Date(answer.decidedAt).toISOString(),
    currency: answer.currency,
    roundingMode: mode,
    rateDate: request.date,
    lines,
    flags,
    ...(withholding && { withholding }),
    totalTax,
    sourceTax: invoice.totals.tax,
    difference: sub(totalTax, invoice.totals.tax),
    fallback: false,
  };
}
