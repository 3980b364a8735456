import { type EInvoiceChannel, peppolRest } from '../../connectors/einvoice';
import { knowSecret } from '../../engine';
import type { ChannelNode } from '../kit/config-nodes';
import { optionalField, requiredField } from '../kit/fields';
import { migrate } from '../kit/migrate';
import type { NodeConfig, RedApi } from '../kit/red';

interface EInvoiceChannelConfig extends NodeConfig {
  channel?: 'peppol-rest';
  url?: string;
}

/** One e-invoice network. */
export = (RED: RedApi): void => {
  RED.nodes.registerType(
    'ledgerway-einvoice-channel',
    function (this: ChannelNode, given: EInvoiceChannelConfig) {
      RED.nodes.createNode(this, given);
      const config = migrate(given);
      const token = this.credentials?.secret ?? '';
      knowSecret(token);
      this.target = optionalField(config.url) ?? '';
      let channel: EInvoiceChannel | undefined;
      this.channel = () => {
        channel ??= peppolRest({ baseUrl: requiredField(config.url, 'url'), token });
        return channel;
      };
    },
    { credentials: { secret: { type: 'password' } } },
  );
};
