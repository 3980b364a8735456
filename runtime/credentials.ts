import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { FinanceError } from '../errors';

/** Node id → credentials of the node. */
export type Credentials = Record<string, Record<string, string>>;

/** Length of the initialisation vector in hex digits. */
const IV_DIGITS = 32;

const keyOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** Node-RED's own form of a credential file: AES-256-CTR under SHA-256 of the secret, IV in hex before it. */
export function encryptCredentials(credentials: Credentials, secret: string): { $: string } {
  const iv = randomBytes(IV_DIGITS / 2);
  const cipher = createCipheriv('aes-256-ctr', keyOf(secret), iv);
  const text = cipher.update(JSON.stringify(credentials), 'utf8', 'base64') + cipher.final('base64');
  return { $: iv.toString('hex') + text };
}

/**
 * The credentials of a file that Node-RED wrote.
 * @throws CONFIG_INVALID where the secret is not the one that they were encrypted with
 */
export function decryptCredentials(file: unknown, secret: string): Credentials {
  const { $: sealed, ...open } = (file ?? {}) as { $?: unknown };
  if (typeof sealed !== 'string') return open as Credentials;
  const iv = Buffer.from(sealed.slice(0, IV_DIGITS), 'hex');
  const decipher = createDecipheriv('aes-256-ctr', keyOf(secret), iv);
  const text = decipher.update(sealed.slice(IV_DIGITS), 'base64', 'utf8') + decipher.final('utf8');
  try {
    return JSON.parse(text) as Credentials;
  } catch {
    // the cause would quote what was decrypted
    throw new FinanceError('CONFIG_INVALID', {
      message: 'The credentials of the flows cannot be decrypted.',
      hint: 'Set LEDGERWAY_CREDENTIAL_SECRET as the runtime has it, or name its data folder.',
    });
  }
}
