import type { Invoice, InvoiceLine, Party, TaxCategory, TaxSubtotal } from '../documents';
import { taxGroupOf } from '../invoice';
import { equals, isZero, sum } from '../money';
import { type Rule, type RuleViolation, unless } from './violation';

interface CategoryRules {
  /** Rule numbers read `BR-<code>-<nn>`. */
  code: string;
  name: string;
  /** Every category but the standard one has rate and tax zero, and one breakdown. */
  taxed: boolean;
  reason: boolean;
  /** Who must have a VAT identifier; for reverse charge a legal registration of the buyer does too. */
  identified: 'seller' | 'both' | 'both or registered' | 'nobody';
}

const CATEGORIES: Record<TaxCategory, CategoryRules> = {
  S: { code: 'S', name: 'standard rated', taxed: true, reason: false, identified: 'seller' },
  Z: { code: 'Z', name: 'zero rated', taxed: false, reason: false, identified: 'seller' },
  E: { code: 'E', name: 'exempt', taxed: false, reason: true, identified: 'seller' },
  AE: { code: 'AE', name: 'reverse charge', taxed: false, reason: true, identified: 'both or registered' },
  K: { code: 'IC', name: 'intra-community', taxed: false, reason: true, identified: 'both' },
  G: { code: 'G', name: 'export', taxed: false, reason: true, identified: 'seller' },
  O: { code: 'O', name: 'outside the scope of VAT', taxed: false, reason: true, identified: 'nobody' },
};

function identifierRules(
  { code, identified, name }: CategoryRules,
  { buyer }: Invoice,
  seller: Party | undefined,
): RuleViolation[] {
  const rule = `BR-${code}-02`;
  if (identified === 'nobody')
    return [
      ...unless(
        !seller?.vatId,
        rule,
        'BT-31',
        `On lines ${name} the seller's VAT identifier must not be given.`,
      ),
      ...unless(
        !buyer.vatId,
        rule,
        'BT-48',
        `On lines ${name} the buyer's VAT identifier must not be given.`,
      ),
    ];
  const buyerKnown =
    identified === 'seller' || buyer.vatId || (identified === 'both or registered' && buyer.registrationId);
  return [
    ...unless(Boolean(seller?.vatId), rule, 'BT-31', `Lines ${name} need the seller's VAT identifier.`),
    ...unless(Boolean(buyerKnown), rule, 'BT-48', `Lines ${name} need the buyer's VAT identifier.`),
  ];
}

function lineRules(rules: CategoryRules, line: InvoiceLine): RuleViolation[] {
  const { code, name, taxed } = rules;
  return unless(
    isZero(line.tax.rate) !== taxed,
    `BR-${code}-05`,
    'BT-152',
    `Line ${line.id} is ${name}, so its VAT rate must ${taxed ? 'be above zero' : 'be zero'}; it is ${line.tax.rate}.`,
  );
}

function breakdownRules(
  rules: CategoryRules,
  tax: TaxSubtotal,
  lines: readonly InvoiceLine[],
): RuleViolation[] {
  const { code, name, reason, taxed } = rules;
  const base = sum(
    lines.filter((line) => taxGroupOf(line.tax) === taxGroupOf(tax)).map((line) => line.netAmount),
  );
  const explained = Boolean(tax.exemptionReason || tax.exemptionCode);
  const of = `of the VAT breakdown ${tax.category} ${tax.rate} %`;
  return [
    ...unless(
      equals(tax.base, base),
      `BR-${code}-08`,
      'BT-116',
      `The base ${of} is ${tax.base}, its lines give ${base}.`,
    ),
    ...unless(
      taxed || isZero(tax.amount),
      `BR-${code}-09`,
      'BT-117',
      `The VAT ${of} must be zero; it is ${tax.amount}.`,
    ),
    ...unless(
      explained === reason,
      `BR-${code}-10`,
      'BT-120',
      reason
        ? `The exemption reason ${of} is missing.`
        : `The breakdown ${name} must not have an exemption reason.`,
    ),
  ];
}

/** One breakdown a group: all of a category, and for the standard category one a rate. */
function presenceRules(
  { code, name, taxed }: CategoryRules,
  lines: readonly InvoiceLine[],
  taxes: readonly TaxSubtotal[],
): RuleViolation[] {
  const groups = new Set(lines.map((line) => (taxed ? taxGroupOf(line.tax) : line.tax.category)));
  const given = taxes.map((tax) => (taxed ? taxGroupOf(tax) : tax.category));
  return [...new Set([...groups, ...given])].flatMap((group) => {
    const count = given.filter((each) => each === group).length;
    const wanted = groups.has(group) ? 1 : 0;
    return unless(
      count === wanted,
      `BR-${code}-01`,
      'BG-23',
      `There must be ${wanted} VAT breakdown ${name} (${group}); there are ${count}.`,
    );
  });
}

function deliveryRules({ delivery, lines }: Invoice): RuleViolation[] {
  const dated =
    delivery?.date !== undefined ||
    lines.every((line) => line.tax.category !== 'K' || line.period !== undefined);
  return [
    ...unless(dated, 'BR-IC-11', 'BT-72', 'An intra-community supply must say when it was delivered.'),
    ...unless(
      delivery?.country !== undefined,
      'BR-IC-12',
      'BT-80',
      'An intra-community supply must say to which country it was delivered.',
    ),
  ];
}

/** BR-O-11 to BR-O-14: what is outside the scope of VAT stands alone. */
function aloneRules({ lines, taxes }: Invoice): RuleViolation[] {
  const others = [...taxes.map((tax) => tax.category), ...lines.map((line) => line.tax.category)].some(
    (each) => each !== 'O',
  );
  return unless(
    !others,
    'BR-O-11',
    'BG-23',
    'What is outside the scope of VAT must not stand with other VAT categories.',
  );
}

/** BR-S-*, BR-Z-*, BR-E-*, BR-AE-*, BR-IC-*, BR-G-*, BR-O-*: 01, 02, 05, 08, 09, 10, and IC-11, IC-12, O-11. */
export const vat: Rule = (invoice, seller) =>
  (Object.entries(CATEGORIES) as [TaxCategory, CategoryRules][]).flatMap(([category, rules]) => {
    const lines = invoice.lines.filter((line) => line.tax.category === category);
    const taxes = invoice.taxes.filter((tax) => tax.category === category);
    if (lines.length + taxes.length === 0) return [];
    return [
      ...presenceRules(rules, lines, taxes),
      ...identifierRules(rules, invoice, seller),
      ...lines.flatMap((line) => lineRules(rules, line)),
      ...taxes.flatMap((tax) => breakdownRules(rules, tax, lines)),
      ...(category === 'K' ? deliveryRules(invoice) : []),
      ...(category === 'O' ? aloneRules(invoice) : []),
    ];
  });
