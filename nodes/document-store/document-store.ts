import type { StoreNode } from '../kit/config-nodes';
import { migrate } from '../kit/migrate';
import type { NodeConfig, RedApi } from '../kit/red';
import { hostOf } from '../kit/settings';

interface DocumentStoreConfig extends NodeConfig {
  /** Name of a store of the settings. */
  store?: string;
}

/** Names a store; the runtime owns it, so it survives every redeploy. */
export = (RED: RedApi): void => {
  RED.nodes.registerType('ledgerway-document-store', function (this: StoreNode, given: DocumentStoreConfig) {
    RED.nodes.createNode(this, given);
    const config = migrate(given);
    this.storeName = config.store || 'default';
    this.store = () => hostOf(RED).store(this.storeName);
  });
};
