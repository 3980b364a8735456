import { type EntryRequest, type PostedRecord, postRequest } from '../../connectors/odoo';
import type { Effect, Json } from '../../engine';
import { type HashedRequest, requestOnce } from '../kit/run-step';
import { type OdooRun, plain, type Recorded, recordStep } from './record';

/** An entry that hangs on a document of another kind, as it is booked. */
export type BookedEntry = Pick<PostedRecord, 'moveId' | 'name' | 'date' | 'currency' | 'amount'>;

type EntriesRequest = HashedRequest & { entries: Json };

/**
 * Posts the entries that belong to a document, as one recorded step: one call makes them all and one posts them, each
 * under an external key of its own, so that a repeat makes none twice. The document is not done before they all stand.
 * @param key external id of the step
 * @param contentHash of the document
 * @param make their requests, made once a content
 * @throws FinanceError ODOO_*, those of `make` and of a step
 */
export async function postEntries(
  run: OdooRun,
  kind: string,
  key: string,
  contentHash: string,
  make: () => Promise<EntryRequest[]>,
): Promise<BookedEntry[]> {
  const { store, context, target } = run;
  const identity = { kind, target, externalKey: key };
  const request = await requestOnce<EntriesRequest>(store, context, identity, contentHash, async () => {
    return { contentHash, ...plain({ entries: await make() }) } as EntriesRequest;
  });
  const result = await recordStep(run, kind, key, request, effect(run));
  return result.entries as unknown as BookedEntry[];
}

function effect({ client, writer }: OdooRun): Effect<Recorded> {
  return {
    refusesDoubles: true,
    async perform(request) {
      const requests = (request as EntriesRequest).entries as unknown as EntryRequest[];
      const posted = await Promise.allSettled(
        requests.map((entry) => postRequest(client, 'entry', entry, { writer })),
      );
      const failed = posted.find(({ status }) => status === 'rejected');
      if (failed) throw (failed as PromiseRejectedResult).reason;
      const entries = posted.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      return plain({
        entries: entries.map(({ moveId, name, date, currency, amount }): BookedEntry => {
          return { moveId, name, date, currency, amount };
        }),
      });
    },
  };
}
