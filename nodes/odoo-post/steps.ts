import {
  externalIdOf,
  type Kinds,
  type OneTransaction,
  type PostableDocument,
  type PosterName,
  Posting,
  type PostRequest,
  type PrepareOptions,
  poster,
  posterNameOf,
  type TaxCorrection,
} from '../../connectors/odoo';
import type { Effect, Json } from '../../engine';
import { documentHash } from '../../finance';
import { assertLateAllowed } from '../kit/late';
import { type HashedRequest, requestOnce } from '../kit/run-step';
import { assertNotDoneByOdoo } from './automation';
import { partnerInStep } from './partner';
import { type OdooRun, plain, type Recorded, recordStep } from './record';

type Result = Kinds[PosterName]['result'];
/** `move` whatever the model: it was recorded so before there were others. */
type LoadRequest = HashedRequest & { move: Json };

/** What `odoo.load` leaves behind, beside the id of the record. */
interface Loaded {
  /** Tax lines of the draft that are to get the source's amount. */
  corrections: TaxCorrection[];
  /** Version of Odoo: 16 does not reconcile credit notes by itself. */
  major: number;
}

/** What the record is called in requests and results. */
const ID = {
  invoice: 'moveId',
  entry: 'moveId',
  payment: 'paymentId',
  bank_line: 'lineId',
} as const satisfies Record<PosterName, string>;

/**
 * Posts a document in recorded steps: `odoo.partner`, `odoo.load` (draft), `odoo.tax` (where the source's tax differs),
 * `odoo.post`, `odoo.reconcile` (what Odoo does not match by itself). Each is found again by its external key, and Odoo
 * refuses doubles of each.
 * @param hash of the content: a request that was recorded of the same content is used as it stands
 * @throws FinanceError ODOO_*, DOCUMENT_*, MAP_OUTPUT_INVALID and those of a step
 */
export async function postInSteps(
  run: OdooRun,
  document: PostableDocument,
  options: PrepareOptions,
  hash: string = documentHash(document),
): Promise<Result> {
  const key = externalIdOf(options.externalKey, options.prefix);
  const name = posterNameOf(document);
  const { store, context, target } = run;
  const identity = { kind: 'odoo.load', target, externalKey: key };
  const request = await requestOnce<LoadRequest>(store, context, identity, hash, async () => {
    await assertNotDoneByOdoo(run, document, options.entity);
    const partnerOf: PrepareOptions['partnerOf'] = (_client, party, place) =>
      partnerInStep(run, party, place);
    const prepared = await poster(name).prepare(run.client, document as never, { ...options, partnerOf });
    await assertLateAllowed(run, document, options.entity, [prepared]);
    return { contentHash: hash, move: plain(prepared) };
  });
  return new RecordedPosting(run, name, key, request).post();
}

/** A posting whose phases are steps of the document. */
class RecordedPosting<K extends PosterName> {
  private readonly request: Kinds[K]['request'];
  private readonly posting: Posting<K>;

  constructor(
    private readonly run: OdooRun,
    private readonly name: K,
    private readonly key: string,
    private readonly recorded: LoadRequest,
  ) {
    this.request = this.requestIn(recorded);
    this.posting = this.of(this.request);
  }

  async post(): Promise<Kinds[K]['result']> {
    const loaded = await this.step('odoo.load', this.recorded, this.loadEffect());
    const { corrections, major } = loaded as unknown as Loaded;
    const record = ID[this.name];
    const id = Number(loaded[record]);
    if (corrections.length > 0)
      await this.step('odoo.tax', plain({ [record]: id, corrections }), this.taxEffect(id));
    const posted = await this.step('odoo.post', this.question(id), this.postEffect(id));
    const settlement = this.posting.settlement(major);
    if (settlement)
      await this.step('odoo.reconcile', plain({ [record]: id, ...settlement }), this.settleEffect(id));
    return posted as unknown as Kinds[K]['result'];
  }

  private step(kind: string, request: Recorded, effect: Effect<Recorded>): Promise<Recorded> {
    return recordStep(this.run, kind, this.key, request, effect);
  }

  private requestIn = (request: Json): Kinds[K]['request'] =>
    (request as LoadRequest).move as unknown as Kinds[K]['request'];

  private of(request: Kinds[K]['request'], oneTransaction?: OneTransaction): Posting<K> {
    const { client, writer } = this.run;
    return new Posting(client, this.name, request, { writer, oneTransaction });
  }

  /** The request of `odoo.post`. */
  private question(id: number): Recorded {
    const { poster: name, company, expected }: PostRequest = this.request;
    const day = name === 'invoice' ? { invoiceDate: expected.invoiceDate } : { date: expected.date };
    return plain({ [ID[name]]: id, company: company.id, ...day });
  }

  /** Works from the request that was recorded, whatever is asked for by now. */
  private loadEffect(): Effect<Recorded> {
    const examine = async (posting: Posting<K>, draft: Kinds[K]['state']): Promise<Recorded> => {
      const { major } = await this.run.client.version();
      const corrections = posting.corrections(draft);
      return plain({ [ID[this.name]]: draft.id, corrections, major });
    };
    return {
      refusesDoubles: true,
      perform: async (request) => {
        const posting = this.of(this.requestIn(request), await this.run.oneTransaction?.());
        return await examine(posting, await posting.draft());
      },
      probe: async (request) => {
        const posting = this.of(this.requestIn(request));
        const found = await posting.lookup();
        if (found === undefined) return undefined;
        posting.compare(found, 'created');
        return await examine(posting, found);
      },
    };
  }

  /** The amounts are absolute: writing them again changes nothing. */
  private taxEffect(id: number): Effect<Recorded> {
    return {
      refusesDoubles: true,
      perform: async (request) => {
        await this.posting.amend(await this.posting.read(id, 'resumed'));
        await this.posting.read(id, 'draft');
        return request as Recorded;
      },
    };
  }

  private postEffect(id: number): Effect<Recorded> {
    const result = async (posted: Kinds[K]['state']): Promise<Recorded> => {
      this.posting.compare(posted, 'posted');
      return plain(await this.posting.result(posted));
    };
    return {
      refusesDoubles: true,
      perform: async () => {
        const draft = await this.posting.read(id);
        if (draft.state === 'posted') return await result(draft);
        this.posting.compare(draft, 'draft');
        await this.posting.post(draft);
        return await result(await this.posting.read(id));
      },
      probe: async () => {
        const found = await this.posting.read(id);
        return found.state === 'posted' ? await result(found) : undefined;
      },
    };
  }

  /** Lines that are matched are left alone: doing it again changes nothing. */
  private settleEffect(id: number): Effect<Recorded> {
    return {
      refusesDoubles: true,
      perform: async () => plain(await this.posting.settle(await this.posting.read(id))),
    };
  }
}
