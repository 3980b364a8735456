import type { Customer, Product, Profile, TaxRate } from './catalog';
import { TAX_RATES } from './catalog';
import type { Random } from './random';

/** A line as the source counts it: whole minor units, each step rounded half up. */
export interface PricedLine {
  id: string;
  product: Product;
  quantity: number;
  discountPercent: number;
  rate: TaxRate;
  /** quantity × price */
  amount: number;
  discount: number;
  taxable: number;
  tax: number;
}

export interface Totals {
  subtotal: number;
  discount: number;
  net: number;
  tax: number;
  total: number;
}

const halfUp = (numerator: number, denominator: number): number =>
  Math.floor((2 * numerator + denominator) / (2 * denominator));

/** Tax of an amount, half up, as the source computes it for each line. */
export const taxOf = (taxable: number, rate: TaxRate): number => halfUp(taxable * rate.thousandths, 100_000);

export function priceLine(
  parts: Pick<PricedLine, 'id' | 'product' | 'quantity' | 'discountPercent' | 'rate'>,
): PricedLine {
  const amount = parts.quantity * parts.product.price;
  const discount = halfUp(amount * parts.discountPercent, 100);
  const taxable = amount - discount;
  return { ...parts, amount, discount, taxable, tax: taxOf(taxable, parts.rate) };
}

export function totalsOf(lines: PricedLine[]): Totals {
  const sum = (of: (line: PricedLine) => number) => lines.reduce((total, line) => total + of(line), 0);
  const [subtotal, discount, net, tax] = [
    sum((l) => l.amount),
    sum((l) => l.discount),
    sum((l) => l.taxable),
    sum((l) => l.tax),
  ];
  return { subtotal, discount, net, tax, total: net + tax };
}

/** Taxable amount and tax by rate, in the order of the lines. */
export function taxesOf(lines: PricedLine[]): { rate: TaxRate; taxable: number; tax: number }[] {
  return [...Map.groupBy(lines, (line) => line.rate)].map(([rate, group]) => {
    const { net, tax } = totalsOf(group);
    return { rate, taxable: net, tax };
  });
}

function rateFor(customer: Customer, product: Product, profile: Profile): TaxRate {
  if (customer.tax === 'exempt') return TAX_RATES.usExempt;
  if (customer.tax === 'reverse') return TAX_RATES.deReverse;
  if (profile.country === 'US') return TAX_RATES.usNewYork;
  return product.reduced ? TAX_RATES.de7 : TAX_RATES.de19;
}

/** BR-CO-17 of EN 16931: the tax of a rate is its base times the rate, rounded once. */
const tiesByRate = (lines: PricedLine[]): boolean =>
  taxesOf(lines).every(({ rate, taxable, tax }) => tax === taxOf(taxable, rate));

/**
 * One to six lines for a customer. Where the invoice goes to an e-invoice network, the tax by line and the tax by rate
 * agree, as EN 16931 demands; elsewhere they may differ by cents, as at the source.
 */
export function drawLines(
  random: Random,
  customer: Customer,
  profile: Profile,
  rate?: TaxRate,
): PricedLine[] {
  for (;;) {
    const lines = Array.from({ length: random.whole(1, 6) }, () => {
      const product = random.pick(profile.products);
      return priceLine({
        id: random.id('il'),
        product,
        quantity: product.price < 1000 ? random.whole(1, 400) : random.whole(1, 12),
        discountPercent: random.chance(25) ? random.pick([5, 10, 12, 15]) : 0,
        rate: rate ?? rateFor(customer, product, profile),
      });
    });
    if (!customer.endpoint || tiesByRate(lines)) return lines;
  }
}

/** Some of the lines, or part of their quantities, or all of them: what a credit note takes back. */
export function drawCredit(random: Random, invoiced: PricedLine[], customer: Customer): PricedLine[] {
  if (random.chance(40)) return invoiced.map((line) => priceLine({ ...line, id: random.id('cnli') }));
  for (;;) {
    const lines = invoiced
      .filter(() => random.chance(60))
      .map((line) => priceLine({ ...line, id: random.id('cnli'), quantity: random.whole(1, line.quantity) }));
    if (lines.length > 0 && (!customer.endpoint || tiesByRate(lines))) return lines;
  }
}
