import { strict as assert } from 'node:assert';
import { afterEach, describe, it } from 'mocha';
import type { PostableDocument, PostedMove, PostedRecord } from '../../connectors/odoo';
import { invoice } from '../connectors/odoo/documents';
import { bankLine, bill, entry, payment, payout, refund } from '../connectors/odoo/kinds';
import { creditNote, PostingBench, type PostingSetup } from './posting-bench';

let posting: PostingBench;
const open = async (setup: PostingSetup = {}): Promise<PostingBench> => {
  posting = await PostingBench.open(setup);
  return posting;
};

describe('odoo post in a locked period', () => {
  afterEach(() => posting.close());

  const late = (): PostableDocument[] => [
    invoice('late', { issueDate: '2026-10-31' }),
    bill('late', { issueDate: '2026-10-31' }),
    { ...creditNote('late', invoice('late')), precedingInvoice: undefined, issueDate: '2026-10-31' },
    payment('late', [], { date: '2026-10-31' }),
    refund('late', [], { date: '2026-10-31' }),
    { ...payout('late'), date: '2026-10-31' },
    entry('late', { date: '2026-10-31' }),
    bankLine('late', { date: '2026-10-31' }),
  ];
  const kinds = () => [...new Set(late().map(({ kind }) => kind))];
  const policies = (latePosting: string) =>
    Object.fromEntries(kinds().map((kind) => [kind, { latePosting }]));
  const lock = () => posting.edit({ do: 'lock', company: 1, dates: { fiscalyear_lock_date: '2026-10-31' } });

  it('hold: every kind is an exception, nothing is booked, and another policy lets it go on', async () => {
    const { bench } = await open();
    await lock();
    const ids = await posting.receive(...late());
    assert.ok((await posting.ends(ids)).every((code) => code === 'ODOO_DATE_MOVED'));
    assert.deepEqual(await posting.moves(), [], 'not even a draft');
    // the close owner decides otherwise
    await posting.redeploy({ policies: policies('next-open-period') });
    for (const documentId of ids) await bench.store.replay({ documentId, actor: 'carla', reason: 'late' });
    await bench.until(async () => (await bench.codes()).length === 0);
    assert.ok((await posting.ends(ids)).every((end) => end === 'completed'));
    for (const id of ids) assert.equal((await posting.result<PostedRecord>(id)).date, '2026-11-01');
  }).timeout(10_000);

  it('next open period: every kind keeps its own date and says the day on which it is booked', async () => {
    await open({ policies: policies('next-open-period') });
    await lock();
    const ids = await posting.receive(...late());
    assert.ok((await posting.ends(ids)).every((end) => end === 'completed'));
    for (const id of ids) {
      const { date, late } = await posting.result<PostedRecord>(id);
      assert.deepEqual([date, late?.documentDate], ['2026-11-01', '2026-10-31']);
    }
  }).timeout(10_000);

  it('approval: every kind waits for a second person, once; another day needs another approval', async () => {
    const { bench } = await open({ policies: policies('approval') });
    await lock();
    const ids = await posting.receive(...late());
    assert.ok((await posting.ends(ids)).every((code) => code === 'DOCUMENT_APPROVAL'));
    assert.deepEqual(await posting.moves(), []);
    const [exception] = await bench.store.exceptions({});
    assert.match(exception!.cause, /locked up to 2026-10-31.*2026-11-01/);
    for (const documentId of ids.slice(1))
      await bench.store.replay({ documentId, actor: 'eva', reason: 'approved' });
    assert.ok((await posting.ends(ids.slice(1))).every((end) => end === 'completed'));
    await posting.edit({ do: 'lock', company: 1, dates: { fiscalyear_lock_date: '2026-11-05' } });
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    const [documentId] = ids;
    await bench.store.replay({ documentId: documentId!, actor: 'eva', reason: 'approved for November 1' });
    await bench.until(
      async () => (await bench.store.documentRow({ documentId: documentId! })).attempts === 0,
    );
    await bench.until(async () =>
      (await bench.store.exceptions({})).some(({ cause }) => /2026-11-06/.test(cause)),
    );
    await bench.store.replay({ documentId: documentId!, actor: 'eva', reason: 'approved for November 6' });
    await bench.until(
      async () => (await bench.store.documentRow({ documentId: documentId! })).state === 'settled',
    );
    assert.equal((await posting.result<PostedMove>(documentId!)).date, '2026-11-06');
  }).timeout(20_000);

  it('nothing dated before the cut-over is posted, whatever its kind', async () => {
    await open({ entity: { cutOver: '2026-11-01' }, policies: policies('next-open-period') });
    const ids = await posting.receive(...late());
    assert.ok((await posting.ends(ids)).every((code) => code === 'ODOO_CUTOVER'));
    assert.deepEqual(await posting.moves(), []);
  }).timeout(10_000);
});

describe('odoo post and currencies', () => {
  afterEach(() => posting.close());

  const dollars = (id: string, exchangeRate?: string) => invoice(id, { currency: 'USD', exchangeRate });

  it('an inactive currency, and one without a rate on the day, are refused for every kind that has one', async () => {
    await open();
    const ids = await posting.receive(
      invoice('sek', { currency: 'SEK' }),
      payment('sek', [], { currency: 'SEK' }),
      entry('sek', {
        currency: 'SEK',
        lines: entry('x').lines.map((each) => ({
          ...each,
          homeDebit: each.debit,
          homeCredit: each.credit,
        })),
      }),
      invoice('early', { currency: 'USD', issueDate: '2025-12-31' }),
      payment('early', [], { currency: 'USD', date: '2025-12-31' }),
    );
    assert.deepEqual(
      await posting.ends(ids),
      ids.map(() => 'ODOO_CURRENCY'),
    );
    assert.deepEqual(await posting.moves(), []);
  });

  it("the entity's rates: the source's within the tolerance, the table's, or Odoo's", async () => {
    await open({ entity: { ratesFrom: 'source', ratesTolerance: '1' } });
    const ids = await posting.receive(dollars('near', '1.1050'), dollars('far', '1.2'), dollars('none'));
    assert.deepEqual(await posting.ends(ids), ['completed', 'ODOO_CURRENCY', 'ODOO_CURRENCY']);
    await posting.close();
    const ratesTable = [
      { currency: 'USD', date: '2026-01-01', rate: '1.1090' },
      { currency: 'USD', date: '2026-11-02', rate: '1.2' },
    ];
    await open({ entity: { ratesFrom: 'table', ratesTolerance: '1', ratesTable } });
    const before = await posting.receive({ ...dollars('before'), issueDate: '2026-11-01' }, dollars('after'));
    assert.deepEqual(await posting.ends(before), ['completed', 'ODOO_CURRENCY']);
  }).timeout(10_000);
});
