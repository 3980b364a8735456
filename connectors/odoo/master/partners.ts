import type { Party } from '../../../finance/documents';
import type { OdooClient } from '../client';
import { lookupsOf } from '../lookups';
import {
  assertOnlyOne,
  findPartner,
  inTurnOfParty,
  type PartnerUse,
  type PartyPlace,
  partnerCells,
  partnerKey,
} from '../party';
import { fieldOf, stillThere, type Upserted, type UpsertMemory, upsert } from './upsert';

export const PARTNER_FIELDS = ['name', 'address', 'vatId', 'registrationId', 'email', 'endpoint'] as const;
/** Fields of a party that a system may own. */
export type PartnerField = (typeof PARTNER_FIELDS)[number];

const MODEL = 'res.partner';
const COLUMNS: Readonly<Record<PartnerField, readonly string[]>> = {
  name: ['name', 'is_company'],
  address: ['street', 'street2', 'zip', 'city', 'state_id/.id', 'country_id/.id'],
  vatId: ['vat'],
  registrationId: ['company_registry'],
  email: ['email'],
  endpoint: ['peppol_eas', 'peppol_endpoint'],
};

/** Not of the source alone: who is a company here may be one without a VAT id. */
const NEVER_BLANK = new Set(['is_company']);

/**
 * Brings a customer, supplier or contact of an upstream system into Odoo: the one it was before, else found as
 * documents find it, else created exactly once. Of a known one only what the system owns is written, and what the
 * system has no more of that is taken away.
 *
 * @param owned fields that the upstream system owns; Odoo keeps the others
 * @param before what the upsert before remembered
 * @throws FinanceError ODOO_AMBIGUOUS with candidates, and those of a call
 */
export function upsertPartner(
  client: OdooClient,
  party: Party,
  place: PartyPlace,
  use: PartnerUpsert,
): Promise<Upserted> {
  return inTurnOfParty(client, party, () => upsertInTurn(client, party, place, use));
}

type PartnerUpsert = { owned: readonly PartnerField[]; before?: UpsertMemory } & PartnerUse;

async function upsertInTurn(
  client: OdooClient,
  party: Party,
  place: PartyPlace,
  { owned, role, parent, before }: PartnerUpsert,
): Promise<Upserted> {
  const company = place.company.id;
  const columns = new Set(owned.flatMap((field) => COLUMNS[field]));
  if (parent) columns.delete('vat');
  const cells = await partnerCells(client, party, { parent, role });
  const fields = await lookupsOf(client).fields(MODEL);
  const blank = [...columns].filter((column) => fields.has(fieldOf(column)) && !NEVER_BLANK.has(column));
  // whatever its VAT id is now; a person who names another partner goes first
  const same = party.odooId === undefined ? await stillThere(client, MODEL, company, before) : undefined;
  const request = {
    model: MODEL,
    key: partnerKey(party, place),
    found: same ?? (await findPartner(client, party, place, parent)),
    cells: { ...Object.fromEntries(blank.map((column) => [column, ''])), ...cells },
    owned: columns,
    company,
    before,
  };
  const upserted = await upsert(client, request);
  if (upserted.created) await assertOnlyOne(client, party, place, upserted.id, parent);
  // a document of a moment ago may have gone by what was written over
  if (upserted.written.length > 0) lookupsOf(client).forget('party ');
  return upserted;
}
