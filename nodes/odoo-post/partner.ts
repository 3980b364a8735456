import {
  externalIdOf,
  findOrCreatePartner,
  findPartner,
  lookupsOf,
  type OdooClient,
  type PartyPlace,
} from '../../connectors/odoo';
import type { Effect, Json } from '../../engine';
import { externalKey, hashOf, type Party } from '../../finance';
import { type OdooRun, plain, type Recorded, recordStep } from './record';

/**
 * The partner of a party, as the recorded step `odoo.partner`. The content is part of its key: a corrected party is
 * another question, not a conflict with the first.
 */
export async function partnerInStep(run: OdooRun, party: Party, place: PartyPlace): Promise<number> {
  const { entity, system, company, prefix } = place;
  const hash = hashOf(party).slice(0, 16);
  const source = { system, id: party.id ?? party.vatId ?? hash, revision: hash };
  const key = externalIdOf(externalKey({ entity, kind: 'party', source }), prefix);
  const request = plain({ party, entity, system, company: company.id, prefix });
  const found = await recordStep(run, 'odoo.partner', key, request, partnerEffect(run.client));
  return found.partnerId as number;
}

function partnerEffect(client: OdooClient): Effect<Recorded> {
  const read = async (request: Json): Promise<[Party, PartyPlace]> => {
    const { party, entity, system, company, prefix } = request as Recorded;
    const place = { entity: String(entity), system: String(system), prefix: String(prefix) };
    return [
      party as unknown as Party,
      { ...place, company: await lookupsOf(client).company(Number(company)) },
    ];
  };
  return {
    refusesDoubles: true,
    async perform(request) {
      return { partnerId: await findOrCreatePartner(client, ...(await read(request))) };
    },
    async probe(request) {
      const partnerId = await findPartner(client, ...(await read(request)));
      return partnerId === undefined ? undefined : { partnerId };
    },
  };
}
