import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FinanceError } from '../errors';
import { credentialSecret, layoutOf } from './config';

/** Node id → credentials of the node. */
export type Credentials = Record<string, Record<string, string>>;

const TEMPLATES = join(__dirname, '..', 'flows');

/**
 * Puts a packaged template into a data folder that has no flows yet: flow, mappings, and the credentials
 * (encrypted as Node-RED keeps them). A folder that has flows is left as it is.
 * @returns whether anything was put there
 * @throws STORE_NOT_FOUND where there is no such template
 */
export function installTemplate(dataDir: string, name: string, credentials: Credentials): boolean {
  const template = join(TEMPLATES, name);
  if (!existsSync(join(template, 'flow.json')))
    throw new FinanceError('STORE_NOT_FOUND', { message: `There is no template ${name}.` });
  const layout = layoutOf(dataDir);
  if (existsSync(layout.flows)) return false;
  mkdirSync(dirname(layout.flows), { recursive: true });
  mkdirSync(layout.mappings, { recursive: true });
  if (existsSync(join(template, 'mappings')))
    cpSync(join(template, 'mappings'), layout.mappings, { recursive: true });
  writeFileSync(layout.credentials, JSON.stringify(encrypt(credentials, credentialSecret(dataDir))), {
    mode: 0o600,
  });
  writeFileSync(layout.flows, readFileSync(join(template, 'flow.json')));
  return true;
}

/** Node-RED's own form of a credential file: AES-256-CTR under SHA-256 of the secret, IV in hex before it. */
function encrypt(credentials: Credentials, secret: string): { $: string } {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-ctr', createHash('sha256').update(secret).digest(), iv);
  return {
    $:
      iv.toString('hex') +
      cipher.update(JSON.stringify(credentials), 'utf8', 'base64') +
      cipher.final('base64'),
  };
}
