import type { KinDocument, Store } from '../engine';
import { type Pair, type PairedDocument, type PairReport, pairReport } from '../finance';
import { configOf, storeOf } from '../runtime';
import { COMMON, readOptions } from './arguments';

const SPLITS = ['intercompany.mirror', 'intercompany.allocation'];
const PAGE = 200;

/**
 * `ledgerway intercompany`: proves that what entities have booked against each other is equal, from what Odoo gave back
 * when it was booked; names each document that stands alone. Only reads, beside the runtime.
 * @returns 0 where every pair is whole and equal, else 1
 */
export async function intercompany(args: string[]): Promise<number> {
  const { values } = readOptions(args, { ...COMMON, from: { type: 'string' }, to: { type: 'string' } });
  const store = await storeOf(configOf(values), true);
  try {
    const report = pairReport(await intercompanyPairs(store, values));
    if (values.json) console.log(JSON.stringify(report));
    else print(report);
    return report.equal ? 0 : 1;
  } finally {
    await store.close();
  }
}

/** The pairs that splitting steps made, as they stand; of originals whose day lies in the period, where one is given. */
export async function intercompanyPairs(
  store: Pick<Store, 'kin'>,
  { from, to }: { from?: string; to?: string } = {},
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  const query = { splits: SPLITS, booked: 'odoo.post', from, to, limit: PAGE };
  for (let after = ''; ; ) {
    const page = await store.kin({ ...query, after });
    for (const { result, parent, children } of page) {
      const part = (name: string | null) =>
        paired(name === null ? parent : children.find((child) => child.part === name));
      for (const pair of pairsIn(result)) pairs.push({ ...pair, from: part(pair.from), to: part(pair.to) });
    }
    if (page.length < PAGE) return pairs;
    after = page.at(-1)!.id;
  }
}

type PairOfParts = Omit<Pair, 'from' | 'to'> & { from: string | null; to: string };

const pairsIn = (result: unknown): PairOfParts[] => (result as { pairs?: PairOfParts[] }).pairs ?? [];

function paired(document: KinDocument | undefined): PairedDocument {
  if (!document) return { documentId: '', entity: '', kind: '', state: 'gone' };
  const { id, entity, kind, number, state, outcome, error, booked } = document;
  const { code, message } = JSON.parse(error ?? '{}') as { code?: string; message?: string };
  const result = booked as { amount?: string; amountTotal?: string; currency: string; name: string } | null;
  const amount = result?.amountTotal ?? result?.amount;
  return {
    documentId: id,
    entity,
    kind,
    state,
    ...(number !== null && { number }),
    ...(outcome !== null && { outcome }),
    ...(state === 'held' && { code, cause: message }),
    ...(result &&
      amount !== undefined && { booked: { amount, currency: result.currency, name: result.name } }),
  };
}

function print({ equal, balances, unpaired }: PairReport): void {
  for (const { from, to, currency, pairs, fromAmount, toAmount, difference } of balances)
    console.log(
      `${from} → ${to}  ${pairs} pairs  ${fromAmount} / ${toAmount} ${currency}  difference ${difference}`,
    );
  for (const { from, amount, currency, why } of unpaired)
    console.log(`${from.documentId}  ${from.number ?? '-'}  ${amount} ${currency}: ${why}`);
  console.log(equal ? 'Every pair is equal.' : 'Not every pair is equal.');
}
