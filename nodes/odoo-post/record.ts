import type { OdooClient, OneTransaction, Writer } from '../../connectors/odoo';
import type { Effect, Json } from '../../engine';
import { runDone } from '../kit/run-step';
import type { Run } from '../kit/step-node';

/** A run of this node: where it writes, whom it asks, and its name for people. */
export interface OdooRun extends Run {
  client: OdooClient;
  /** Makes, posts and reads records together with those of other documents. */
  writer: Writer;
  /** The server action that loads and posts at once, where one is installed. */
  oneTransaction?: () => Promise<OneTransaction>;
  /** Whether the flows submit e-invoices of this entity. */
  sendsEInvoices?: () => boolean;
  /** `<url>/<database>` */
  target: string;
  name: string;
  nodeId: string;
}

/** The request or result of a step. */
export type Recorded = { [key: string]: Json };

/** As plain JSON, without what is undefined. */
export const plain = (value: unknown): Recorded => JSON.parse(JSON.stringify(value)) as Recorded;

/**
 * An effect on Odoo as a recorded step; done before, it gives its recorded result.
 * @param key external id `<prefix>.<key>`
 * @throws FinanceError those of the effect and of a step
 */
export function recordStep(
  { store, context, target, name, nodeId }: OdooRun,
  kind: string,
  key: string,
  request: Recorded,
  effect: Effect<Recorded>,
): Promise<Recorded> {
  return runDone(store, context, { kind, target, externalKey: key, request, name, nodeId }, effect);
}
