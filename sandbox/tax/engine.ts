/** A request for tax, as the API takes it. Amounts are net, decimal strings. */
export interface TaxRequest {
  type: 'sale' | 'return';
  /** `YYYY-MM-DD` */
  date: string;
  currency: string;
  rounding: 'line' | 'total';
  /** The caller's hash of what it asked; given back. */
  reference: string;
  seller: { country: string };
  buyer: { id?: string; country: string; subdivision?: string; vatId?: string };
  lines: { id: string; amount: string; category: string; rate: string; taxCode?: string }[];
}

export interface TaxLine {
  lineId: string;
  jurisdiction: string;
  name: string;
  category: string;
  rate: string;
  base: string;
  amount: string;
  exemptionCertificate?: string;
}

export interface Taxes {
  lines: TaxLine[];
  totalTax: string;
  flags: { reverseCharge: boolean; oss: boolean; ioss: boolean };
}

interface Rate {
  jurisdiction: string;
  name: string;
  category: string;
  rate: string;
  exemptionCertificate?: string;
}

/** What the service knows: its customers' tax codes, and the rates behind them. */
const RATES: Record<string, Rate> = {
  txr_de_19: { jurisdiction: 'DE', name: 'Umsatzsteuer', category: 'S', rate: '19' },
  txr_de_7: { jurisdiction: 'DE', name: 'Umsatzsteuer, ermäßigt', category: 'S', rate: '7' },
  txr_de_rc: { jurisdiction: 'DE', name: 'Reverse charge', category: 'AE', rate: '0' },
  txr_us_ny: { jurisdiction: 'US-NY', name: 'New York State and City', category: 'S', rate: '8.875' },
  txr_us_exempt: {
    jurisdiction: 'US-NY',
    name: 'Exempt',
    category: 'E',
    rate: '0',
    exemptionCertificate: 'ST-119.1',
  },
};

/** A rate that the service cannot find; the text says which. */
export class UnknownRate extends Error {}

const decimalsOf = (amount: string): number => amount.split('.')[1]?.length ?? 0;

/** A decimal string in units of 10^-scale. */
function unitsOf(amount: string, scale: number): bigint {
  const [whole = '0', fraction = ''] = amount.split('.');
  return BigInt(whole + fraction.padEnd(scale, '0'));
}

function decimalOf(units: bigint, scale: number): string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  const sign = units < 0n ? '-' : '';
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** `rate` percent of the units, half away from zero. */
function percent(units: bigint, rate: string): bigint {
  const decimals = decimalsOf(rate);
  const divisor = 100n * 10n ** BigInt(decimals);
  const product = (units < 0n ? -units : units) * unitsOf(rate, decimals);
  const rounded = (2n * product + divisor) / (2n * divisor);
  return units < 0n ? -rounded : rounded;
}

function rateOf(line: TaxRequest['lines'][number], { seller, buyer }: TaxRequest): Rate {
  const coded = line.taxCode === undefined ? undefined : RATES[line.taxCode];
  const country = seller.country;
  const stated = Object.values(RATES).find(
    (rate) =>
      rate.jurisdiction.startsWith(country) &&
      rate.category === line.category &&
      Number(rate.rate) === Number(line.rate),
  );
  const found = coded ?? (line.taxCode === undefined ? stated : undefined);
  if (found) return found;
  throw new UnknownRate(
    `Line ${line.id}: no rate for ${line.taxCode ?? `${line.category} ${line.rate} %`} from ${country} to ${buyer.country}.`,
  );
}

/** Tax of each line; with `total` each rate is rounded once, and its residue goes to the line with the largest base. */
export function taxesOf(request: TaxRequest): Taxes {
  const scale = Math.max(...request.lines.map(({ amount }) => decimalsOf(amount)));
  const decided = request.lines.map((line) => {
    const rate = rateOf(line, request);
    const base = unitsOf(line.amount, scale);
    return { line, rate, base, tax: percent(base, rate.rate) };
  });
  if (request.rounding === 'total')
    for (const group of Map.groupBy(decided, ({ rate }) => rate).values()) {
      const whole = percent(
        group.reduce((sum, { base }) => sum + base, 0n),
        group[0]!.rate.rate,
      );
      const largest = group.reduce((most, each) => (each.base > most.base ? each : most));
      largest.tax += whole - group.reduce((sum, { tax }) => sum + tax, 0n);
    }
  return {
    lines: decided.map(({ line, rate, tax }) => ({
      lineId: line.id,
      ...rate,
      base: line.amount,
      amount: decimalOf(tax, scale),
    })),
    totalTax: decimalOf(
      decided.reduce((sum, { tax }) => sum + tax, 0n),
      scale,
    ),
    flags: { reverseCharge: decided.some(({ rate }) => rate.category === 'AE'), oss: false, ioss: false },
  };
}
