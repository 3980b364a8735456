import type { EInvoiceChannel } from '../../connectors/einvoice';
import type { OdooClient, Writer } from '../../connectors/odoo';
import type { TaxEngine } from '../../connectors/tax';
import type { Store } from '../../engine';
import { FinanceError } from '../../errors';
import type { Decimal, LegalEntity, TaxEngineMode } from '../../finance';
import type { FlowNode, NodeConfig, RedApi } from './red';

export interface EntityNode extends FlowNode {
  /** @throws CONFIG_INVALID */
  entity(): LegalEntity;
  /** `HH:MM` at which documents of a kind that is taken in batches go on; undefined for real-time ones. */
  batchAt(kind: string): string | undefined;
}

export interface StoreNode extends FlowNode {
  /** Name in the settings. */
  storeName: string;
  /** @throws CONFIG_HOST_MISSING, CONFIG_INVALID */
  store(): Store;
}

export interface ConnectionNode extends FlowNode {
  /** Module part of external ids. */
  prefix: string;
  /** `<url>/<database>`, the target of steps. */
  target: string;
  client(): OdooClient;
  /** Makes, posts and reads records in micro-batches, with those of all nodes that name this connection. */
  writer(): Writer;
}

export interface TaxServiceNode extends FlowNode {
  mode: TaxEngineMode;
  tolerance: Decimal;
  fallback: 'hold' | 'provisional';
  target: string;
  /** @throws CONFIG_INVALID, CONFIG_SECRET_MISSING */
  engine(): TaxEngine;
}

export interface ChannelNode extends FlowNode {
  target: string;
  /** @throws CONFIG_INVALID, CONFIG_SECRET_MISSING */
  channel(): EInvoiceChannel;
}

interface ConfigNodes {
  'ledgerway-legal-entity': EntityNode;
  'ledgerway-document-store': StoreNode;
  'ledgerway-odoo-connection': ConnectionNode;
  'ledgerway-tax-service': TaxServiceNode;
  'ledgerway-einvoice-channel': ChannelNode;
}

/**
 * The configuration node of an id.
 * @throws CONFIG_INVALID naming what is not chosen or was deleted
 */
export function configNode<Type extends keyof ConfigNodes>(
  RED: RedApi,
  type: Type,
  id: string | undefined,
): ConfigNodes[Type] {
  const node = id ? RED.nodes.getNode(id) : null;
  if (node?.type === type) return node as ConfigNodes[Type];
  const what = type.replace('ledgerway-', '').replaceAll('-', ' ');
  throw new FinanceError('CONFIG_INVALID', { message: `No ${what} is chosen, or it was deleted.` });
}

/** Name of the store of a node; `default` where none is chosen. */
export function storeNameOf(RED: RedApi, id: string | undefined): string {
  return id ? configNode(RED, 'ledgerway-document-store', id).storeName : 'default';
}

/** The legal entities of the flows, by key. */
export function entityNodes(RED: RedApi): Map<string, EntityNode> {
  const nodes = new Map<string, EntityNode>();
  RED.nodes.eachNode(({ id, type }) => {
    const node = type === 'ledgerway-legal-entity' ? (RED.nodes.getNode(id) as EntityNode | null) : null;
    const key = node && keyOf(node);
    if (node && key) nodes.set(key, node);
  });
  return nodes;
}

/** Whether a running node of the flows submits e-invoices of this entity. */
export function submitsEInvoices({ nodes }: RedApi, { id: entity }: EntityNode): boolean {
  let found = false;
  nodes.eachNode((config: NodeConfig & { entity?: string }) => {
    if (config.type !== 'ledgerway-einvoice-submit' || config.entity !== entity) return;
    found ||= nodes.getNode(config.id) !== null;
  });
  return found;
}

function keyOf(node: EntityNode): string | undefined {
  try {
    return node.entity().key;
  } catch {
    return undefined;
  }
}
