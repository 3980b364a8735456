import {
  compareMove,
  createDraft,
  externalIdOf,
  findCustomer,
  findOrCreateCustomer,
  lookupMove,
  lookupsOf,
  type MoveRequest,
  type OdooClient,
  type PartyPlace,
  type PostedMove,
  type PrepareOptions,
  postMove,
  readBack,
  reconcileCreditNote,
  resultOf,
  setSourceTax,
  type TaxCorrection,
  taxCorrections,
} from '../../connectors/odoo';
import { buildRequest, prepareContext } from '../../connectors/odoo/moves/prepare';
import type { Effect, Json } from '../../engine';
import { FinanceError } from '../../errors';
import { documentHash, externalKey, hashOf, type Invoice, type Party } from '../../finance';
import { type HashedRequest, requestOnce, runStep } from '../kit/run-step';
import type { Run } from '../kit/step-node';

/** A run of this node: where it writes, whom it asks, and its name for people. */
export interface OdooRun extends Run {
  client: OdooClient;
  /** `<url>/<database>` */
  target: string;
  name: string;
  nodeId: string;
}

type Recorded = { [key: string]: Json };
type LoadRequest = HashedRequest & { move: Json };

/** What `odoo.load` leaves behind. */
interface Loaded {
  moveId: number;
  /** Tax lines of the draft that are to get the source's amount. */
  corrections: TaxCorrection[];
  /** Version of Odoo: 16 does not reconcile credit notes by itself. */
  major: number;
}

const plain = (value: unknown): Recorded => JSON.parse(JSON.stringify(value)) as Recorded;

/**
 * Posts an invoice or credit note in recorded steps: `odoo.partner`, `odoo.load` (draft), `odoo.tax` (where the
 * source's tax differs), `odoo.post`, `odoo.reconcile` (credit notes on 16). Each is found again by its external key,
 * and Odoo refuses doubles of each.
 * @throws FinanceError ODOO_*, DOCUMENT_CONFLICT, MAP_OUTPUT_INVALID and those of a step
 */
export async function postInSteps(
  run: OdooRun,
  invoice: Invoice,
  options: PrepareOptions,
): Promise<PostedMove> {
  const key = externalIdOf(options.externalKey, options.prefix);
  const request = await loadRequest(run, key, invoice, options);
  const move = request.move as unknown as MoveRequest;
  const { client } = run;
  const loaded = (await effect(run, 'odoo.load', key, request, loadEffect(client))) as unknown as Loaded;
  const { moveId, corrections, major } = loaded;
  if (corrections.length > 0)
    await effect(run, 'odoo.tax', key, plain({ moveId, corrections }), taxEffect(client, move, moveId));
  const posting = plain({ moveId, company: move.company.id, invoiceDate: move.expected.invoiceDate });
  const posted = await effect(run, 'odoo.post', key, posting, postEffect(client, move, moveId));
  const { reversedMoveId } = move.expected;
  if (reversedMoveId !== undefined && major < 17) {
    const pair = plain({ moveId, reversedMoveId });
    await effect(run, 'odoo.reconcile', key, pair, reconcileEffect(client, move, moveId));
  }
  return posted as unknown as PostedMove;
}

async function effect(
  { store, context, target, name, nodeId }: OdooRun,
  kind: string,
  key: string,
  request: Recorded,
  how: Effect<Recorded>,
): Promise<Recorded> {
  const spec = { kind, target, externalKey: key, request, name, nodeId };
  const outcome = await runStep(store, context, spec, how);
  if (outcome.status === 'done') return outcome.result;
  throw new FinanceError('RUN_UNEXPECTED', { message: `${kind} waits, which Odoo never asks for.` });
}

/** The request of `odoo.load`: the one that was recorded, or a new one for the partner of the buyer. */
async function loadRequest(
  run: OdooRun,
  key: string,
  invoice: Invoice,
  options: PrepareOptions,
): Promise<LoadRequest> {
  const { store, context, client, target } = run;
  const hash = documentHash(invoice);
  const identity = { kind: 'odoo.load', target, externalKey: key };
  return await requestOnce<LoadRequest>(store, context, identity, hash, async () => {
    const prepared = await prepareContext(client, invoice, options);
    const partnerId = await partnerOf(run, invoice.buyer, prepared.place);
    const move = await buildRequest(client, invoice, options, prepared, partnerId);
    return { contentHash: hash, move: plain(move) };
  });
}

/** The content is part of the key: a corrected buyer is another question, not a conflict with the first. */
async function partnerOf(run: OdooRun, party: Party, place: PartyPlace): Promise<number> {
  const { entity, system, company, prefix } = place;
  const hash = hashOf(party).slice(0, 16);
  const source = { system, id: party.id ?? party.vatId ?? hash, revision: hash };
  const key = externalIdOf(externalKey({ entity, kind: 'party', source }), prefix);
  const request = plain({ party, entity, system, company: company.id, prefix });
  const found = await effect(run, 'odoo.partner', key, request, partnerEffect(run.client));
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
      return { partnerId: await findOrCreateCustomer(client, ...(await read(request))) };
    },
    async probe(request) {
      const partnerId = await findCustomer(client, ...(await read(request)));
      return partnerId === undefined ? undefined : { partnerId };
    },
  };
}

function loadEffect(client: OdooClient): Effect<Recorded> {
  const moveIn = (request: Json): MoveRequest => (request as LoadRequest).move as unknown as MoveRequest;
  const examine = async (move: MoveRequest, moveId: number): Promise<Recorded> => {
    const created = await readBack(client, moveId, move.company.id);
    compareMove(move, created, 'created');
    const corrections = created.state === 'draft' ? taxCorrections(move, created) : [];
    const { major } = await client.version();
    return plain({ moveId, corrections, major } satisfies Loaded);
  };
  return {
    refusesDoubles: true,
    async perform(request) {
      const move = moveIn(request);
      return await examine(move, await createDraft(client, move));
    },
    async probe(request) {
      const move = moveIn(request);
      const found = await lookupMove(client, move.externalKey, move.company.id);
      return found && (await examine(move, found.id));
    },
  };
}

/** The amounts are absolute: writing them again changes nothing. */
function taxEffect(client: OdooClient, move: MoveRequest, moveId: number): Effect<Recorded> {
  return {
    refusesDoubles: true,
    async perform(request) {
      const draft = await readBack(client, moveId, move.company.id);
      compareMove(move, draft, 'resumed');
      await setSourceTax(client, move, draft);
      compareMove(move, await readBack(client, moveId, move.company.id), 'draft');
      return request as Recorded;
    },
  };
}

function postEffect(client: OdooClient, move: MoveRequest, moveId: number): Effect<Recorded> {
  const read = () => readBack(client, moveId, move.company.id);
  const result = async (posted: Awaited<ReturnType<typeof read>>): Promise<Recorded> => {
    compareMove(move, posted, 'posted');
    return plain(await resultOf(client, move, posted));
  };
  return {
    refusesDoubles: true,
    async perform() {
      const draft = await read();
      if (draft.state === 'posted') return await result(draft);
      compareMove(move, draft, 'draft');
      await postMove(client, move, moveId);
      return await result(await read());
    },
    async probe() {
      const found = await read();
      return found.state === 'posted' ? await result(found) : undefined;
    },
  };
}

/** Lines that are reconciled are left alone: doing it again changes nothing. */
function reconcileEffect(client: OdooClient, move: MoveRequest, moveId: number): Effect<Recorded> {
  return {
    refusesDoubles: true,
    perform: async () => ({ reconciled: await reconcileCreditNote(client, move, moveId) }),
  };
}
