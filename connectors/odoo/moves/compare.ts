import { type ErrorCode, FinanceError } from '../../../errors';
import type { Decimal } from '../../../finance/documents';
import { equals } from '../../../finance/money';
import type { MoveLine, MoveState } from './read';
import type { ExpectedLine, MoveRequest } from './request';

/**
 * `created`: right after `load`, the tax still Odoo's own. `resumed`: the same, of a draft that an earlier attempt
 * recorded. `draft`: right before posting. `posted`: after it.
 */
export type Stage = 'created' | 'resumed' | 'draft' | 'posted';

export interface Difference {
  field: string;
  expected: unknown;
  found: unknown;
}

/**
 * Holds what Odoo has to what was asked for. `load` never changes a record that is there, so right after it other
 * content means that the key was used before for another document; later it means that a person edited the draft.
 *
 * @throws FinanceError DOCUMENT_CONFLICT, ODOO_MOVE_CHANGED, ODOO_AMOUNT_DIFFERS, ODOO_DATE_MOVED; `details` holds
 * the differences
 */
export function compareMove(request: MoveRequest, move: MoveState, stage: Stage): void {
  assertState(move, stage);
  const input = [...differingHead(request, move), ...differingLines(request, move)];
  if (input.length > 0)
    throw differs(stage === 'created' ? 'DOCUMENT_CONFLICT' : 'ODOO_MOVE_CHANGED', move, input);
  const isReused = stage === 'created' && move.state === 'posted';
  const terms = differingTerms(request, move);
  const isEdited = stage === 'resumed' || stage === 'draft';
  if (terms.length > 0 && isEdited) throw differs('ODOO_MOVE_CHANGED', move, terms);
  const computed = [...terms, ...differingAmounts(request, move, stage)];
  if (computed.length > 0)
    throw differs(isReused ? 'DOCUMENT_CONFLICT' : 'ODOO_AMOUNT_DIFFERS', move, computed);
  const { invoiceDate } = request.expected;
  if (move.date !== undefined && move.date !== invoiceDate)
    throw differs('ODOO_DATE_MOVED', move, [{ field: 'date', expected: invoiceDate, found: move.date }]);
}

function assertState(move: MoveState, stage: Stage): void {
  const right = stage === 'posted' ? move.state === 'posted' : move.state !== 'cancel';
  if (!right)
    throw differs('ODOO_MOVE_CHANGED', move, [
      { field: 'state', expected: stage === 'posted' ? 'posted' : 'draft', found: move.state },
    ]);
}

function differs(code: ErrorCode, move: MoveState, differences: readonly Difference[]): FinanceError {
  const list = differences
    .slice(0, 5)
    .map(({ field, expected, found }) => `${field} ${show(found)} instead of ${show(expected)}`);
  return new FinanceError(code, {
    message: `Move ${move.id}${move.name ? ` (${move.name})` : ''}: ${list.join('; ')}.`,
    details: { move: move.id, differences: differences.slice(0, 20) },
  });
}

const show = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');

function differingHead({ expected, company }: MoveRequest, move: MoveState): Difference[] {
  const rows: [string, unknown, unknown][] = [
    ['type', expected.moveType, move.moveType],
    ['company', company.id, move.companyId],
    ['partner', expected.partnerId, move.partnerId],
    ['currency', expected.currency.code, move.currency.code],
    ['invoice date', expected.invoiceDate, move.invoiceDate],
    ['reference', expected.ref, move.ref],
    // what was not asked for is Odoo's to choose
    ['journal', expected.journalId ?? move.journalId, move.journalId],
    ['corrected invoice', expected.reversedMoveId, move.reversedMoveId],
  ];
  return unequal(rows);
}

/** What was asked for too, but Odoo may set by itself: the partner's terms and accounts, the journal's numbers. */
function differingTerms({ expected }: MoveRequest, move: MoveState): Difference[] {
  const receivable = move.lines.find(({ type }) => type === 'payment_term')?.accountId;
  return unequal([
    ['due date', expected.dueDate ?? move.dueDate, move.dueDate],
    ['number', expected.name ?? move.name, move.name],
    ['receivable account', expected.receivableAccountId ?? receivable, receivable],
  ]);
}

const unequal = (rows: readonly [string, unknown, unknown][]): Difference[] =>
  rows
    .filter(([, wanted, found]) => wanted !== found)
    .map(([field, expected, found]) => ({ field, expected, found }));

const productLines = (move: MoveState): MoveLine[] => move.lines.filter(({ type }) => type === 'product');

/** One text per line, so that lines compare in any order. */
function lineText(line: ExpectedLine | MoveLine): string {
  const { accountId, quantity, unitPrice, taxIds, analytic } = line;
  const shares = Object.entries(analytic)
    .map(([id, percent]) => `${id}:${percent}`)
    .sort();
  return `account ${accountId}, ${quantity} × ${unitPrice}, taxes [${taxIds}], analytic [${shares}]`;
}

function differingLines({ expected }: MoveRequest, move: MoveState): Difference[] {
  const missing = expected.lines.map(lineText).sort();
  const surplus: string[] = [];
  for (const text of productLines(move).map(lineText)) {
    const index = missing.indexOf(text);
    if (index < 0) surplus.push(text);
    else missing.splice(index, 1);
  }
  const count = Math.max(missing.length, surplus.length);
  return Array.from({ length: count }, (_, index) => ({
    field: 'line',
    expected: missing[index],
    found: surplus[index],
  }));
}

function differingAmounts({ expected }: MoveRequest, move: MoveState, stage: Stage): Difference[] {
  const rows: [string, Decimal, Decimal][] = [['net', expected.amountUntaxed, move.amountUntaxed]];
  const taxIsOpen = (stage === 'created' || stage === 'resumed') && move.state === 'draft';
  if (!taxIsOpen)
    rows.push(['tax', expected.amountTax, move.amountTax], ['gross', expected.amountTotal, move.amountTotal]);
  return unequal(rows.filter(([, wanted, found]) => !equals(wanted, found)));
}
