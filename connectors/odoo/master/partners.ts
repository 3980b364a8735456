import type { Party } from '../../../finance/documents';
import type { OdooClient } from '../client';
import { lookupsOf } from '../lookups';
import { findPartner, type PartyPlace, partnerCells, partnerKey } from '../party';
import { type Approval, assertBankDetails, type BankDetails } from './bank-details';
import { type Upserted, upsert } from './upsert';

/** Fields of a party that a system may own. */
export type PartnerField = 'name' | 'address' | 'vatId' | 'registrationId' | 'email' | 'endpoint';

const COLUMNS: Readonly<Record<PartnerField, readonly string[]>> = {
  name: ['name', 'is_company'],
  address: ['street', 'street2', 'zip', 'city', 'state_id/.id', 'country_id/.id'],
  vatId: ['vat'],
  registrationId: ['company_registry'],
  email: ['email'],
  endpoint: ['peppol_eas', 'peppol_endpoint'],
};

export interface UpsertedPartner extends Upserted {
  /** Last digits of bank accounts that were added. */
  bankAccounts: string[];
}

/**
 * Brings a customer, supplier or contact of an upstream system into Odoo: found as documents find it, created exactly
 * once, and of a known one only what the system owns is written.
 *
 * @param owned fields that the upstream system owns; Odoo keeps the others
 * @param bank accounts of the party, and who approved a change of them
 * @throws FinanceError ODOO_AMBIGUOUS with candidates, PARTY_BANK_DETAILS, and those of a call
 */
export async function upsertPartner(
  client: OdooClient,
  party: Party,
  place: PartyPlace,
  options: {
    owned: readonly PartnerField[];
    role?: 'customer' | 'supplier' | 'contact';
    /** The company of a contact. */
    parent?: number;
    bank?: { accounts: readonly BankDetails[]; approval?: Approval };
  },
): Promise<UpsertedPartner> {
  const { owned, parent, bank, role } = options;
  const found = await findPartner(client, party, place, parent);
  const cells = await partnerCells(client, party, { parent, role });
  const columns = new Set(owned.flatMap((field) => COLUMNS[field]));
  const key = partnerKey(party, place);
  const company = place.company.id;
  const upserted = await upsert(client, { model: 'res.partner', key, found, cells, owned: columns, company });
  // the cache of a moment ago may say that there is none
  if (upserted.created || upserted.written.length > 0) lookupsOf(client).forget();
  const accounts = bank?.accounts ?? [];
  const added = await assertBankDetails(client, place.company, upserted.id, accounts, bank?.approval);
  return { ...upserted, bankAccounts: added };
}
