import type { Host } from '../../engine';
import { toFinanceError } from '../../errors';
import { configNode, storeNameOf } from '../kit/config-nodes';
import { migrate } from '../kit/migrate';
import type { FlowNode, RedApi } from '../kit/red';
import { hostOf } from '../kit/settings';
import { StatusLine } from '../kit/status-line';
import { type OdooWatchConfig, readRules } from './config';
import { poll, type Receipt, watchName } from './poll';

/** Receives what is created and changed in Odoo: each state of a record once, by one runtime at a time. */
export = (RED: RedApi): void =>
  RED.nodes.registerType('ledgerway-odoo-watch', function (this: FlowNode, given: OdooWatchConfig) {
    RED.nodes.createNode(this, given);
    const config = migrate(given);
    const line = new StatusLine(this);
    this.on('close', () => line.stop());
    try {
      const stop = watch(RED, this, config, line);
      this.on('close', () => stop());
    } catch (caught) {
      const error = toFinanceError(caught);
      line.fail(error.message);
      this.error(error.message);
    }
  });

/** @returns stops it @throws CONFIG_INVALID, CONFIG_HOST_MISSING, MAP_EXPRESSION */
function watch(RED: RedApi, node: FlowNode, config: OdooWatchConfig, line: StatusLine): () => void {
  const host = hostOf(RED);
  const storeName = storeNameOf(RED, config.store);
  const store = host.store(storeName);
  const entityNode = configNode(RED, 'ledgerway-legal-entity', config.entity);
  const connection = configNode(RED, 'ledgerway-odoo-connection', config.connection);
  const rules = readRules(config);
  const { target } = connection;
  connection.client();
  line.ok('watching');
  return host.every(storeName, {
    name: watchName(target, entityNode.entity(), rules),
    everyMs: rules.everyMs,
    async work(signal) {
      const tell = teller(node, line);
      const place = { host, store, client: connection.client(), target, entity: entityNode.entity() };
      try {
        const received = await poll({ ...place, rules, signal, tell });
        line.ok(received > 0 ? `${received} received` : 'watching');
      } catch (caught) {
        if (!signal.aborted) report(host, node, line, caught);
      }
    },
  });
}

/** For information only: nothing hangs on this message. */
const teller =
  (node: FlowNode, line: StatusLine) =>
  ({ documentId, status, entity, kind, source }: Receipt): void => {
    line.ok(status);
    node.send({ topic: kind, payload: { documentId, status, entity, kind, source } });
  };

function report(host: Host, node: FlowNode, line: StatusLine, caught: unknown): void {
  const error = toFinanceError(caught);
  line.fail(error.code);
  host.log.warn({ node: node.id, err: error }, 'the watch stopped; it goes on from its cursor');
}
