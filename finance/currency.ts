import { FinanceError } from '../errors';
import type { Currency } from './documents';

/**
 * ISO 4217 list one, active codes by their exponent ("minor unit"). An own table, because `Intl` says 0 for HUF and
 * IDR. Units without an exponent (XAU, XDR, XTS, XXX …) are left out: no invoice is written in them. BGN stays for
 * documents from before Bulgaria's euro (2026).
 */
const CODES_BY_EXPONENT: Record<number, string> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  2: `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
    CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF
    IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN
    MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS
    SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW
    ZWG`,
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};

const EXPONENTS = new Map(
  Object.entries(CODES_BY_EXPONENT).flatMap(([exponent, codes]) =>
    codes.split(/\s+/).map((code) => [code, Number(exponent)] as const),
  ),
);

/** All known ISO 4217 codes, in no particular order. */
export const CURRENCIES: readonly Currency[] = [...EXPONENTS.keys()];

/**
 * Number of decimals of a currency (ISO 4217 "minor unit"): EUR 2, JPY 0, KWD 3, CLF 4.
 * @throws FinanceError DOCUMENT_CURRENCY_UNKNOWN
 */
export function exponentOf(currency: Currency): number {
  const exponent = EXPONENTS.get(currency);
  if (exponent !== undefined) return exponent;
  throw new FinanceError('DOCUMENT_CURRENCY_UNKNOWN', {
    message: `"${String(currency).slice(0, 20)}" is not an ISO 4217 currency code.`,
    details: { currency: String(currency).slice(0, 20) },
  });
}

/**
 * Holds the value to an upper-case ISO 4217 code.
 * @throws FinanceError DOCUMENT_CURRENCY_UNKNOWN
 */
export function assertCurrency(currency: unknown): asserts currency is Currency {
  exponentOf(currency as Currency);
}
