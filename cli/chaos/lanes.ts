import type { DocumentRow, Json, Store } from '../../engine';
import { getJson } from '../http';
import type { SandboxAddresses } from '../sandbox';

export interface LaneOrder {
  /** Lanes with more than one document. */
  lanes: number;
  /** Pairs of neighbours in a lane of which the later one ran, or was posted, before the earlier one was done. */
  inversions: number;
}

interface Passage {
  /** Places in the audit of its first and its last lease. */
  first: number;
  last: number;
  /** Id of its move in Odoo: a number that grows with each move. */
  move?: number;
}

interface Move {
  id: number;
  externalId: string | null;
}

/**
 * Looks, without trusting the engine, whether the documents of each lane ran in the order of their arrival: by the
 * audit (no lease of a later one before the last lease of an earlier one) and by Odoo's own ledger.
 */
export async function laneOrder(
  sandbox: SandboxAddresses,
  store: Pick<Store, 'documents' | 'trace'>,
): Promise<LaneOrder> {
  const { moves } = (await getJson(`${sandbox.odoo}/_sandbox/ledger`)) as { moves: Move[] };
  const moveOf = new Map(moves.map(({ id, externalId }) => [externalId, id]));
  const order = { lanes: 0, inversions: 0 };
  for (const lane of await sharedLanes(store)) {
    order.lanes++;
    const passages: Passage[] = [];
    for (const { id } of lane) passages.push(await passageOf(id, store, moveOf));
    order.inversions += inversionsOf(passages);
  }
  return order;
}

/** Of lanes that keep their order: the documents in the order of their arrival, where there are several. */
async function sharedLanes(store: Pick<Store, 'documents'>): Promise<DocumentRow[][]> {
  const rows = await store.documents({ limit: 1_000_000 });
  const lanes = Map.groupBy(
    rows.filter(({ lane_policy }) => lane_policy === 'block'),
    ({ lane }) => lane,
  );
  return [...lanes.values()]
    .filter((lane) => lane.length > 1)
    .map((lane) => lane.sort((a, b) => a.seq - b.seq));
}

async function passageOf(
  documentId: string,
  store: Pick<Store, 'trace'>,
  moveOf: ReadonlyMap<string | null, number>,
): Promise<Passage> {
  const { history, steps } = await store.trace({ documentId });
  // A document that waits for another one gives its place in the lane up.
  const waited = history.find(({ type }) => type === 'waiting');
  const until = waited ? placeOf(waited) : Number.POSITIVE_INFINITY;
  const leases = history.filter(({ type }) => type === 'leased').map(placeOf);
  const move = steps.map(({ external_key }) => moveOf.get(external_key)).find((id) => id !== undefined);
  return {
    first: Math.min(...leases),
    last: Math.max(...leases.filter((place) => place < until)),
    move: waited ? undefined : move,
  };
}

/** Where an event stands among all: several chains carry a number of the whole store. */
function placeOf({ seq, data }: { seq: number; data: Json }): number {
  const { order } = data as { order?: number };
  return Number(order ?? seq);
}

/** Documents that never ran (held or skipped at once) have no place. */
export function inversionsOf(passages: readonly Passage[]): number {
  const ran = passages.filter(({ first }) => Number.isFinite(first));
  const posted = passages.flatMap(({ move }) => move ?? []);
  const after = (list: readonly number[]) =>
    list.filter((id, index) => index > 0 && id < list[index - 1]!).length;
  return ran.filter(({ first }, index) => index > 0 && first < ran[index - 1]!.last).length + after(posted);
}
