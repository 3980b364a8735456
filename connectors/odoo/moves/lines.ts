import { FinanceError } from '../../../errors';
import type { Dimension } from '../../../finance/dimensions';
import type { Decimal, Invoice, InvoiceLine } from '../../../finance/documents';
import {
  assertPrecision,
  decimalsOf,
  equals,
  exponentOf,
  isNegative,
  multiply,
  plain,
  round,
  sum,
} from '../../../finance/money';
import { analyticOf } from '../analytic-plans';
import type { OdooClient } from '../client';
import { type Company, lookupsOf } from '../lookups';
import type { ExpectedLine, ExpectedTax, Side } from './request';

export const incomplete = (message: string): FinanceError =>
  new FinanceError('MAP_OUTPUT_INVALID', { message });

/** A line in Odoo's ids. @throws FinanceError MAP_OUTPUT_INVALID without posting codes, ODOO_LOOKUP, ODOO_AMBIGUOUS */
export async function expectedLine(
  client: OdooClient,
  company: Company,
  invoice: Invoice,
  line: InvoiceLine,
  { side, dimensions }: { side: Side; dimensions?: readonly Dimension[] },
): Promise<ExpectedLine> {
  const { posting } = line;
  if (!posting) throw incomplete(`The mapping says no account for line ${line.id}.`);
  assertPrecision(line.netAmount, invoice.currency);
  const lookups = lookupsOf(client);
  const taxIds: number[] = [];
  for (const name of posting.taxes) taxIds.push(await lookups.tax(company, side, name));
  // what is deferred is of no cost centre before its months are: Odoo would count it there twice
  const given = posting.deferral ? {} : (posting.analytic ?? {});
  const analytic = await analyticOf(client, company, given, {
    domain: side === 'sale' ? 'invoice' : 'bill',
    dimensions,
    isProfitAndLoss: await lookups.isProfitAndLoss(company, posting.account),
  });
  return {
    ...factors(line, invoice.currency),
    accountId: await lookups.account(company, posting.account),
    account: posting.account,
    subtotal: line.netAmount,
    taxIds: taxIds.sort((a, b) => a - b),
    taxes: posting.taxes,
    analytic,
  };
}

/** Odoo's default accuracy of quantities and prices; what has more would be rounded in silence. */
const FACTOR_DECIMALS = 2;

/** Quantity and price where Odoo gets the net amount out of them; otherwise the net amount, and the factors as text. */
function factors(line: InvoiceLine, currency: string): Pick<ExpectedLine, 'name' | 'quantity' | 'unitPrice'> {
  const quantity = plain(line.quantity);
  const unitPrice = plain(line.unitPrice);
  const fits = decimalsOf(quantity) <= FACTOR_DECIMALS && decimalsOf(unitPrice) <= FACTOR_DECIMALS;
  const product = round(multiply(quantity, unitPrice), exponentOf(currency));
  if (fits && equals(product, line.netAmount)) return { name: line.name, quantity, unitPrice };
  const sign = isNegative(line.netAmount) ? '-1' : '1';
  const name = `${line.name} (${quantity} × ${unitPrice})`;
  return { name, quantity: sign, unitPrice: plain(multiply(line.netAmount, sign)) };
}

/** Lines of one set of taxes, and sets that share a tax, go together: Odoo has one tax line for them. */
export function expectedTaxes(invoice: Invoice, lines: readonly ExpectedLine[]): ExpectedTax[] {
  const groups: { taxIds: Set<number>; lines: InvoiceLine[] }[] = [];
  invoice.lines.forEach((line, index) => {
    const taxIds = new Set(lines[index]?.taxIds);
    const touching = groups.filter((group) => [...taxIds].some((id) => group.taxIds.has(id)));
    const merged = { taxIds, lines: [line] };
    for (const group of touching) {
      for (const id of group.taxIds) merged.taxIds.add(id);
      merged.lines.push(...group.lines);
      groups.splice(groups.indexOf(group), 1);
    }
    if (taxIds.size > 0) groups.push(merged);
  });
  return groups.map((group) => ({
    taxIds: [...group.taxIds].sort((a, b) => a - b),
    amount: groups.length === 1 ? invoice.totals.tax : taxOf(invoice, group.lines),
  }));
}

/** The source's tax for some lines: by its subtotals where they cover just these lines, else line by line. */
function taxOf(invoice: Invoice, lines: readonly InvoiceLine[]): Decimal | undefined {
  const rateOf = ({ category, rate }: { category: string; rate: Decimal }) => `${category} ${plain(rate)}`;
  const rates = new Set(lines.map(({ tax }) => rateOf(tax)));
  const covered = invoice.lines.filter(({ tax }) => rates.has(rateOf(tax)));
  const subtotals = invoice.taxes.filter((subtotal) => rates.has(rateOf(subtotal)));
  if (covered.length === lines.length && subtotals.length >= rates.size)
    return sum(subtotals.map(({ amount }) => amount));
  const amounts = lines.map(({ tax }) => tax.amount).filter((amount) => amount !== undefined);
  return amounts.length === lines.length ? sum(amounts) : undefined;
}
