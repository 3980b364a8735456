import {
  bindCompared,
  connectOdoo,
  isBound,
  type OdooClient,
  type OdooOptions,
  type PostableDocument,
  poster,
  posterNameOf,
  type ShadowComparison,
  shadow,
} from '../connectors/odoo';
import type { LinkDesk, RecordComparison, RecordReference } from '../console/api/services';
import { type DocumentRow, type Json, knowSecret, type Store } from '../engine';
import { FinanceError } from '../errors';
import { externalKey, type LegalEntity, validateDocument } from '../finance';
import { deployedEntity } from './entities';
import { deployedNodes, fromEnvironment } from './flows';
import { type OdooConnection, odooConnections } from './odoo-connections';

const TIMEOUT_MS = 30_000;

/** What was looked at, and with what. */
interface Look {
  client: OdooClient;
  options: OdooOptions;
  posted: PostableDocument;
  compared: ShadowComparison;
  entity: LegalEntity;
}

/** Looks into Odoo for what somebody posted by hand, as the deployed flows are connected with it. */
export class OdooLinks implements LinkDesk {
  constructor(
    private readonly dataDir: string,
    private readonly reader: Pick<Store, 'trace'>,
  ) {}

  async compare(document: DocumentRow, canonical: Json, record: RecordReference): Promise<RecordComparison> {
    return await this.look(document, canonical, record, async ({ client, posted, compared, entity }) => {
      if (compared.outcome === 'missing')
        throw new FinanceError('ODOO_MISSING', { message: `Odoo has no ${record.model} ${record.id}.` });
      // throws where the record is another document's
      await isBound(client, posted, compared, entity.odooCompany);
      const { name = null, differences, recordId } = compared;
      return {
        name,
        differences: differences.map(({ field, expected, found }) => ({
          field,
          expected: (expected ?? null) as Json,
          found: (found ?? null) as Json,
        })),
        steps: [
          {
            kind: 'odoo.link',
            target: `${client.url}/${client.database}`,
            externalKey: compared.externalKey,
            name: 'linked by hand',
            request: { model: record.model, id: record.id },
            result: { recordId: recordId ?? null, name },
          },
        ],
      };
    });
  }

  async keep(document: DocumentRow, record: RecordReference): Promise<void> {
    const { bodies } = await this.reader.trace({ documentId: document.id });
    const canonical = JSON.parse(bodies.findLast(({ role }) => role === 'canonical')?.text ?? 'null') as Json;
    await this.look(document, canonical, record, async ({ client, options, posted, compared, entity }) => {
      const admin = administrator(options);
      try {
        await bindCompared(client, admin ?? client, posted, compared, entity.odooCompany);
      } finally {
        admin?.close();
      }
    });
  }

  private async look<Result>(
    { entity: key }: DocumentRow,
    canonical: Json,
    { model, id }: RecordReference,
    work: (look: Look) => Promise<Result>,
  ): Promise<Result> {
    const posted = validateDocument(canonical) as PostableDocument;
    const wanted = poster(posterNameOf(posted)).model;
    if (model !== wanted)
      throw new FinanceError('API_INVALID', { message: `A ${posted.kind} becomes a record of ${wanted}.` });
    const entity = deployedEntity(this.dataDir, key);
    const connection = this.connectionOf(key);
    const options = { timeoutMs: TIMEOUT_MS, ...connection.options() };
    const client = connectOdoo(options);
    try {
      const terms = { entity, prefix: connection.prefix, externalKey: externalKey(posted), recordId: id };
      const compared = await shadow(client, posted, terms);
      return await work({ client, options, posted, compared, entity });
    } finally {
      client.close();
    }
  }

  /** The connection that the entity's documents are posted through. @throws CONFIG_INVALID where there is none */
  private connectionOf(key: string): OdooConnection {
    const nodes = deployedNodes(this.dataDir);
    const entities = nodes.filter(({ type, key: own }) => type === ENTITY && fromEnvironment(own) === key);
    const post = nodes.find(({ type, entity }) => type === POST && entities.some(({ id }) => id === entity));
    const connection = odooConnections(this.dataDir).find(({ id }) => id === post?.connection);
    if (connection) return connection;
    throw new FinanceError('CONFIG_INVALID', {
      message: `No deployed flow posts documents of ${key} into Odoo.`,
    });
  }
}

/**
 * Only an administrator of Odoo may give a record that exists an external key: LEDGERWAY_ODOO_ADMIN and
 * LEDGERWAY_ODOO_ADMIN_KEY, used for nothing else. Without them the integration user tries.
 */
function administrator(options: OdooOptions): OdooClient | undefined {
  const { LEDGERWAY_ODOO_ADMIN: login, LEDGERWAY_ODOO_ADMIN_KEY: key } = process.env;
  if (!login || !key) return undefined;
  knowSecret(key);
  // JSON-2 takes no password; a person has one
  const protocol = options.protocol === 'xmlrpc' ? 'xmlrpc' : 'jsonrpc';
  return connectOdoo({ ...options, login, secret: () => key, protocol });
}

const ENTITY = 'ledgerway-legal-entity';
const POST = 'ledgerway-odoo-post';
