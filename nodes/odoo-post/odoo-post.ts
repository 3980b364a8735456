import {
  actionOf,
  type PostableDocument,
  type PostedMove,
  type PrepareOptions,
  planDocument,
  posterNameOf,
  shadow,
} from '../../connectors/odoo';
import { leaseOf } from '../../engine';
import { documentHash, externalKey, invoiceSchedule, isDeferred, type LegalEntity } from '../../finance';
import { configNode } from '../kit/config-nodes';
import { assertEntity, documentIn } from '../kit/documents';
import type { Message, RedApi } from '../kit/red';
import { hostOf } from '../kit/settings';
import { standalone } from '../kit/standalone';
import { defineStep, type Outcome, type Run } from '../kit/step-node';
import { migrate } from './migrate';
import { type OdooRun, plain, recordStep } from './record';
import { waitsForReference } from './reference';
import { postSchedule } from './schedule';
import { type OdooPostConfig, settingsOf, withTerms } from './settings';
import { postInSteps } from './steps';

/** Posts a document of any kind into Odoo exactly once, or says what would be posted. */
export = (RED: RedApi): void =>
  defineStep<OdooPostConfig>(RED, 'ledgerway-odoo-post', {
    outputs: 2,
    failure: 1,
    make(given, node) {
      const { mode, days, serverAction, terms } = settingsOf(migrate(given));
      const entityNode = configNode(RED, 'ledgerway-legal-entity', given.entity);
      const connection = configNode(RED, 'ledgerway-odoo-connection', given.connection);
      const { target, prefix } = connection;
      entityNode.entity();
      connection.client();
      const name = node.name || 'odoo post';

      const read = (msg: Message): { entity: LegalEntity; document: PostableDocument } => {
        const entity = entityNode.entity();
        const document = documentIn(msg) as PostableDocument;
        posterNameOf(document);
        assertEntity(document.entity, entity);
        return { entity, document };
      };
      const optionsOf = (document: PostableDocument, entity: LegalEntity): PrepareOptions => ({
        entity,
        externalKey: externalKey(document),
        prefix,
      });
      const runOf = async ({ store, context }: Run): Promise<OdooRun> => {
        const client = connection.client();
        const oneTransaction = serverAction === undefined ? undefined : await actionOf(client, serverAction);
        const writer = connection.writer();
        return { store, context, client, writer, oneTransaction, target, name, nodeId: node.id };
      };

      const plan = async (msg: Message): Promise<Outcome> => {
        const { entity, document } = read(msg);
        const options = optionsOf(document, entity);
        msg.odoo = { dryRun: await planDocument(connection.client(), withTerms(document, terms), options) };
        return { output: 0, text: 'dry run' };
      };

      /** A dry run ends here: no effect comes behind it, and the key is free for the real one. */
      const rehearse = async (msg: Message, { store, context }: Run): Promise<Outcome> => {
        const outcome = await plan(msg);
        await store.settle({ ...leaseOf(context), outcome: 'skipped', reason: 'dry run' });
        return outcome;
      };

      const post = async (msg: Message, given: Run): Promise<Outcome> => {
        const { entity, document } = read(msg);
        const run = await runOf(given);
        if (await waitsForReference(run, document, days, entity, prefix)) return 'waiting';
        // a schedule that cannot be made shows before anything is posted
        if (document.schema === 'invoice/1')
          invoiceSchedule(document, document.currency, ({ netAmount }) => netAmount);
        const options = optionsOf(document, entity);
        const posted = await postInSteps(run, withTerms(document, terms), options, documentHash(document));
        const { context } = run;
        context.notes = { ...context.notes, number: posted.name };
        msg.odoo = posted;
        if (document.schema !== 'invoice/1') return { output: 0, text: posted.name };
        if (isDeferred(document)) {
          const schedule = await postSchedule(run, document, entity, prefix, posted as PostedMove);
          msg.odoo = { ...posted, schedule };
        }
        if (entity.numbering === 'odoo') document.number = posted.name;
        return { output: 0, text: posted.name };
      };

      /** What the earlier connector posted, compared; the result is recorded as a step, and nothing is posted. */
      const compare = async (msg: Message, given: Run): Promise<Outcome> => {
        const { entity, document } = read(msg);
        const run = await runOf(given);
        const options = optionsOf(document, entity);
        const key = `${prefix}.${options.externalKey}`;
        const request = { contentHash: documentHash(document) };
        const compared = await recordStep(run, 'odoo.shadow', key, request, {
          refusesDoubles: true,
          perform: async () => plain(await shadow(run.client, withTerms(document, terms), options)),
        });
        msg.odoo = { shadow: compared };
        return { output: 0, text: `shadow: ${String(compared.outcome)}` };
      };

      /** As a dry run, a shadow ends here. */
      const shadowInPipeline = async (msg: Message, run: Run): Promise<Outcome> => {
        const outcome = await compare(msg, run);
        const reason = outcome === 'waiting' ? undefined : outcome.text;
        await run.store.settle({ ...leaseOf(run.context), outcome: 'skipped', reason });
        return outcome;
      };

      const inSteps = (work: typeof post, step: string) => (msg: Message) =>
        standalone(hostOf(RED), { step, document: read(msg).document }, msg, work);
      if (mode === 'dryRun') return { inPipeline: rehearse, alone: plan };
      if (mode === 'shadow') return { inPipeline: shadowInPipeline, alone: inSteps(compare, 'odoo.shadow') };
      return { inPipeline: post, alone: inSteps(post, 'odoo.post') };
    },
  });
