import { FinanceError } from '../errors';
import { exponentOf } from './currency';
import type { Decimal, Invoice, InvoiceLine, TaxSubtotal } from './documents';
import { assertPrecision, equals, plain, sub, sum } from './money';

/** Key of a VAT breakdown: category and rate, `19` and `19.00` alike. */
export const taxGroupOf = ({ category, rate }: Pick<TaxSubtotal, 'category' | 'rate'>): string =>
  `${category} ${plain(rate)}`;

/** The lines under each VAT breakdown, by {@link taxGroupOf}, in the order of the document. */
export function linesByTaxGroup(lines: readonly InvoiceLine[]): Map<string, InvoiceLine[]> {
  return Map.groupBy(lines, (line) => taxGroupOf(line.tax));
}

function checkPrecision({ currency, lines, taxes, totals }: Invoice): void {
  const amounts = [
    ...lines.flatMap((line) => [line.netAmount, line.tax.amount]),
    ...taxes.flatMap((tax) => [tax.base, tax.amount]),
    ...Object.values(totals),
  ];
  for (const amount of amounts) if (amount !== undefined) assertPrecision(amount, currency);
}

/** One equation of the document: what it says against what its parts give. */
function balance(what: string, stated: Decimal, computed: Decimal, { currency }: Invoice): void {
  if (equals(stated, computed)) return;
  throw new FinanceError('DOCUMENT_UNBALANCED', {
    message: `${what}: the document says ${stated} ${currency}, its parts give ${computed} ${currency}.`,
    details: { what, stated, computed, currency },
  });
}

function checkSubtotals(invoice: Invoice): void {
  const groups = linesByTaxGroup(invoice.lines);
  for (const tax of invoice.taxes) {
    const lines = groups.get(taxGroupOf(tax)) ?? [];
    balance(
      `The base of tax ${taxGroupOf(tax)} %`,
      tax.base,
      sum(lines.map((line) => line.netAmount)),
      invoice,
    );
    groups.delete(taxGroupOf(tax));
  }
  const [forgotten] = groups;
  if (!forgotten) return;
  const [group, lines] = forgotten;
  balance(`The base of tax ${group} %`, '0', sum(lines.map((line) => line.netAmount)), invoice);
}

function checkTotals(invoice: Invoice): void {
  const { lines, taxes, totals } = invoice;
  balance('The sum of the lines', totals.lines, sum(lines.map((line) => line.netAmount)), invoice);
  balance('The net total', totals.net, totals.lines, invoice);
  balance('The tax total', totals.tax, sum(taxes.map((tax) => tax.amount)), invoice);
  balance('The gross total', totals.gross, sum([totals.net, totals.tax]), invoice);
  balance('The amount due', totals.due, sub(totals.gross, totals.paid ?? '0'), invoice);
}

/**
 * Arithmetic of an invoice or credit note beyond its schema: the currency is known, no amount has more decimals than
 * the currency, and lines, tax subtotals and totals add up exactly. Tax amounts are those of the source; whether
 * they are right is for the tax engine and EN 16931 to say.
 * @throws FinanceError DOCUMENT_CURRENCY_UNKNOWN, DOCUMENT_PRECISION, DOCUMENT_UNBALANCED (naming both figures)
 */
export function checkInvoice(invoice: Invoice): void {
  exponentOf(invoice.currency);
  checkPrecision(invoice);
  checkSubtotals(invoice);
  checkTotals(invoice);
}
