import type { Decimal } from '../../../finance/documents';
import type { Cells, LoadRecord } from '../load';
import type { Company } from '../lookups';
import { analyticJson } from './analytic';
import { type ExpectedLine, type ExpectedMove, sideOf } from './request';

/**
 * A move as a record of `load`.
 * @param rate exchange rate that goes with it; only where this Odoo takes one
 */
export function toRecord(key: string, company: Company, expected: ExpectedMove, rate?: Decimal): LoadRecord {
  const id = (value: number | undefined): string | undefined =>
    value === undefined ? undefined : String(value);
  const header: Cells = {
    move_type: expected.moveType,
    'partner_id/.id': id(expected.partnerId),
    invoice_date: expected.invoiceDate,
    // left to Odoo for what is sold in an open period; a bill it would move towards today
    date: expected.late || sideOf(expected.moveType) === 'purchase' ? expected.date : undefined,
    invoice_date_due: expected.dueDate,
    // empty on purpose: the partner's own terms would move the due date
    'invoice_payment_term_id/.id': expected.dueDate === undefined ? undefined : '',
    name: expected.name,
    ref: expected.ref,
    'company_id/.id': id(company.id),
    'journal_id/.id': id(expected.journalId),
    'currency_id/.id': id(expected.currency.id),
    'reversed_entry_id/.id': id(expected.reversedMoveId),
    invoice_currency_rate: rate,
  };
  return { key, header, lines: { field: 'invoice_line_ids', rows: expected.lines.map(lineCells) } };
}

const lineCells = (line: ExpectedLine): Cells => ({
  name: line.name,
  quantity: line.quantity,
  price_unit: line.unitPrice,
  'account_id/.id': String(line.accountId),
  // empty on purpose where a line has no tax: without the column Odoo takes the company's default tax
  'tax_ids/.id': line.taxIds.join(','),
  analytic_distribution: Object.keys(line.analytic).length ? analyticJson(line.analytic) : undefined,
});
