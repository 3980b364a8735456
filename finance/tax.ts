import { hashOf } from './canonical';
import type {
  Day,
  Decimal,
  Invoice,
  InvoiceLine,
  Party,
  TaxCategory,
  TaxDecision,
  TaxEngineMode,
} from './documents';
import { absolute, allocate, compare, formatMoney, percentOf, roundMoney, sub, sum } from './money';
import { findRate, type RatesTable, type TaxRate, treatmentOf } from './tax-rates';

export interface DecideOptions {
  mode: TaxEngineMode;
  /** RFC 3339 */
  decidedAt: string;
  /** `quote` where left out. */
  phase?: TaxDecision['phase'];
  /** The engine's id of the record, from `commit` on. */
  code?: string;
  /** The legal entity, where the invoice does not name its seller. */
  seller?: Party;
  /** The provisional policy decided because the engine was down. */
  fallback?: boolean;
}

interface Decided {
  line: InvoiceLine;
  rate: TaxRate;
  jurisdiction: string;
  certificate?: string;
}

const groupOf = ({ rate, jurisdiction }: Decided): string => `${jurisdiction}/${rate.category}/${rate.rate}`;

/** Each group's tax is rounded once; its residue goes to the line with the largest base. */
function roundedGlobally(decided: readonly Decided[], { currency }: Invoice): Map<Decided, Decimal> {
  const amounts = new Map<Decided, Decimal>();
  for (const group of Map.groupBy(decided, groupOf).values()) {
    const base = sum(group.map(({ line }) => line.netAmount));
    const total = roundMoney(percentOf(base, group[0]!.rate.rate), currency);
    const byIndex = new Map(group.map(({ line }, index) => [String(index), line.netAmount] as const));
    const largest = [...byIndex].toSorted(([, a], [, b]) => compare(absolute(b), absolute(a)))[0]![0];
    const shares =
      compare(base, '0') === 0 ? new Map([[largest, total]]) : allocate(total, byIndex, largest, currency);
    for (const [index, each] of group.entries())
      amounts.set(each, shares.get(String(index)) ?? formatMoney('0', currency));
  }
  return amounts;
}

const roundedPerLine = (decided: readonly Decided[], { currency }: Invoice): Map<Decided, Decimal> =>
  new Map(
    decided.map((each) => [each, roundMoney(percentOf(each.line.netAmount, each.rate.rate), currency)]),
  );

/** VAT that the law puts at zero, whatever a table says about the country. */
const RELIEF: Record<'reverse_charge' | 'exempt', { category: TaxCategory; name: string }> = {
  reverse_charge: { category: 'AE', name: 'Reverse charge' },
  exempt: { category: 'E', name: 'Exempt' },
};

function decideLine(
  line: InvoiceLine,
  invoice: Invoice,
  table: RatesTable,
  seller: Party | undefined,
  day: Day,
): Decided {
  const treatment = treatmentOf(invoice, table, seller, day);
  const { place } = treatment;
  const jurisdiction = place.subdivision ? `${place.country}-${place.subdivision}` : place.country;
  if (treatment.relief) {
    const relief = RELIEF[treatment.relief];
    const rate: TaxRate = { ...relief, country: place.country, rate: '0', from: day };
    return { line, rate, jurisdiction, certificate: treatment.certificate };
  }
  return { line, rate: findRate(table, { entity: invoice.entity, place, line, day }), jurisdiction };
}

/**
 * Decides the tax of an invoice from a table of dated rates. The source's own tax is kept and compared
 * (`sourceTax`, `difference` = decided − source); nothing of the invoice is changed. `round_per_line` rounds each
 * line half up, `round_globally` rounds once a jurisdiction, category and rate (Odoo's terms).
 * @throws FinanceError TAX_RATE_MISSING
 */
export function decideTax(invoice: Invoice, table: RatesTable, options: DecideOptions): TaxDecision {
  const { currency } = invoice;
  const seller = invoice.seller ?? options.seller;
  const rateDate = invoice.taxPointDate ?? invoice.issueDate;
  const decided = invoice.lines.map((line) => decideLine(line, invoice, table, seller, rateDate));
  const amounts = (options.mode === 'round_per_line' ? roundedPerLine : roundedGlobally)(decided, invoice);
  const totalTax = formatMoney(sum([...amounts.values()]), currency);
  return {
    schema: 'tax_decision/1',
    kind: 'tax_decision',
    entity: invoice.entity,
    source: invoice.source,
    phase: options.phase ?? 'quote',
    engine: `rates-table/${table.name}`,
    engineVersion: table.version,
    ...(options.code === undefined ? {} : { code: options.code }),
    requestHash: hashOf({
      invoice: { ...invoice, source: invoice.source.id },
      table,
      mode: options.mode,
      seller,
    }),
    decidedAt: options.decidedAt,
    currency,
    roundingMode: options.mode,
    rateDate,
    lines: decided.map((each) => ({
      lineId: each.line.id,
      jurisdiction: each.jurisdiction,
      name: each.rate.name,
      category: each.rate.category,
      rate: each.rate.rate,
      base: each.line.netAmount,
      amount: amounts.get(each)!,
      ...(each.certificate === undefined ? {} : { exemptionCertificate: each.certificate }),
    })),
    flags: { reverseCharge: decided.some(({ rate }) => rate.category === 'AE'), oss: false, ioss: false },
    totalTax,
    sourceTax: invoice.totals.tax,
    difference: sub(totalTax, invoice.totals.tax),
    fallback: options.fallback ?? false,
  };
}
