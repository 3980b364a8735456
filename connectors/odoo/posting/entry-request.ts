import { plain } from '../../../finance/money';
import { buildLoad, type Cells } from '../load';
import type { Company } from '../lookups';
import { analyticJson } from '../moves/analytic';
import type { EntryRequest, ExpectedEntryLine } from './kinds';

/**
 * The request of an entry whose look-ups are done.
 * @param key external id `<prefix>.<key>`
 */
export function entryRequest(
  key: string,
  company: Company,
  expected: EntryRequest['expected'],
): EntryRequest {
  const header: Cells = {
    move_type: 'entry',
    date: expected.date,
    ref: expected.ref,
    'journal_id/.id': String(expected.journalId),
    'company_id/.id': String(company.id),
  };
  const record = { key, header, lines: { field: 'line_ids', rows: expected.lines.map(cellsOf) } };
  const load = buildLoad('account.move', [record], company.id);
  return { poster: 'entry', externalKey: key, company, load, expected };
}

const cellsOf = (line: ExpectedEntryLine): Cells => ({
  name: line.label,
  'account_id/.id': String(line.accountId),
  'partner_id/.id': line.partnerId === undefined ? undefined : String(line.partnerId),
  debit: plain(line.debit),
  credit: plain(line.credit),
  amount_currency: line.amountCurrency && plain(line.amountCurrency),
  'currency_id/.id': line.amountCurrency && String(line.currency.id),
  // empty on purpose: the account's own default taxes would add lines
  'tax_ids/.id': '',
  analytic_distribution: Object.keys(line.analytic).length ? analyticJson(line.analytic) : undefined,
});
