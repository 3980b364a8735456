import { createHmac, timingSafeEqual } from 'node:crypto';
import { FinanceError } from '../../errors';

/** Request headers with lower-case names, as Node gives them. */
export type Headers = Record<string, string | string[] | undefined>;

export interface VerifyInput {
  /** The exact bytes that came. */
  rawBody: Buffer;
  headers: Headers;
  /** All that are valid now: during a rotation the old one and the new one. */
  secrets: string[];
  now: Date;
  /** How far the signed time may lie from `now`, before or after. */
  toleranceSeconds: number;
}

/** What a signature proves beyond the body. */
export interface Verified {
  eventId?: string;
  timestamp?: Date;
}

export interface SignInput {
  rawBody: Buffer;
  secret: string;
  timestamp: Date;
  /** For schemes that sign an id. */
  id?: string;
}

/** How one kind of sender signs. */
export interface Scheme {
  readonly name: string;
  /** @throws FinanceError SOURCE_SIGNATURE, SOURCE_TIMESTAMP, CONFIG_SECRET_MISSING */
  verify(input: VerifyInput): Verified;
  /** Headers that a sender would give; for tests of flows. */
  sign(input: SignInput): Record<string, string>;
}

/** The one value of a header. @throws FinanceError SOURCE_SIGNATURE where it is missing or came twice */
export function headerOf(headers: Headers, name: string): string {
  const value = headers[name.toLowerCase()];
  if (typeof value === 'string' && value !== '') return value;
  throw new FinanceError('SOURCE_SIGNATURE', {
    message: `The header ${name} is ${value ? 'there more than once' : 'missing'}.`,
  });
}

/** Compares in a time that does not depend on where the two differ. */
export function sameText(expected: string, given: string): boolean {
  const a = Buffer.from(expected);
  const b = Buffer.from(given);
  return a.length === b.length && timingSafeEqual(a, b);
}

/** HMAC over several parts, without joining them first. */
export function hmac(algorithm: string, key: string | Buffer, parts: (string | Buffer)[]): Buffer {
  const mac = createHmac(algorithm, key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

/** @throws FinanceError SOURCE_SIGNATURE unless one of the candidates passes; each one is tried */
export function requireOne<T>(candidates: T[], passes: (candidate: T) => boolean): void {
  if (candidates.filter(passes).length === 0) throw new FinanceError('SOURCE_SIGNATURE');
}

/** @throws FinanceError CONFIG_SECRET_MISSING */
export function requireSecrets(secrets: string[]): string[] {
  const usable = secrets.filter((secret) => secret !== '');
  if (usable.length === 0)
    throw new FinanceError('CONFIG_SECRET_MISSING', { message: 'No signing secret is set.' });
  return usable;
}

/** @throws FinanceError SOURCE_TIMESTAMP for a time too long ago or too far ahead */
export function requireNear(timestamp: Date, input: Pick<VerifyInput, 'now' | 'toleranceSeconds'>): void {
  const seconds = (timestamp.getTime() - input.now.getTime()) / 1000;
  if (Math.abs(seconds) <= input.toleranceSeconds) return;
  throw new FinanceError('SOURCE_TIMESTAMP', {
    message: `The signature was made ${Math.abs(Math.round(seconds))} s ${seconds < 0 ? 'ago' : 'ahead of now'}; allowed are ${input.toleranceSeconds} s.`,
  });
}

/** Seconds since 1970 as a Date. @throws FinanceError SOURCE_SIGNATURE for anything but digits */
export function fromUnixSeconds(text: string): Date {
  if (!/^\d{1,11}$/.test(text))
    throw new FinanceError('SOURCE_SIGNATURE', { message: 'The signed time is not a time.' });
  return new Date(Number(text) * 1000);
}

export const toUnixSeconds = (time: Date): string => String(Math.floor(time.getTime() / 1000));
