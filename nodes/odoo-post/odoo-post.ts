import { type PrepareOptions, planInvoice } from '../../connectors/odoo';
import { leaseOf } from '../../engine';
import { externalKey, type Invoice, type LegalEntity } from '../../finance';
import { configNode } from '../kit/config-nodes';
import { invoiceIn } from '../kit/documents';
import { numberField } from '../kit/fields';
import type { Message, NodeConfig, RedApi } from '../kit/red';
import { hostOf } from '../kit/settings';
import { standalone } from '../kit/standalone';
import { defineStep, type Outcome, type Run } from '../kit/step-node';
import { isPosted, waitsForInvoice } from './reference';
import { postInSteps } from './steps';

interface OdooPostConfig extends NodeConfig {
  entity?: string;
  connection?: string;
  dryRun?: boolean;
  /** How long a credit note waits for its invoice. */
  referenceDays?: number | string;
}

/** Posts an invoice or credit note into Odoo exactly once, or says what would be posted. */
export = (RED: RedApi): void =>
  defineStep<OdooPostConfig>(RED, 'ledgerway-odoo-post', {
    outputs: 2,
    failure: 1,
    make(config, node) {
      const entityNode = configNode(RED, 'ledgerway-legal-entity', config.entity);
      const connection = configNode(RED, 'ledgerway-odoo-connection', config.connection);
      const days = numberField(config.referenceDays, 'referenceDays', 7);
      const { target, prefix } = connection;
      entityNode.entity();
      connection.client();
      const optionsOf = (invoice: Invoice, entity: LegalEntity): PrepareOptions => ({
        entity,
        externalKey: externalKey(invoice),
        prefix,
      });

      /** A dry run ends here: no effect comes behind it, and the key is free for the real one. */
      const rehearse = async (msg: Message, { store, context }: Run): Promise<Outcome> => {
        const outcome = await plan(msg);
        await store.settle({ ...leaseOf(context), outcome: 'skipped', reason: 'dry run' });
        return outcome;
      };

      const plan = async (msg: Message): Promise<Outcome> => {
        const entity = entityNode.entity();
        const invoice = invoiceIn(msg, entity);
        msg.odoo = { dryRun: await planInvoice(connection.client(), invoice, optionsOf(invoice, entity)) };
        return { output: 0, text: 'dry run' };
      };

      const post = async (msg: Message, { store, context }: Run): Promise<Outcome> => {
        const entity = entityNode.entity();
        const invoice = invoiceIn(msg, entity);
        const client = connection.client();
        const waits = await waitsForInvoice({ store, context }, invoice, days, (preceding) =>
          isPosted(client, preceding, entity, prefix),
        );
        if (waits) return 'waiting';
        const run = { store, context, client, target, name: node.name || 'odoo post', nodeId: node.id };
        const posted = await postInSteps(run, invoice, optionsOf(invoice, entity));
        if (entity.numbering === 'odoo') invoice.number = posted.name;
        context.notes = { ...context.notes, number: posted.name };
        msg.odoo = posted;
        return { output: 0, text: posted.name };
      };

      if (config.dryRun) return { inPipeline: rehearse, alone: plan };
      return {
        inPipeline: post,
        alone(msg) {
          const step = { step: 'odoo.post', document: invoiceIn(msg, entityNode.entity()) };
          return standalone(hostOf(RED), step, msg, post);
        },
      };
    },
  });
