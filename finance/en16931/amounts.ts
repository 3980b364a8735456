import type { Decimal, Invoice } from '../documents';
import { compare, decimalsOf, equals, exponentOf, percentOf, round, sub, sum } from '../money';
import { type Rule, type RuleViolation, unless } from './violation';

/** EN 16931 knows two decimals at most; a currency with fewer has fewer. */
const decimalsFor = ({ currency }: Invoice): number => Math.min(2, exponentOf(currency));

/** Exactly equal: the official Schematron tolerates differences here, an accountant does not. */
function equation(
  rule: string,
  term: string,
  what: string,
  stated: Decimal,
  computed: Decimal,
): RuleViolation[] {
  return unless(equals(stated, computed), rule, term, `${what} is ${stated}, it must be ${computed}.`);
}

function totalRules({ lines, taxes, totals }: Invoice): RuleViolation[] {
  const lineSum = sum(lines.map((line) => line.netAmount));
  return [
    ...equation('BR-CO-10', 'BT-106', 'The sum of the lines', totals.lines, lineSum),
    // BR-CO-11 and BR-CO-12: the model has no allowances and charges of the document, so BT-107 and BT-108 are absent
    ...equation('BR-CO-13', 'BT-109', 'The total without VAT', totals.net, totals.lines),
    ...equation('BR-CO-14', 'BT-110', 'The VAT total', totals.tax, sum(taxes.map((tax) => tax.amount))),
    ...equation('BR-CO-15', 'BT-112', 'The total with VAT', totals.gross, sum([totals.net, totals.tax])),
    ...equation('BR-CO-16', 'BT-115', 'The amount due', totals.due, sub(totals.gross, totals.paid ?? '0')),
  ];
}

function breakdownRules(invoice: Invoice): RuleViolation[] {
  const decimals = decimalsFor(invoice);
  return [
    ...invoice.taxes.flatMap(({ base, rate, amount, category }) =>
      equation(
        'BR-CO-17',
        'BT-117',
        `The VAT of ${category} ${rate} % on ${base}`,
        amount,
        round(percentOf(base, rate), decimals),
      ),
    ),
    ...unless(invoice.taxes.length > 0, 'BR-CO-18', 'BG-23', 'There is no VAT breakdown.'),
  ];
}

function decimalRules({ lines, taxes, totals }: Invoice): RuleViolation[] {
  const check = (rule: string, term: string, amount: Decimal | undefined): RuleViolation[] =>
    unless(
      amount === undefined || decimalsOf(amount) <= 2,
      rule,
      term,
      `The amount ${amount} has more than two decimals.`,
    );
  return [
    ...check('BR-DEC-09', 'BT-106', totals.lines),
    ...check('BR-DEC-12', 'BT-109', totals.net),
    ...check('BR-DEC-13', 'BT-110', totals.tax),
    ...check('BR-DEC-14', 'BT-112', totals.gross),
    ...check('BR-DEC-16', 'BT-113', totals.paid),
    ...check('BR-DEC-18', 'BT-115', totals.due),
    ...taxes.flatMap((tax) => [
      ...check('BR-DEC-19', 'BT-116', tax.base),
      ...check('BR-DEC-20', 'BT-117', tax.amount),
    ]),
    ...lines.flatMap((line) => check('BR-DEC-23', 'BT-131', line.netAmount)),
  ];
}

function dueRules({ dueDate, kind, paymentTerms, totals }: Invoice): RuleViolation[] {
  const owed = kind === 'invoice' && compare(totals.due, '0') > 0;
  return unless(
    !owed || dueDate !== undefined || paymentTerms !== undefined,
    'BR-CO-25',
    'BT-9',
    'An amount is due, but neither the due date nor payment terms are given.',
  );
}

/** BR-CO-10 to BR-CO-18 and BR-CO-25, exact to the cent; BR-DEC-*. */
export const amounts: Rule = (invoice) => [
  ...totalRules(invoice),
  ...breakdownRules(invoice),
  ...decimalRules(invoice),
  ...dueRules(invoice),
];
