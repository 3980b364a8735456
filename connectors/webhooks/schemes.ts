import { FinanceError } from '../../errors';
import { type HmacOptions, hmacScheme } from './hmac';
import type { Scheme, SignInput, Verified, VerifyInput } from './scheme';
import { standardWebhooks } from './standard';
import { stripe } from './stripe';

/** A scheme of the table by name, one with options, or one made before. */
export type SchemeConfig = string | HmacOptions | { scheme: string } | Scheme;

type SchemeMaker = (options: unknown) => Scheme;

const TABLE = new Map<string, SchemeMaker>([
  ['stripe', () => stripe],
  ['standard-webhooks', () => standardWebhooks],
  ['hmac', hmacScheme],
]);

/** Adds a way of signing to the table. @throws FinanceError CONFIG_INVALID for a name that is taken */
export function addScheme(name: string, make: SchemeMaker): void {
  if (TABLE.has(name))
    throw new FinanceError('CONFIG_INVALID', { message: `The webhook scheme ${name} exists already.` });
  TABLE.set(name, make);
}

export const schemeNames = (): string[] => [...TABLE.keys()];

/**
 * The scheme of a configuration; make it once, at start.
 *
 * @throws FinanceError CONFIG_INVALID
 */
export function schemeOf(config: SchemeConfig): Scheme {
  if (typeof config === 'object' && 'verify' in config) return config;
  const name = typeof config === 'string' ? config : config.scheme;
  const make = TABLE.get(name);
  if (!make)
    throw new FinanceError('CONFIG_INVALID', {
      message: `The webhook scheme ${name} is not known; known are ${schemeNames().join(', ')}.`,
    });
  return make(config);
}

/**
 * Checks signature and time of a request. Replays are refused by the caller, who remembers `eventId`.
 *
 * @throws FinanceError SOURCE_SIGNATURE, SOURCE_TIMESTAMP, CONFIG_INVALID, CONFIG_SECRET_MISSING
 */
export function verify(scheme: SchemeConfig, input: VerifyInput): Verified {
  return schemeOf(scheme).verify(input);
}

/**
 * The headers with which a sender would sign this body: for tests of a flow against `webhook in`.
 *
 * @throws FinanceError CONFIG_INVALID
 */
export function signTestHeader(scheme: SchemeConfig, input: SignInput): Record<string, string> {
  return schemeOf(scheme).sign(input);
}
