/** Tax rates, customers and products of the two demonstration entities. All names are invented. */

export interface TaxRate {
  id: string;
  display_name: string;
  country: string;
  state: string | null;
  jurisdiction: string;
  /** Percent with three decimals, as a whole number: 8.875 % is 8875. */
  thousandths: number;
  tax_type: 'vat' | 'sales_tax';
  taxability_reason: 'standard_rated' | 'reduced_rated' | 'reverse_charge' | 'customer_exempt';
}

const vat = (id: string, thousandths: number, taxability_reason: TaxRate['taxability_reason']): TaxRate => ({
  id,
  display_name: 'USt.',
  country: 'DE',
  state: null,
  jurisdiction: 'DE',
  thousandths,
  tax_type: 'vat',
  taxability_reason,
});
const salesTax = (
  id: string,
  thousandths: number,
  taxability_reason: TaxRate['taxability_reason'],
): TaxRate => ({
  id,
  display_name: 'Sales Tax',
  country: 'US',
  state: 'NY',
  jurisdiction: 'New York City',
  thousandths,
  tax_type: 'sales_tax',
  taxability_reason,
});

export const TAX_RATES = {
  de19: vat('txr_de_19', 19_000, 'standard_rated'),
  de7: vat('txr_de_7', 7_000, 'reduced_rated'),
  deReverse: vat('txr_de_rc', 0, 'reverse_charge'),
  usNewYork: salesTax('txr_us_ny', 8_875, 'standard_rated'),
  usExempt: salesTax('txr_us_exempt', 0, 'customer_exempt'),
  /** A rate that somebody made at the source and told nobody about. */
  unmapped: vat('txr_unmapped', 19_000, 'standard_rated'),
};

export interface Customer {
  id: string;
  name: string;
  email: string;
  address: { line1: string; city: string; postal_code: string; state: string | null; country: string };
  tax: 'standard' | 'reverse' | 'exempt';
  vatId?: string;
  /** Peppol participant, `scheme:value`. */
  endpoint?: string;
  /** BT-10 */
  buyerReference?: string;
}

const place = (
  line1: string,
  postal_code: string,
  city: string,
  country: string,
  state: string | null = null,
) => ({
  line1,
  city,
  postal_code,
  state,
  country,
});

function german(
  id: string,
  name: string,
  vatId: string,
  address: Customer['address'],
  reference?: string,
): Customer {
  const endpoint = `9930:${vatId}`;
  const email = `rechnung@${id}.example`;
  return {
    id: `cus_de_${id}`,
    name,
    email,
    address,
    tax: 'standard',
    vatId,
    endpoint,
    buyerReference: reference ?? `PO-${id}`,
  };
}

function european(
  id: string,
  name: string,
  vatId: string,
  address: Customer['address'],
  scheme: string,
): Customer {
  const email = `invoice@${id}.example`;
  const endpoint = `${scheme}:${vatId}`;
  return {
    id: `cus_eu_${id}`,
    name,
    email,
    address,
    tax: 'reverse',
    vatId,
    endpoint,
    buyerReference: `PO-${id}`,
  };
}

const consumer = (id: string, name: string, address: Customer['address']): Customer => ({
  id: `cus_de_${id}`,
  name,
  email: `${id}@post.example`,
  address,
  tax: 'standard',
});

const american = (
  id: string,
  name: string,
  address: Customer['address'],
  tax: Customer['tax'] = 'standard',
): Customer => ({
  id: `cus_us_${id}`,
  name,
  email: `ap@${id}.example`,
  address,
  tax,
});

export interface Product {
  id: string;
  name: string;
  /** Minor units. */
  price: number;
  reduced?: boolean;
}

export interface Profile {
  country: string;
  currency: string;
  seller: string;
  customers: Customer[];
  products: Product[];
}

export const PROFILES: Record<'de' | 'us', Profile> = {
  de: {
    country: 'DE',
    currency: 'eur',
    seller: 'Ledgerway Demo GmbH',
    customers: [
      german(
        'nordwind',
        'Nordwind Logistik GmbH',
        'DE136695976',
        place('Hafenstraße 12', '20457', 'Hamburg', 'DE'),
      ),
      german(
        'kessler',
        'Keßler & Söhne Maschinenbau KG',
        'DE271142053',
        place('Werkweg 3', '70173', 'Stuttgart', 'DE'),
      ),
      german(
        'isarmed',
        'Isarmed Labor GmbH',
        'DE811903876',
        place('Lindwurmstraße 88', '80337', 'München', 'DE'),
      ),
      german(
        'amtneu',
        'Stadt Neuhausen, Kämmerei',
        'DE294550187',
        place('Rathausplatz 1', '01067', 'Dresden', 'DE'),
        '04011000-12345-03',
      ),
      german('papier', 'Papierwerk Ruhr AG', 'DE306177421', place('Zechenring 40', '45127', 'Essen', 'DE')),
      european(
        'alpin',
        'Alpin Sport Handels GmbH',
        'ATU13585627',
        place('Getreidegasse 5', '5020', 'Salzburg', 'AT'),
        '9914',
      ),
      european(
        'grachten',
        'Grachten Software B.V.',
        'NL004495445B01',
        place('Herengracht 210', '1016 BS', 'Amsterdam', 'NL'),
        '9944',
      ),
      european(
        'lumiere',
        'Lumière Éditions SAS',
        'FR83404833048',
        place('12 rue de Sèvres', '75007', 'Paris', 'FR'),
        '9957',
      ),
      consumer('yilmaz', 'Ayşe Yılmaz', place('Sonnenallee 71', '12045', 'Berlin', 'DE')),
      consumer('brandt', 'Jörg Brandt', place('Am Markt 9', '18055', 'Rostock', 'DE')),
    ],
    products: [
      { id: 'prod_de_seat', name: 'Plattform, Arbeitsplatz', price: 4_900 },
      { id: 'prod_de_api', name: 'API-Aufrufe, 1.000 Stück', price: 137 },
      { id: 'prod_de_support', name: 'Support „Premium“, Monat', price: 29_995 },
      { id: 'prod_de_setup', name: 'Einrichtung <vor Ort> & Schulung', price: 118_050 },
      { id: 'prod_de_book', name: 'Handbuch, gedruckt', price: 3_499, reduced: true },
      { id: 'prod_de_report', name: 'Fachzeitschrift, Jahrgang', price: 8_333, reduced: true },
    ],
  },
  us: {
    country: 'US',
    currency: 'usd',
    seller: 'Ledgerway Demo Inc.',
    customers: [
      american('hudson', 'Hudson Freight LLC', place('88 Greenwich St', '10006', 'New York', 'US', 'NY')),
      american('brooklyn', 'Brooklyn Roasters Inc.', place('120 Jay St', '11201', 'Brooklyn', 'US', 'NY')),
      american('queens', "Queen's Diner Group", place('36-01 Steinway St', '11101', 'Queens', 'US', 'NY')),
      american('bronx', 'Bronx Imaging PC', place('1 Fordham Plaza', '10458', 'Bronx', 'US', 'NY')),
      american(
        'library',
        'Empire Public Library',
        place('476 5th Ave', '10018', 'New York', 'US', 'NY'),
        'exempt',
      ),
      american(
        'museum',
        'Museum of Ledgers',
        place('11 W 53rd St', '10019', 'New York', 'US', 'NY'),
        'exempt',
      ),
    ],
    products: [
      { id: 'prod_us_seat', name: 'Platform seat', price: 5_400 },
      { id: 'prod_us_api', name: 'API calls, per 1,000', price: 149 },
      { id: 'prod_us_support', name: 'Premium support, month', price: 32_999 },
      { id: 'prod_us_onsite', name: 'On-site training & set-up', price: 127_525 },
    ],
  },
};
