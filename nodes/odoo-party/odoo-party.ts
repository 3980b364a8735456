import {
  externalIdOf,
  matchPartner,
  type OdooClient,
  partyPlace,
  type ResolvedPartner,
  resolvePartner,
} from '../../connectors/odoo';
import type { Effect, Json } from '../../engine';
import { externalKey, hashOf, type Party } from '../../finance';
import { configNode } from '../kit/config-nodes';
import { assertEntity, documentIn, type KeyedDocument } from '../kit/documents';
import { optionalField } from '../kit/fields';
import type { Message, NodeConfig, RedApi } from '../kit/red';
import { runDone } from '../kit/run-step';
import { hostOf } from '../kit/settings';
import { standalone } from '../kit/standalone';
import { defineStep, type Outcome, type Run } from '../kit/step-node';
import { partyAt, partyPath } from './place-in';

interface OdooPartyConfig extends NodeConfig {
  entity?: string;
  connection?: string;
  /** Where the party is in the document; by its kind where left out. */
  path?: string;
  /** Whether a partner that is not there is made. */
  create?: boolean;
  /** Whether the contacts of a party document are found or made below it. */
  contacts?: boolean;
}

/** What a step is asked, and asked again as it stands. */
type Asked = {
  party: Party;
  entity: string;
  system: string;
  company: number;
  prefix: string;
  parent?: number;
};

type Recorded = { [key: string]: Json };

/** Finds the partner of a document in Odoo, or makes it exactly once. */
export = (RED: RedApi): void =>
  defineStep<OdooPartyConfig>(RED, 'ledgerway-odoo-party', {
    outputs: 2,
    failure: 1,
    make(config, node) {
      const entityNode = configNode(RED, 'ledgerway-legal-entity', config.entity);
      const connection = configNode(RED, 'ledgerway-odoo-connection', config.connection);
      const path = optionalField(config.path);
      const create = config.create !== false;
      const { target, prefix } = connection;
      const attributes = { target, name: node.name || 'odoo party', nodeId: node.id };
      entityNode.entity();
      connection.client();

      const find = async ({ store, context }: Run, asked: Asked): Promise<ResolvedPartner> => {
        const request = JSON.parse(JSON.stringify(asked)) as Recorded;
        const spec = { ...attributes, kind: 'odoo.party', externalKey: keyOf(asked), request };
        const found = await runDone(store, context, spec, partyEffect(connection.client(), create));
        return found as unknown as ResolvedPartner;
      };

      const documentOf = (msg: Message): KeyedDocument => {
        const document = documentIn(msg);
        assertEntity(document.entity, entityNode.entity());
        return document;
      };

      const inPipeline = async (msg: Message, run: Run): Promise<Outcome> => {
        const document = documentOf(msg);
        const { key, odooCompany } = entityNode.entity();
        const place = { entity: key, system: document.source.system, company: odooCompany, prefix };
        const found = await find(run, { ...place, party: partyOf(document, path) });
        const people = (config.contacts && document.schema === 'party/1' && document.contacts) || [];
        const contacts: ResolvedPartner[] = [];
        for (const party of people)
          contacts.push(await find(run, { ...place, party, parent: found.partnerId }));
        msg.party = { ...found, ...(people.length > 0 && { contacts }) };
        return { output: 0, text: found.created ? 'created' : found.matchedBy };
      };

      return {
        inPipeline,
        alone(msg) {
          const step = { step: 'odoo.party', document: documentOf(msg) };
          return standalone(hostOf(RED), step, msg, inPipeline);
        },
      };
    },
  });

/** The party of master data is known by the id of its document, where it says no other. */
function partyOf(document: KeyedDocument, path = partyPath(document)): Party {
  const party = partyAt(document, path);
  return document.schema === 'party/1' && path === 'party' ? { id: document.source.id, ...party } : party;
}

/** The content is part of the key: a corrected party is another question, not a conflict with the first. */
function keyOf({ party, entity, system, prefix, parent }: Asked): string {
  const hash = hashOf({ party, parent }).slice(0, 16);
  const source = { system, id: party.id ?? party.vatId ?? hash, revision: hash };
  return externalIdOf(externalKey({ entity, kind: 'party', source }), prefix);
}

function partyEffect(client: OdooClient, create: boolean): Effect<Recorded> {
  const recorded = ({ partnerId, matchedBy, created }: ResolvedPartner) => ({
    partnerId,
    matchedBy,
    created,
  });
  return {
    refusesDoubles: true,
    async perform(request) {
      const { party, parent, ...place } = request as unknown as Asked;
      return recorded(
        await resolvePartner(client, party, await partyPlace(client, place), { parent, create }),
      );
    },
    async probe(request) {
      const { party, parent, ...place } = request as unknown as Asked;
      const match = await matchPartner(client, party, await partyPlace(client, place), parent);
      return match && recorded({ partnerId: match.id, matchedBy: match.by, created: false });
    },
  };
}
