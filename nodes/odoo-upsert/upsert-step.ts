import {
  type OdooClient,
  PARTNER_FIELDS,
  type PartnerField,
  PRODUCT_FIELDS,
  type ProductField,
  partyPlace,
  type Upserted,
  type UpsertMemory,
  upsertPartner,
  upsertProduct,
} from '../../connectors/odoo';
import type { Effect, Json, Store } from '../../engine';
import { externalKey, type PartyDocument, type ProductDocument } from '../../finance';
import { isOlder, type Revision } from '../kit/revision';
import type { HashedRequest } from '../kit/run-step';
import { inStoreTurn, turnOfAnother } from '../kit/turns';

export type MasterDocument = PartyDocument | ProductDocument;
export type Role = 'customer' | 'supplier' | 'product';

/** The whole question, so that it is asked again as it stands. */
export type UpsertRequest = HashedRequest & {
  document: Json;
  role: Role;
  owned: string[];
  company: number;
  prefix: string;
  revision: Revision;
};

/** `msg.odoo` */
export type UpsertResult = {
  id: number;
  model: 'res.partner' | 'product.product';
  created: boolean;
  /** A newer state of the object was written before; nothing was changed. */
  outdated: boolean;
  written: string[];
  kept: string[];
  foreign: string[];
};

/** What the store keeps of an object: who it is in Odoo, the newest state that was written, and hashes of it. */
type Kept = UpsertMemory & { revision: Revision };

/** The name in the store under which an object is remembered: one a target, entity, system and object. */
const memoryOf = (target: string, { entity, kind, source: { system, id } }: MasterDocument): string =>
  `object/odoo-upsert/${target}/${externalKey({ entity, kind, source: { system, id } })}`;

/**
 * Writes an object of an upstream system into Odoo, once and absolute: doing it again changes nothing. An older state
 * than the one that was written last is left alone.
 */
export function upsertEffect(
  store: Store,
  client: OdooClient,
  target: string,
  documentId: string,
): Effect<UpsertResult> {
  return {
    refusesDoubles: true,
    perform(asked) {
      const request = asked as unknown as UpsertRequest;
      const document = request.document as unknown as MasterDocument;
      const model = document.kind === 'party' ? 'res.partner' : 'product.product';
      const name = memoryOf(target, document);
      return inStoreTurn(store, name, documentId, async () => {
        const from = await store.getCursor({ name });
        const before = from === undefined ? undefined : (JSON.parse(from) as Kept);
        const { revision } = request;
        if (before && isOlder(revision, before.revision))
          return { ...NOTHING, id: before.id, model, outdated: true };
        const { memory, ...upserted } = await write(client, request, document, before);
        const kept: Kept = { ...memory, revision };
        if (!(await store.swapCursor({ name, from, to: JSON.stringify(kept) }))) throw turnOfAnother(name);
        return { ...upserted, model, outdated: false };
      });
    },
  };
}

const NOTHING = { created: false, written: [], kept: [], foreign: [] };

async function write(
  client: OdooClient,
  { owned, role, company, prefix }: UpsertRequest,
  document: MasterDocument,
  before: UpsertMemory | undefined,
): Promise<Upserted> {
  const { entity, source } = document;
  const place = await partyPlace(client, { entity, system: source.system, company, prefix });
  if (document.kind === 'product')
    return await upsertProduct(client, { ...document, id: source.id }, place, {
      owned: PRODUCT_FIELDS.filter((field: ProductField) => owned.includes(field)),
      before,
    });
  return await upsertPartner(client, { id: source.id, ...document.party }, place, {
    owned: PARTNER_FIELDS.filter((field: PartnerField) => owned.includes(field)),
    role: role === 'supplier' ? 'supplier' : 'customer',
    before,
  });
}
