import { externalIdOf, type OdooClient, PARTNER_FIELDS, PRODUCT_FIELDS } from '../../connectors/odoo';
import type { Effect, Json } from '../../engine';
import { FinanceError } from '../../errors';
import { contentHash, externalKey, type PartyDocument } from '../../finance';
import { configNode } from '../kit/config-nodes';
import { assertEntity, documentIn } from '../kit/documents';
import { textsField } from '../kit/fields';
import type { Message, NodeConfig, RedApi } from '../kit/red';
import { revisionOf } from '../kit/revision';
import { type HashedRequest, requestOnce, runDone } from '../kit/run-step';
import { hostOf } from '../kit/settings';
import { standalone } from '../kit/standalone';
import { defineStep, type Outcome, type Run } from '../kit/step-node';
import { type BankRequest, bankApproval, bankEffect } from './bank-step';
import {
  type MasterDocument,
  type Role,
  type UpsertRequest,
  type UpsertResult,
  upsertEffect,
} from './upsert-step';

interface OdooUpsertConfig extends NodeConfig {
  entity?: string;
  connection?: string;
  model?: Role;
  /** JSON: fields that the source owns. */
  ownedFields?: unknown;
}

/** A run of this node: whom it asks, for which company, and its name for people. */
interface UpsertRun extends Run {
  client: OdooClient;
  /** `<url>/<database>` */
  target: string;
  prefix: string;
  company: number;
  name: string;
  nodeId: string;
}

/** Brings customers, suppliers and products of an upstream system into Odoo; each system its own fields. */
export = (RED: RedApi): void =>
  defineStep<OdooUpsertConfig>(RED, 'ledgerway-odoo-upsert', {
    outputs: 2,
    failure: 1,
    make(config, node) {
      const entityNode = configNode(RED, 'ledgerway-legal-entity', config.entity);
      const connection = configNode(RED, 'ledgerway-odoo-connection', config.connection);
      const rules = readRules(config);
      const { target, prefix } = connection;
      const { log } = hostOf(RED);
      entityNode.entity();
      connection.client();

      const documentOf = (msg: Message): MasterDocument => {
        const document = documentIn(msg);
        assertEntity(document.entity, entityNode.entity());
        const kind = rules.role === 'product' ? 'product' : 'party';
        if (document.kind === kind) return document;
        throw new FinanceError('RUN_NO_DOCUMENT', {
          message: `This node brings documents of kind ${kind} into Odoo, not of kind ${document.kind}.`,
        });
      };

      const inPipeline = async (msg: Message, { store, context }: Run): Promise<Outcome> => {
        const document = documentOf(msg);
        const { odooCompany: company } = entityNode.entity();
        const client = connection.client();
        const attributes = { target, prefix, company, name: node.name || 'odoo upsert', nodeId: node.id };
        const run = { store, context, client, ...attributes };
        const result = await upsertIn(run, document, rules);
        const { id, foreign } = result;
        if (foreign.length > 0)
          log.warn(
            { node: node.id, documentId: context.documentId, id, foreign },
            'fields that the source owns were changed in Odoo; they are the source’s again',
          );
        const bankAccounts = result.outdated ? [] : await bankIn(run, document, id);
        msg.odoo = { ...result, bankAccounts };
        return { output: 0, text: inWords(result) };
      };

      return {
        inPipeline,
        alone(msg) {
          const document = documentOf(msg);
          const { revision, occurredAt } = document.source;
          // an object comes back to an earlier state: that is another message
          const identity = `${contentHash(document)}/${revision ?? occurredAt ?? msg._msgid}`;
          return standalone(hostOf(RED), { step: 'odoo.upsert', document, identity }, msg, inPipeline);
        },
      };
    },
  });

interface Rules {
  role: Role;
  owned: string[];
}

/** @throws CONFIG_INVALID */
function readRules({ model, ownedFields }: OdooUpsertConfig): Rules {
  const role = model || 'customer';
  const known: readonly string[] = role === 'product' ? PRODUCT_FIELDS : PARTNER_FIELDS;
  return { role, owned: textsField(ownedFields, 'ownedFields').filter((field) => known.includes(field)) };
}

const plain = <Shape extends Json>(value: unknown): Shape => JSON.parse(JSON.stringify(value)) as Shape;

function upsertIn(run: UpsertRun, document: MasterDocument, rules: Rules): Promise<UpsertResult> {
  const { store, client, target, company, prefix, context } = run;
  const revision = revisionOf(document.source, context.receivedAt);
  const request = { document, ...rules, company, prefix, revision };
  const ask = (hash: string) => plain<UpsertRequest>({ ...request, contentHash: hash });
  return step(run, 'odoo.upsert', document, ask, upsertEffect(store, client, target, context.documentId));
}

/** @returns the last digits of the accounts that were added */
async function bankIn(run: UpsertRun, document: MasterDocument, partnerId: number): Promise<string[]> {
  if (document.kind !== 'party' || !document.bankAccounts?.length) return [];
  const ask = (hash: string) => bankRequest(run, document, partnerId, hash);
  const { added } = await step(run, 'odoo.bank', document, ask, bankEffect(run.client));
  return added;
}

function bankRequest(
  { company, prefix, context }: UpsertRun,
  document: PartyDocument,
  partnerId: number,
  hash: string,
): BankRequest {
  const { entity, source, bankAccounts } = document;
  const approval = bankApproval(context, document, hash);
  const place = { entity, system: source.system, company, prefix };
  return plain({ ...place, contentHash: hash, partnerId, accounts: bankAccounts, approval });
}

/** The content is part of the key: what is absolute may be written again with another. */
async function step<Result extends Json>(
  { store, context, target, prefix, name, nodeId }: UpsertRun,
  kind: string,
  document: MasterDocument,
  ask: (hash: string) => HashedRequest,
  effect: Effect<Result>,
): Promise<Result> {
  const hash = contentHash(document);
  const { system, id } = document.source;
  const keyed = { ...document, source: { system, id, revision: hash.slice(0, 16) } };
  const identity = { kind, target, externalKey: externalIdOf(externalKey(keyed), prefix) };
  const request = await requestOnce(store, context, identity, hash, () => ask(hash));
  return await runDone(store, context, { ...identity, request, name, nodeId }, effect);
}

function inWords({ created, outdated, foreign, written }: UpsertResult): string {
  if (created) return 'created';
  if (outdated) return 'outdated';
  if (foreign.length > 0) return `${foreign.length} changed in Odoo`;
  return written.length > 0 ? `${written.length} written` : 'unchanged';
}
