import { scrubText } from '../engine';

/** Length of an IBAN by country (ISO 13616 registry, SWIFT). */
const IBAN_LENGTHS: ReadonlyMap<string, number> = new Map(
  `AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28
   EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26
   IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28
   NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25
   SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30`
    .split(/\s+/)
    .map((each) => [each.slice(0, 2), Number(each.slice(2))]),
);

const IBAN = /(?<![A-Z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}/gi;
// Every part is bounded, so that no text makes the search slow.
const E_MAIL = /[\p{L}\p{N}._%+'-]{1,64}@(?:[\p{L}\p{N}-]{1,63}\.){1,8}\p{L}{2,24}/gu;
const BEARER = /\b(Bearer|Basic) [A-Za-z0-9._~+/=-]{6,}/g;

/**
 * A text as it may stand in a log: without known secrets, authorization headers, IBANs and e-mail addresses. An IBAN
 * is known by its country's length and its check digits (ISO 7064 MOD 97-10), grouped or not.
 */
export function redact(text: string): string {
  let clean = scrubText(text).replace(BEARER, '$1 [secret]');
  if (clean.includes('@')) clean = clean.replace(E_MAIL, '[e-mail]');
  return clean.replace(IBAN, hideIban);
}

function hideIban(found: string): string {
  const country = found.slice(0, 2).toUpperCase();
  const length = IBAN_LENGTHS.get(country);
  if (length === undefined) return found;
  const end = endOf(found, length);
  if (end === undefined || !checks(found.slice(0, end))) return found;
  return `[IBAN ${country}]${found.slice(end)}`;
}

/** Where `length` letters and digits of the text end. */
function endOf(text: string, length: number): number | undefined {
  let seen = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] !== ' ' && text[index] !== '-') seen++;
    if (seen === length) return index + 1;
  }
  return undefined;
}

function checks(iban: string): boolean {
  const plain = iban.replaceAll(/[ -]/g, '').toUpperCase();
  const turned = plain.slice(4) + plain.slice(0, 4);
  const digits = turned.replaceAll(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  return BigInt(digits) % 97n === 1n;
}
