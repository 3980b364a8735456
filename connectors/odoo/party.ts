import { FinanceError } from '../../errors';
import { externalKey, hashOf } from '../../finance/canonical';
import type { Party } from '../../finance/documents';
import { plainVat } from '../../finance/vat-id';
import { inTurns } from '../turns';
import type { OdooClient } from './client';
import { externalKeys, ownPrefixOf } from './external-keys';
import { buildLoad, type Cells, findByExternalId, load } from './load';
import { type Company, lookupsOf } from './lookups';
import { type Domain, idOf, type OdooRecord, searchRead, textOf } from './records';

export interface PartyPlace {
  /** Key of the legal entity; part of every external id, since those are one space per database. */
  entity: string;
  /** The system whose id `party.id` is. */
  system: string;
  company: Company;
  /** Module part of external ids. */
  prefix: string;
}

/** A {@link PartyPlace} of the id of its company, as steps record it. @throws FinanceError ODOO_LOOKUP */
export const partyPlace = async (
  client: OdooClient,
  { company, ...place }: Omit<PartyPlace, 'company'> & { company: number },
): Promise<PartyPlace> => ({ ...place, company: await lookupsOf(client).company(company) });

const keyOf = ({ entity, prefix }: PartyPlace, system: string, id: string): string =>
  `${prefix}.${externalKey({ entity, kind: 'party', source: { system, id } })}`;

/**
 * External ids under which the party may be known; it is created under the first. With a VAT id that is the VAT id's
 * own key, so that two customers of the source with one VAT id cannot race to two partners.
 */
function keysOf(party: Party, place: PartyPlace): string[] {
  const keys: string[] = [];
  if (party.vatId) keys.push(keyOf(place, 'vat', plainVat(party.vatId)));
  if (party.id) keys.push(keyOf(place, place.system, party.id));
  if (keys.length === 0)
    keys.push(keyOf(place, 'party', party.email?.toLowerCase() ?? JSON.stringify(party)));
  return keys;
}

/** The external id that a party is created under. */
export const partnerKey = (party: Party, place: PartyPlace): string => keysOf(party, place)[0] ?? '';

/** What a partner was found by. */
export type MatchedBy = 'odooId' | 'vatId' | 'externalKey' | 'email' | 'name';

export interface PartnerMatch {
  id: number;
  by: MatchedBy;
}

/**
 * The partner of a party: the one that a person named, else by VAT id, by external id, by e-mail, by name where
 * nothing else speaks against it. Only partners that the company may use.
 * @param parent for a contact: the partner that it belongs to
 * @throws FinanceError ODOO_AMBIGUOUS with the candidates where several fit and no external id decides, or the only one
 * that has the name is another customer of the same source;
 * ODOO_VALIDATION where the partner that was named is not there, or another company's
 */
export async function matchPartner(
  client: OdooClient,
  party: Party,
  place: PartyPlace,
  parent?: number,
): Promise<PartnerMatch | undefined> {
  if (party.odooId !== undefined) {
    await assertUsable(client, party.odooId, place.company);
    return { id: party.odooId, by: 'odooId' };
  }
  const same = lookalikes(client, party, place, parent);
  const matched = (row: OdooRecord | undefined, by: MatchedBy) => row && { id: Number(row.id), by };
  const ambiguous = (what: string, rows: readonly OdooRecord[]) => severalFit(what, rows, party, place);
  const byVat = await same['VAT id']();
  if (byVat.length === 1) return matched(byVat[0], 'vatId');
  const known = await findByKeys(client, party, place);
  if (known !== undefined && (byVat.length === 0 || byVat.some(({ id }) => id === known)))
    return { id: known, by: 'externalKey' };
  if (byVat.length > 1) throw ambiguous('VAT id', byVat);
  const mailed = await same['e-mail address']();
  if (mailed.length > 1) throw ambiguous('e-mail address', mailed);
  if (mailed[0]) return matched(mailed[0], 'email');
  const named = await same.name();
  const [alike] = named;
  if (named.length > 1) throw ambiguous('name', named);
  if (alike && (await isAnother(client, party, place, alike)))
    throw ambiguous(`name, which ${place.system} knows by another id`, named);
  return matched(alike, 'name');
}

/** Partners of Odoo that are taken for a party, by what they share with it. */
function lookalikes(client: OdooClient, party: Party, place: PartyPlace, parent: number | undefined) {
  const { vatId, email, name } = party;
  const by = (field: Searched, values: readonly string[]) => partnersBy(client, place, parent, field, values);
  return {
    // a contact inherits the VAT id of its company
    'VAT id': async () => (vatId && !parent ? await by('vat', [vatId, plainVat(vatId)]) : []),
    'e-mail address': async () =>
      (email ? await by('email', [email, email.toLowerCase()]) : []).filter(
        ({ vat }) => !vatId || !textOf(vat),
      ),
    name: async () => (await by('name', [name])).filter((row) => !contradicts(row, party)),
  };
}

/**
 * Does work that may make a partner, after all such work of this process for a party with the same VAT id, e-mail
 * address or name in the same Odoo: so it finds what that made.
 */
export function inTurnOfParty<Result>(
  { url, database }: OdooClient,
  { vatId, email, name }: Party,
  work: () => Promise<Result>,
): Promise<Result> {
  const values = [vatId && `VAT id ${plainVat(vatId)}`, email && `e-mail ${email.toLowerCase()}`, name];
  const keys = values.filter((value) => value !== undefined && value !== '');
  return inTurns(
    keys.map((value) => `partner ${url}/${database} ${value}`),
    work,
  );
}

/**
 * Holds a partner that was just made to being the only one: another runtime may have made one for the same party at
 * the same moment. Of the two at least the later one sees the other.
 * @throws FinanceError ODOO_AMBIGUOUS with both as candidates
 */
export async function assertOnlyOne(
  client: OdooClient,
  party: Party,
  place: PartyPlace,
  made: number,
  parent?: number,
): Promise<void> {
  for (const [what, find] of Object.entries(lookalikes(client, party, place, parent))) {
    const others = (await find()).filter(({ id }) => id !== made);
    if (others.length > 0)
      throw severalFit(what, [{ id: made, display_name: party.name }, ...others], party, place);
  }
}

/** The id of {@link matchPartner}. */
export async function findPartner(
  client: OdooClient,
  party: Party,
  place: PartyPlace,
  parent?: number,
): Promise<number | undefined> {
  return (await matchPartner(client, party, place, parent))?.id;
}

/** A name alone is weak: what else both sides say must be the same. */
function contradicts({ vat, email, country_code }: OdooRecord, party: Party): boolean {
  const differ = (one: string | undefined, other: string | undefined) => one && other && one !== other;
  return Boolean(
    differ(textOf(vat) && plainVat(String(vat)), party.vatId && plainVat(party.vatId)) ||
      differ(textOf(email)?.toLowerCase(), party.email?.toLowerCase()) ||
      differ(textOf(country_code), party.address.country),
  );
}

/** Whether the source knows this partner by another id: two customers may have one name. */
async function isAnother(
  client: OdooClient,
  { id: own }: Party,
  { entity, system, company, prefix }: PartyPlace,
  { id }: OdooRecord,
): Promise<boolean> {
  if (own === undefined) return false;
  const source = system.toLowerCase().replace(/[^a-z0-9]+/g, '_');
  const ownPrefix = `${ownPrefixOf(entity, prefix)}party__${source}__`;
  return (await externalKeys(client, 'res.partner', [Number(id)], { company, ownPrefix })).size > 0;
}

/** The partner that a party turned out to be. */
export interface ResolvedPartner {
  partnerId: number;
  matchedBy: MatchedBy;
  created: boolean;
}

/**
 * The partner of a party, created exactly once where there is none.
 * @param parent as for {@link matchPartner}
 * @param create false: one that is not there is an error
 * @throws FinanceError those of {@link matchPartner}, ODOO_LOOKUP (no partner, no country), ODOO_ACCESS (the group
 * Contact Creation is missing), ODOO_SERIALIZATION (another call creates the same one)
 */
export async function resolvePartner(
  client: OdooClient,
  party: Party,
  place: PartyPlace,
  { parent, create = true }: { parent?: number; create?: boolean } = {},
): Promise<ResolvedPartner> {
  const { company, entity, prefix, system } = place;
  const key = `party ${hashOf({ party, company: company.id, entity, prefix, system, parent, create })}`;
  let created = false;
  const find = async (): Promise<PartnerMatch> => {
    const match = await matchPartner(client, party, place, parent);
    if (match) return match;
    if (!create)
      throw new FinanceError('ODOO_LOOKUP', {
        message: `Odoo has no partner for "${party.name}".`,
        details: { model: 'res.partner', party: party.id, externalId: partnerKey(party, place) },
      });
    created = true;
    const made = await createPartner(client, party, place, { parent });
    await assertOnlyOne(client, party, place, made, parent);
    return { id: made, by: 'externalKey' };
  };
  const { id, by } = await lookupsOf(client).briefly(key, BELIEVED_MS, () =>
    inTurnOfParty(client, party, find),
  );
  return { partnerId: id, matchedBy: by, created };
}

/** Many documents of one customer come together; a partner that is gone meanwhile fails `load` and is forgotten. */
const BELIEVED_MS = 30_000;

/** The id of {@link resolvePartner}. */
export async function findOrCreatePartner(
  client: OdooClient,
  party: Party,
  place: PartyPlace,
  parent?: number,
): Promise<number> {
  return (await resolvePartner(client, party, place, { parent })).partnerId;
}

/** Makes a partner under its external id: two that come at once are one. */
async function createPartner(
  client: OdooClient,
  party: Party,
  place: PartyPlace,
  use: PartnerUse = {},
): Promise<number> {
  const record = { key: partnerKey(party, place), header: await partnerCells(client, party, use) };
  const request = buildLoad('res.partner', [record], place.company.id);
  const [created] = await lookupsOf(client).checked(() => load(client, request));
  return created as number;
}

type Searched = 'vat' | 'email' | 'name';

function partnersBy(
  client: OdooClient,
  { company }: PartyPlace,
  parent: number | undefined,
  field: Searched,
  values: readonly string[],
): Promise<OdooRecord[]> {
  const domain: Domain = [
    [field, 'in', [...new Set(values)]],
    // contacts below a company inherit its VAT id
    ['parent_id', '=', parent ?? false],
    ['company_id', 'in', [false, ...company.family]],
  ];
  const options = { limit: 10, order: 'id', company: company.id };
  const fields = ['display_name', 'vat', 'email', 'country_code'];
  return searchRead(client, 'res.partner', domain, fields, options);
}

async function findByKeys(client: OdooClient, party: Party, place: PartyPlace): Promise<number | undefined> {
  for (const key of keysOf(party, place)) {
    const id = await findByExternalId(client, 'res.partner', key);
    if (id === undefined) continue;
    await assertUsable(client, id, place.company);
    return id;
  }
  return undefined;
}

async function assertUsable(client: OdooClient, id: number, company: Company): Promise<void> {
  const options = { archived: true, company: company.id };
  const [row] = await searchRead(
    client,
    'res.partner',
    [['id', '=', id]],
    ['display_name', 'company_id'],
    options,
  );
  const owner = idOf(row?.company_id);
  if (row && (owner === undefined || company.family.includes(owner))) return;
  throw new FinanceError('ODOO_VALIDATION', {
    message: `The partner ${id} is not in Odoo, or belongs to another company than ${company.name}.`,
    details: { partner: id, company: company.id },
  });
}

/** What a partner is made for. */
export interface PartnerUse {
  role?: 'customer' | 'supplier' | 'contact';
  /** The company of a contact; the contact inherits its VAT id. */
  parent?: number;
}

/** A party as columns of `load`, those that this Odoo has. */
export async function partnerCells(
  client: OdooClient,
  party: Party,
  { role, parent }: PartnerUse = {},
): Promise<Cells> {
  const lookups = lookupsOf(client);
  const fields = await lookups.fields('res.partner');
  const { address } = party;
  const country = await lookups.country(address.country);
  const state = address.subdivision ? await lookups.state(country, address.subdivision) : undefined;
  const cells: Cells = {
    name: party.name,
    is_company: !parent && (party.vatId || party.registrationId) ? '1' : undefined,
    type: parent ? 'contact' : undefined,
    'parent_id/.id': parent ? String(parent) : undefined,
    customer_rank: role === 'customer' ? '1' : undefined,
    supplier_rank: role === 'supplier' ? '1' : undefined,
    street: address.line1,
    street2: address.line2,
    zip: address.postalCode,
    city: address.city,
    'state_id/.id': state === undefined ? undefined : String(state),
    'country_id/.id': String(country),
    vat: parent ? undefined : party.vatId && plainVat(party.vatId),
    company_registry: party.registrationId,
    email: party.email,
    peppol_eas: party.endpoint?.scheme,
    peppol_endpoint: party.endpoint?.id,
  };
  const known = Object.entries(cells).filter(
    ([column, text]) => text && fields.has(column.split('/')[0] ?? ''),
  );
  return Object.fromEntries(known);
}

/** Says what a person may do: name the partner in the corrected document, or give the right one our external id. */
function severalFit(
  what: string,
  rows: readonly OdooRecord[],
  party: Party,
  place: PartyPlace,
): FinanceError {
  const candidates = rows.map(({ id, display_name }) => ({ id, name: textOf(display_name) }));
  return new FinanceError('ODOO_AMBIGUOUS', {
    message: `Odoo has ${rows.length === 1 ? 'a partner' : `${rows.length} partners`} with this ${what}: ${candidates.map(({ id, name }) => `${name} (${id})`).join(', ')}.`,
    hint: 'Merge them in Odoo, set odooId of the party in the corrected document, or give one of them the external id of the details.',
    details: { model: 'res.partner', candidates, externalId: partnerKey(party, place) },
  });
}
