import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FinanceError } from '../errors';
import { credentialSecret, layoutOf } from './config';
import { type Credentials, encryptCredentials } from './credentials';

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
  writeFileSync(
    layout.credentials,
    JSON.stringify(encryptCredentials(credentials, credentialSecret(dataDir))),
    {
      mode: 0o600,
    },
  );
  writeFileSync(layout.flows, readFileSync(join(template, 'flow.json')));
  return true;
}
