import {
  actionOf,
  type OneTransaction,
  type PostableDocument,
  type PrepareOptions,
  posterNameOf,
} from '../../connectors/odoo';
import { externalKey, type LegalEntity } from '../../finance';
import { type ConnectionNode, configNode, type EntityNode, submitsEInvoices } from '../kit/config-nodes';
import { assertEntity, documentIn } from '../kit/documents';
import type { FlowNode, Message, RedApi } from '../kit/red';
import type { Run } from '../kit/step-node';
import type { OdooRun } from './record';
import { type OdooPostConfig, type OdooPostSettings, settingsOf } from './settings';

/** A document of a message, and what its posting needs to know. */
export interface Read {
  entity: LegalEntity;
  document: PostableDocument;
  options: PrepareOptions;
}

/** Where a node posts: its legal entity, its connection, its settings. */
export class Place {
  readonly settings: OdooPostSettings;
  private readonly entityNode: EntityNode;
  private readonly connection: ConnectionNode;
  private known?: Promise<OneTransaction>;

  /** @throws CONFIG_INVALID */
  constructor(
    private readonly RED: RedApi,
    config: OdooPostConfig,
    private readonly node: FlowNode,
  ) {
    this.settings = settingsOf(config);
    this.entityNode = configNode(RED, 'ledgerway-legal-entity', config.entity);
    this.connection = configNode(RED, 'ledgerway-odoo-connection', config.connection);
    this.entityNode.entity();
    this.connection.writer();
  }

  get client(): OdooRun['client'] {
    return this.connection.client();
  }

  get prefix(): string {
    return this.connection.prefix;
  }

  /** @throws RUN_NO_DOCUMENT, MAP_INPUT_INVALID, ODOO_VALIDATION for a kind that is not posted, CONFIG_INVALID */
  read(msg: Message): Read {
    const entity = this.entityNode.entity();
    const document = documentIn(msg) as PostableDocument;
    posterNameOf(document);
    assertEntity(document.entity, entity);
    const options = { entity, externalKey: externalKey(document), prefix: this.prefix };
    return { entity, document, options };
  }

  run({ store, context }: Run): OdooRun {
    const { client, connection } = this;
    const { serverAction } = this.settings;
    return {
      store,
      context,
      client,
      writer: connection.writer(),
      ...(serverAction && { oneTransaction: () => this.action(serverAction) }),
      sendsEInvoices: () => submitsEInvoices(this.RED, this.entityNode),
      target: connection.target,
      name: this.node.name || 'odoo post',
      nodeId: this.node.id,
    };
  }

  /** Looked up once; a failed look is not remembered. */
  private action(configured: string): Promise<OneTransaction> {
    this.known ??= actionOf(this.client, configured).catch((error: unknown) => {
      this.known = undefined;
      throw error;
    });
    return this.known;
  }
}
