import { isCountry } from '../country';
import type { Invoice, InvoiceLine, Party } from '../documents';
import { isNegative } from '../money';
import { type Rule, type RuleViolation, unless } from './violation';

const present = (value: string | undefined): boolean => value !== undefined && value.trim() !== '';

function partyRules(party: Party | undefined, who: 'seller' | 'buyer'): RuleViolation[] {
  const [name, nameTerm, address, group, country, countryTerm] =
    who === 'seller'
      ? (['BR-06', 'BT-27', 'BR-08', 'BG-5', 'BR-09', 'BT-40'] as const)
      : (['BR-07', 'BT-44', 'BR-10', 'BG-8', 'BR-11', 'BT-55'] as const);
  return [
    ...unless(present(party?.name), name, nameTerm, `The name of the ${who} is missing.`),
    ...unless(party?.address !== undefined, address, group, `The address of the ${who} is missing.`),
    ...unless(
      present(party?.address?.country),
      country,
      countryTerm,
      `The country of the ${who} is missing.`,
    ),
  ];
}

function lineRules(line: InvoiceLine, index: number): RuleViolation[] {
  const of = `of line ${line.id || index + 1}`;
  return [
    ...unless(present(line.id), 'BR-21', 'BT-126', `The identifier ${of} is missing.`),
    ...unless(present(line.quantity), 'BR-22', 'BT-129', `The quantity ${of} is missing.`),
    ...unless(present(line.unit), 'BR-23', 'BT-130', `The unit of measure ${of} is missing.`),
    ...unless(present(line.netAmount), 'BR-24', 'BT-131', `The net amount ${of} is missing.`),
    ...unless(present(line.name), 'BR-25', 'BT-153', `The item name ${of} is missing.`),
    ...unless(present(line.unitPrice), 'BR-26', 'BT-146', `The net price ${of} is missing.`),
    ...unless(
      !present(line.unitPrice) || !isNegative(line.unitPrice),
      'BR-27',
      'BT-146',
      `The net price ${of} is negative.`,
    ),
    ...unless(
      !line.period || line.period.start <= line.period.end,
      'BR-30',
      'BT-135',
      `The period ${of} ends before it starts.`,
    ),
    ...unless(line.tax?.category !== undefined, 'BR-CO-4', 'BT-151', `The VAT category ${of} is missing.`),
  ];
}

function headRules(invoice: Invoice): RuleViolation[] {
  const { issueDate, currency, number, precedingInvoice, totals } = invoice;
  return [
    ...unless(present(number), 'BR-02', 'BT-1', 'The invoice number is missing.'),
    ...unless(present(issueDate), 'BR-03', 'BT-2', 'The issue date is missing.'),
    ...unless(
      ['invoice', 'credit_note'].includes(invoice.kind),
      'BR-04',
      'BT-3',
      'The invoice type is missing.',
    ),
    ...unless(present(currency), 'BR-05', 'BT-5', 'The currency is missing.'),
    ...unless(present(totals?.lines), 'BR-12', 'BT-106', 'The sum of the lines is missing.'),
    ...unless(present(totals?.net), 'BR-13', 'BT-109', 'The total without VAT is missing.'),
    ...unless(present(totals?.gross), 'BR-14', 'BT-112', 'The total with VAT is missing.'),
    ...unless(present(totals?.due), 'BR-15', 'BT-115', 'The amount due is missing.'),
    ...unless(invoice.lines.length > 0, 'BR-16', 'BG-25', 'There is no line.'),
    ...unless(
      !precedingInvoice || present(precedingInvoice.number),
      'BR-55',
      'BT-25',
      'The number of the preceding invoice is missing.',
    ),
  ];
}

/** `EL` is what Greece writes instead of its country code, `XI` Northern Ireland. */
const PREFIXES = new Set(['EL', 'XI']);
const VAT_ID = /^[A-Z]{2}[0-9A-Z+*]{2,}$/;

function hasCountryPrefix(vatId: string): boolean {
  const prefix = vatId.slice(0, 2);
  return VAT_ID.test(vatId) && (PREFIXES.has(prefix) || isCountry(prefix));
}

function identifierRules(invoice: Invoice, seller: Party | undefined): RuleViolation[] {
  const { buyer } = invoice;
  const prefixed = (vatId: string | undefined): boolean => vatId === undefined || hasCountryPrefix(vatId);
  return [
    ...unless(
      prefixed(seller?.vatId),
      'BR-CO-9',
      'BT-31',
      'The VAT identifier of the seller has no country prefix.',
    ),
    ...unless(
      prefixed(buyer?.vatId),
      'BR-CO-9',
      'BT-48',
      'The VAT identifier of the buyer has no country prefix.',
    ),
    ...unless(
      [seller?.id, seller?.registrationId, seller?.vatId].some(present),
      'BR-CO-26',
      'BT-29',
      'The seller has neither an identifier, a registration nor a VAT identifier.',
    ),
  ];
}

/**
 * BR-02 to BR-16, BR-21 to BR-27, BR-30, BR-55, BR-CO-4, BR-CO-9, BR-CO-26. BR-01 (BT-24) is written by `toUbl`
 * itself; BR-CO-3 cannot be broken, since the model has no BT-8.
 */
export const mandatory: Rule = (invoice, seller) => [
  ...headRules(invoice),
  ...partyRules(seller, 'seller'),
  ...partyRules(invoice.buyer, 'buyer'),
  ...invoice.lines.flatMap(lineRules),
  ...identifierRules(invoice, seller),
];
