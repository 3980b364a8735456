import {
  type BankMatch,
  type EntryRequest,
  findBankMatch,
  findReconciled,
  matchBankLine,
  type OdooClient,
  type PostEntry,
  postRequest,
  type ReconcileRequest,
  reconcilePayment,
  unmatchBankLine,
  unreconcile,
} from '../../connectors/odoo';
import type { Effect, Json } from '../../engine';

type Recorded = { [key: string]: Json };
const plain = (value: unknown): Recorded => JSON.parse(JSON.stringify(value)) as Recorded;
const requestOf = <Request>(recorded: Json): Request => (recorded as { ask: Json }).ask as unknown as Request;

/** Whose matching is taken back: moves, or a bank transaction. */
export interface UndoRequest extends Pick<ReconcileRequest, 'company'> {
  moves: number[];
  lineId?: number;
}

/** Posts the entry that splits and writes off, once it is allowed to. */
const poster =
  (client: OdooClient, allow: Allow): PostEntry =>
  async (entry) => {
    await allow(entry);
    return await postRequest(client, 'entry', entry);
  };

/** Whether an entry may be booked on its day. @throws FinanceError DOCUMENT_APPROVAL */
export type Allow = (entry: EntryRequest) => Promise<void>;

/** What is matched already is left alone, so that doing it again changes nothing. */
export const matchPayment = (client: OdooClient, allow: Allow): Effect<Recorded> => ({
  refusesDoubles: true,
  async perform(recorded) {
    const request = requestOf<ReconcileRequest>(recorded);
    return plain(await reconcilePayment(client, request, poster(client, allow)));
  },
  async probe(recorded) {
    const found = await findReconciled(client, requestOf<ReconcileRequest>(recorded));
    return found && plain(found);
  },
});

export const matchBank = (client: OdooClient, allow: Allow): Effect<Recorded> => ({
  refusesDoubles: true,
  async perform(recorded) {
    const request = requestOf<BankMatch>(recorded);
    return plain(await matchBankLine(client, request, poster(client, allow)));
  },
  async probe(recorded) {
    const found = await findBankMatch(client, requestOf<BankMatch>(recorded));
    return found && plain(found);
  },
});

/** The moves stay posted, and so does an entry that split or wrote off. */
export const undoMatching = (client: OdooClient): Effect<Recorded> => ({
  refusesDoubles: true,
  async perform(recorded) {
    const { company, moves, lineId } = requestOf<UndoRequest>(recorded);
    if (lineId !== undefined) await unmatchBankLine(client, company, lineId);
    return plain({ unmatched: await unreconcile(client, company, moves) });
  },
});
