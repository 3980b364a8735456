import { readFileSync } from 'node:fs';
import {
  Batcher,
  connectOdoo,
  DEFAULT_PREFIX,
  type OdooClient,
  type ProtocolName,
  secretSource,
} from '../../connectors/odoo';
import { knowSecret } from '../../engine';
import { FinanceError } from '../../errors';
import type { ConnectionNode } from '../kit/config-nodes';
import { numberField, optionalField, requiredField } from '../kit/fields';
import { migrate } from '../kit/migrate';
import type { NodeConfig, RedApi } from '../kit/red';

interface OdooConnectionConfig extends NodeConfig {
  url?: string;
  database?: string;
  protocol?: ProtocolName;
  login?: string;
  timeoutSeconds?: number | string;
  concurrency?: number | string;
  /** PEM file of the authority that signed the server's certificate. */
  caFile?: string;
  /** Module part of external ids. */
  prefix?: string;
  /** How long a batch waits for more documents. */
  batchWindowMs?: number | string;
  /** Most documents of a batch. */
  batchSize?: number | string;
}

/** One connection to one database, shared by all nodes that name it; opened by the first call. */
export = (RED: RedApi): void => {
  RED.nodes.registerType(
    'ledgerway-odoo-connection',
    function (this: ConnectionNode, given: OdooConnectionConfig) {
      RED.nodes.createNode(this, given);
      const config = migrate(given);
      const url = optionalField(config.url)?.replace(/\/+$/, '') ?? '';
      this.target = `${url}/${config.database ?? ''}`;
      this.prefix = optionalField(config.prefix) ?? DEFAULT_PREFIX;
      const secret = secretSource(this.credentials?.secret ?? '');
      let client: OdooClient | undefined;
      let writer: Batcher | undefined;
      this.client = () => {
        client ??= connect(config, secret);
        return client;
      };
      this.writer = () => {
        writer ??= batcher(config, this.client());
        return writer;
      };
      this.on('close', () => client?.close());
    },
    { credentials: { secret: { type: 'password' } } },
  );
};

/** @throws CONFIG_INVALID */
function connect(config: OdooConnectionConfig, readSecret: () => string): OdooClient {
  const url = requiredField(config.url, 'url');
  if (!URL.canParse(url))
    throw new FinanceError('CONFIG_INVALID', { message: 'The field url is not an address.' });
  return connectOdoo({
    url,
    database: requiredField(config.database, 'database'),
    login: requiredField(config.login, 'login'),
    secret: () => {
      const secret = readSecret();
      knowSecret(secret);
      return secret;
    },
    protocol: config.protocol || 'auto',
    concurrency: numberField(config.concurrency, 'concurrency', 2, 1),
    timeoutMs: numberField(config.timeoutSeconds, 'timeoutSeconds', 130, 1) * 1000,
    ca: readAuthority(optionalField(config.caFile)),
  });
}

/** @throws CONFIG_INVALID */
function batcher({ batchWindowMs, batchSize }: OdooConnectionConfig, client: OdooClient): Batcher {
  return new Batcher(client, {
    windowMs: numberField(batchWindowMs, 'batchWindowMs', 20),
    size: numberField(batchSize, 'batchSize', 50, 1),
  });
}

/** @throws CONFIG_INVALID */
function readAuthority(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new FinanceError('CONFIG_INVALID', { message: `The file ${file} cannot be read.`, cause });
  }
}
