import { FinanceError } from '../../errors';
import {
  fromUnixSeconds,
  headerOf,
  hmac,
  requireNear,
  requireOne,
  requireSecrets,
  type Scheme,
  sameText,
  toUnixSeconds,
} from './scheme';

const HEADER = 'stripe-signature';

function readHeader(header: string): { t: string; signatures: string[] } {
  const pairs = header.split(',').map((item) => item.trim().split('=', 2));
  const valuesOf = (name: string) => pairs.flatMap(([key, value]) => (key === name && value ? [value] : []));
  const times = valuesOf('t');
  if (times.length !== 1)
    throw new FinanceError('SOURCE_SIGNATURE', { message: 'The header names no single time.' });
  return { t: times[0]!, signatures: valuesOf('v1') };
}

/** The id inside the body, if it can be read; a body that cannot is the reader's concern, not the signature's. */
function idOfBody(rawBody: Buffer): string | undefined {
  try {
    const id = (JSON.parse(rawBody.toString()) as { id?: unknown } | null)?.id;
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}

const macOf = (secret: string, t: string, rawBody: Buffer) =>
  hmac('sha256', secret, [`${t}.`, rawBody]).toString('hex');

/**
 * Stripe: `Stripe-Signature: t=<unix seconds>,v1=<hex>[,v1=…]`, HMAC-SHA256 over `{t}.{body}`, keyed with the whole
 * secret as text (docs.stripe.com/webhooks/signature). Unlike the vendor's library it refuses a time ahead of now.
 */
export const stripe: Scheme = {
  name: 'stripe',
  verify(input) {
    const secrets = requireSecrets(input.secrets);
    const { t, signatures } = readHeader(headerOf(input.headers, HEADER));
    const timestamp = fromUnixSeconds(t);
    requireOne(secrets, (secret) => {
      const expected = macOf(secret, t, input.rawBody);
      return signatures.filter((given) => sameText(expected, given)).length > 0;
    });
    requireNear(timestamp, input);
    return { eventId: idOfBody(input.rawBody), timestamp };
  },
  sign({ rawBody, secret, timestamp }) {
    const t = toUnixSeconds(timestamp);
    return { [HEADER]: `t=${t},v1=${macOf(secret, t, rawBody)}` };
  },
};
