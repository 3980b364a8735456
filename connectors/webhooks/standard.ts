import { createPrivateKey, createPublicKey, sign as signBytes, verify as verifyBytes } from 'node:crypto';
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

/** DER in front of the 32 raw bytes of an Ed25519 key (RFC 8410). */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

const rawKey = (text: string, prefix: string): Buffer => {
  const key = Buffer.from(text.startsWith(prefix) ? text.slice(prefix.length) : text, 'base64');
  if (key.length > 0) return key;
  throw new FinanceError('CONFIG_INVALID', { message: 'A signing secret is not base64.' });
};

function ed25519Key(text: string, prefix: string): Buffer {
  const key = rawKey(text, prefix);
  if (key.length >= 32) return key.subarray(0, 32);
  throw new FinanceError('CONFIG_INVALID', { message: 'An Ed25519 key has fewer than 32 bytes.' });
}

const macOf = (secret: string, prefix: string, rawBody: Buffer): string =>
  hmac('sha256', rawKey(secret, 'whsec_'), [prefix, rawBody]).toString('base64');

function passes(secret: string, signature: string, prefix: string, rawBody: Buffer): boolean {
  const comma = signature.indexOf(',');
  const version = signature.slice(0, comma);
  const given = signature.slice(comma + 1);
  const isPublicKey = secret.startsWith('whpk_');
  if (version === 'v1' && !isPublicKey) return sameText(macOf(secret, prefix, rawBody), given);
  if (version !== 'v1a' || !isPublicKey) return false;
  const bytes = Buffer.from(given, 'base64');
  if (bytes.toString('base64') !== given) return false;
  const key = createPublicKey({
    key: Buffer.concat([SPKI, ed25519Key(secret, 'whpk_')]),
    format: 'der',
    type: 'spki',
  });
  return verifyBytes(null, Buffer.concat([Buffer.from(prefix), rawBody]), key, bytes);
}

/**
 * Standard Webhooks 1.0 (standardwebhooks.com): `webhook-id`, `webhook-timestamp`, `webhook-signature` with one or more
 * `v1,<base64>` (HMAC-SHA256, secret `whsec_<base64>`) and `v1a,<base64>` (Ed25519, public key `whpk_<base64>`), over
 * `{id}.{timestamp}.{body}`. To sign v1a, `sign` takes the private key as `whsk_<base64>`.
 */
export const standardWebhooks: Scheme = {
  name: 'standard-webhooks',
  verify(input) {
    const secrets = requireSecrets(input.secrets);
    const eventId = headerOf(input.headers, 'webhook-id');
    const t = headerOf(input.headers, 'webhook-timestamp');
    const timestamp = fromUnixSeconds(t);
    const signatures = headerOf(input.headers, 'webhook-signature').split(' ');
    const prefix = `${eventId}.${t}.`;
    requireOne(
      secrets,
      (secret) => signatures.filter((given) => passes(secret, given, prefix, input.rawBody)).length > 0,
    );
    requireNear(timestamp, input);
    return { eventId, timestamp };
  },
  sign({ rawBody, secret, timestamp, id = 'msg_test' }) {
    const t = toUnixSeconds(timestamp);
    const prefix = `${id}.${t}.`;
    const headers = { 'webhook-id': id, 'webhook-timestamp': t };
    if (!secret.startsWith('whsk_'))
      return { ...headers, 'webhook-signature': `v1,${macOf(secret, prefix, rawBody)}` };
    const der = Buffer.concat([PKCS8, ed25519Key(secret, 'whsk_')]);
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const signature = signBytes(null, Buffer.concat([Buffer.from(prefix), rawBody]), key);
    return { ...headers, 'webhook-signature': `v1a,${signature.toString('base64')}` };
  },
};
