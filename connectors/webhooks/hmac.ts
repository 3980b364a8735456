import Ajv from 'ajv';
import { FinanceError } from '../../errors';
import {
  fromUnixSeconds,
  type Headers,
  headerOf,
  hmac as macOf,
  requireNear,
  requireOne,
  requireSecrets,
  type Scheme,
  sameText,
} from './scheme';

/** A sender that signs with an HMAC of its own make, declared instead of programmed. */
export interface HmacOptions {
  scheme: 'hmac';
  /** The header with the signature, or several of them joined by commas or blanks. */
  header: string;
  encoding: 'hex' | 'base64';
  /** In front of each signature, e.g. `sha256=`; a signature without it is not looked at. */
  prefix?: string;
  /** How the secret is written; `text` where left out. */
  key?: 'text' | 'hex' | 'base64';
  algorithm?: 'sha256' | 'sha512';
  /** What is signed, `{body}` where left out; may hold `{timestamp}` and `{id}`. */
  signed?: string;
  timestamp?: { header: string; unit?: 'seconds' | 'milliseconds' | 'rfc3339' };
  /** The header with the event's id; it is only trusted where `signed` holds it. */
  idHeader?: string;
}

const name = { type: 'string', pattern: '^[A-Za-z0-9-]+$' };
const isOptions = new Ajv({ allErrors: true }).compile<HmacOptions>({
  type: 'object',
  additionalProperties: false,
  required: ['scheme', 'header', 'encoding'],
  properties: {
    scheme: { const: 'hmac' },
    header: name,
    encoding: { enum: ['hex', 'base64'] },
    prefix: { type: 'string', pattern: '^[!-~]*$' },
    key: { enum: ['text', 'hex', 'base64'] },
    algorithm: { enum: ['sha256', 'sha512'] },
    signed: { type: 'string', pattern: '\\{body\\}' },
    timestamp: {
      type: 'object',
      additionalProperties: false,
      required: ['header'],
      properties: { header: name, unit: { enum: ['seconds', 'milliseconds', 'rfc3339'] } },
    },
    idHeader: name,
  },
});

const invalid = (message: string) =>
  new FinanceError('CONFIG_INVALID', { message: `Webhook scheme: ${message}` });

/** `{timestamp}.{body}` as its parts; a part is a placeholder or a text. */
function readTemplate(options: HmacOptions): string[] {
  const parts = (options.signed ?? '{body}').split(/(\{[^}]*\})/).filter((part) => part !== '');
  for (const part of parts.filter((text) => text.startsWith('{')))
    if (!['{body}', '{timestamp}', '{id}'].includes(part)) throw invalid(`signed: ${part} is not known`);
  if (parts.includes('{timestamp}') !== (options.timestamp !== undefined))
    throw invalid(
      'a time proves something only if it is signed: set both "timestamp" and {timestamp}, or neither',
    );
  if (parts.includes('{id}') && !options.idHeader) throw invalid('signed: {id} needs idHeader');
  return parts;
}

function readTime(text: string, unit: 'seconds' | 'milliseconds' | 'rfc3339'): Date {
  if (unit === 'seconds') return fromUnixSeconds(text);
  const time =
    unit === 'milliseconds' ? (/^\d{1,14}$/.test(text) ? Number(text) : Number.NaN) : Date.parse(text);
  if (Number.isNaN(time))
    throw new FinanceError('SOURCE_SIGNATURE', { message: 'The signed time is not a time.' });
  return new Date(time);
}

function writeTime(time: Date, unit: 'seconds' | 'milliseconds' | 'rfc3339'): string {
  if (unit === 'rfc3339') return time.toISOString();
  return String(unit === 'seconds' ? Math.floor(time.getTime() / 1000) : time.getTime());
}

/**
 * The scheme that the options declare.
 *
 * @throws FinanceError CONFIG_INVALID
 */
export function hmacScheme(options: unknown): Scheme {
  if (!isOptions(options)) {
    const first = isOptions.errors?.[0];
    throw invalid(`${first?.instancePath || 'options'} ${first?.message}`);
  }
  const { header, encoding, prefix = '', key = 'text', algorithm = 'sha256', timestamp, idHeader } = options;
  const template = readTemplate(options);
  const unit = timestamp?.unit ?? 'seconds';

  const sign = (secret: string, values: Record<string, string | Buffer>): string => {
    const keyBytes = key === 'text' ? secret : Buffer.from(secret, key);
    if (keyBytes.length === 0) throw invalid(`the secret is not ${key}`);
    return macOf(
      algorithm,
      keyBytes,
      template.map((part) => (part.startsWith('{') ? values[part]! : part)),
    ).toString(encoding);
  };

  /** Senders differ in the case of hex digits; base64 is compared as it stands. */
  const signaturesIn = (headers: Headers): string[] =>
    headerOf(headers, header)
      .split(/[\s,]+/)
      .filter((item) => item.startsWith(prefix))
      .map((item) => item.slice(prefix.length))
      .map((item) => (encoding === 'hex' ? item.toLowerCase() : item));

  return {
    name: 'hmac',
    verify(input) {
      const secrets = requireSecrets(input.secrets);
      const t = timestamp && headerOf(input.headers, timestamp.header);
      const id = template.includes('{id}') ? headerOf(input.headers, idHeader!) : undefined;
      const time = t === undefined ? undefined : readTime(t, unit);
      const given = signaturesIn(input.headers);
      const values = { '{body}': input.rawBody, '{timestamp}': t ?? '', '{id}': id ?? '' };
      requireOne(secrets, (secret) => {
        const expected = sign(secret, values);
        return given.filter((signature) => sameText(expected, signature)).length > 0;
      });
      if (time) requireNear(time, input);
      return { eventId: id, timestamp: time };
    },
    sign({ rawBody, secret, timestamp: time, id = 'evt_test' }) {
      const t = writeTime(time, unit);
      const signature = sign(secret, { '{body}': rawBody, '{timestamp}': t, '{id}': id });
      return {
        [header.toLowerCase()]: prefix + signature,
        ...(timestamp && { [timestamp.header.toLowerCase()]: t }),
        ...(idHeader && { [idHeader.toLowerCase()]: id }),
      };
    },
  };
}
