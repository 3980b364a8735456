import type { Decimal } from '../../../finance/documents';
import {
  assertDate,
  assertState,
  type Difference,
  differs,
  type Stage,
  unequal,
  unequalAmounts,
  unequalLines,
} from './differences';
import type { MoveLine, MoveState } from './read';
import type { ExpectedLine, MoveRequest } from './request';

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
  const { date, late } = request.expected;
  // posted on its own date, before the period was locked
  const isEarlier = late !== undefined && move.state === 'posted' && move.date === late.documentDate;
  if (!isEarlier) assertDate(move, date);
}

/** All that a move is other than asked for, whenever it was made; nothing where it is the same. */
export function moveDifferences(request: MoveRequest, move: MoveState): Difference[] {
  return [
    ...unequal([['state', 'posted', move.state]]),
    ...differingHead(request, move),
    ...differingLines(request, move),
    ...differingTerms(request, move),
    ...differingAmounts(request, move, 'posted'),
    ...unequal([['date', request.expected.date, move.date]]),
  ];
}

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
    ['counterpart account', expected.receivableAccountId ?? receivable, receivable],
  ]);
}

const productLines = (move: MoveState): MoveLine[] => move.lines.filter(({ type }) => type === 'product');

/** One text per line, so that lines compare in any order. */
function lineText(line: ExpectedLine | MoveLine): string {
  const { accountId, quantity, unitPrice, taxIds, analytic } = line;
  const shares = Object.entries(analytic)
    .map(([id, percent]) => `${id}:${percent}`)
    .sort();
  return `account ${accountId}, ${quantity} × ${unitPrice}, taxes [${taxIds}], analytic [${shares}]`;
}

const differingLines = ({ expected }: MoveRequest, move: MoveState): Difference[] =>
  unequalLines(expected.lines.map(lineText), productLines(move).map(lineText));

function differingAmounts({ expected }: MoveRequest, move: MoveState, stage: Stage): Difference[] {
  const rows: [string, Decimal, Decimal][] = [['net', expected.amountUntaxed, move.amountUntaxed]];
  const taxIsOpen = (stage === 'created' || stage === 'resumed') && move.state === 'draft';
  if (!taxIsOpen)
    rows.push(['tax', expected.amountTax, move.amountTax], ['gross', expected.amountTotal, move.amountTotal]);
  return unequalAmounts(rows);
}
