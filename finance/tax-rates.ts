import { FinanceError } from '../errors';
import { equals } from './decimal';
import type { Address, Day, Decimal, Invoice, InvoiceLine, Party, TaxCategory } from './documents';

/** One rate, valid from a day to a day, both included. */
export interface TaxRate {
  name: string;
  category: TaxCategory;
  /** Percent. */
  rate: Decimal;
  /** ISO 3166-1 alpha-2. */
  country: string;
  /** ISO 3166-2 without the country, e.g. `NY`. */
  subdivision?: string;
  from: Day;
  to?: Day;
  /** Only for this legal entity. */
  entity?: string;
  /** Tax codes of the source that mean this rate, whatever rate the source itself states. */
  sourceCodes?: string[];
}

/** A buyer who need not be charged, with the paper that says so. */
export interface Exemption {
  /** The buyer, by id at the source or by VAT id. */
  buyerId?: string;
  vatId?: string;
  certificate: string;
  from: Day;
  to?: Day;
}

export interface RatesTable {
  name: string;
  version: string;
  rates: TaxRate[];
  exemptions?: Exemption[];
  /** Between two different countries of this list a buyer with a VAT id owes the tax himself. */
  reverseCharge?: { countries: string[] };
  /** Entities whose tax follows the buyer's address (US sales tax); all others the seller's. */
  destination?: string[];
}

export interface Treatment {
  place: Pick<Address, 'country' | 'subdivision'>;
  relief?: 'reverse_charge' | 'exempt';
  certificate?: string;
}

const holds = ({ from, to }: { from: Day; to?: Day }, day: Day): boolean =>
  from <= day && (to === undefined || day <= to);

/**
 * Where the invoice is taxed on a day, and whether reverse charge or an exemption takes the tax away.
 * @throws FinanceError TAX_RATE_MISSING when nobody says where the seller is
 */
export function treatmentOf(
  invoice: Invoice,
  table: RatesTable,
  seller: Party | undefined,
  day: Day,
): Treatment {
  const { buyer, entity } = invoice;
  const place = table.destination?.includes(entity) ? buyer.address : seller?.address;
  if (!place)
    throw new FinanceError('TAX_RATE_MISSING', {
      message: `The country of the seller of ${invoice.source.id} is not known.`,
    });
  const exemption = table.exemptions?.find(
    (each) =>
      holds(each, day) &&
      ((each.buyerId !== undefined && each.buyerId === buyer.id) ||
        (each.vatId !== undefined && each.vatId === buyer.vatId)),
  );
  if (exemption) return { place, relief: 'exempt', certificate: exemption.certificate };
  const union = table.reverseCharge?.countries ?? [];
  const countries = [seller?.address.country, buyer.address.country];
  const crosses =
    countries[0] !== countries[1] && countries.every((country) => country && union.includes(country));
  return crosses && buyer.vatId ? { place, relief: 'reverse_charge' } : { place };
}

interface Wanted {
  entity: string;
  place: Treatment['place'];
  line: InvoiceLine;
  day: Day;
}

/**
 * The rate of a line on a day: by the source's tax code where the table knows it, otherwise the one of the line's
 * category and rate. An entry of the entity goes before a general one, one of a state before one of the country.
 * @throws FinanceError TAX_RATE_MISSING
 */
export function findRate(table: RatesTable, { entity, place, line, day }: Wanted): TaxRate {
  const here = table.rates.filter(
    (each) =>
      each.country === place.country &&
      (each.subdivision === undefined || each.subdivision === place.subdivision) &&
      (each.entity === undefined || each.entity === entity),
  );
  const { category, rate, sourceCode } = line.tax;
  const coded = here.filter((each) => sourceCode !== undefined && each.sourceCodes?.includes(sourceCode));
  const meant = coded.length
    ? coded
    : here.filter((each) => each.category === category && equals(each.rate, rate));
  const weight = (each: TaxRate): number => (each.entity ? 2 : 0) + (each.subdivision ? 1 : 0);
  const [found] = meant
    .filter((each) => holds(each, day))
    .toSorted((a, b) => weight(b) - weight(a) || (a.from < b.from ? 1 : -1));
  if (found) return found;
  const where = place.subdivision ? `${place.country}-${place.subdivision}` : place.country;
  throw new FinanceError('TAX_RATE_MISSING', {
    message: `The rates table ${table.name} has no rate for ${sourceCode ?? `${category} ${rate} %`} in ${where} on ${day} (entity ${entity}).`,
    details: {
      table: table.name,
      line: line.id,
      value: sourceCode ?? `${category} ${rate}`,
      country: place.country,
      day,
      entity,
    },
  });
}
