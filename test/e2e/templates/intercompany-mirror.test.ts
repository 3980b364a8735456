import assert from 'node:assert/strict';
import { intercompanyPairs } from '../../../cli/intercompany';
import { type PairReport, pairReport } from '../../../finance';
import { TemplateRun } from '../../support/template-run';

describe('the template intercompany mirror', function () {
  this.timeout(60_000);
  let run: TemplateRun;
  before(async () => {
    run = await TemplateRun.start('intercompany-mirror');
  });
  after(() => run.stop());

  const events = () => run.file<{ events: { id: string }[] }>('sample-input.json').events;
  const expected = (): object[] => run.file<{ moves: object[] }>('expected-postings.json').moves;
  const report = (): Promise<PairReport> =>
    run.runtime.read(async (store) => pairReport(await intercompanyPairs(store)));

  it('posts what is sold, and the bills wait for somebody of the buyer', async () => {
    await run.feed(events());
    assert.deepEqual(await run.exceptions(), ['acme_us DOCUMENT_APPROVAL', 'acme_us DOCUMENT_APPROVAL']);
    const posted = await run.posted();
    assert.deepEqual([...new Set(posted.map(({ company }) => company))], ['Ledgerway Demo GmbH']);
    const { equal, unpaired } = await report();
    assert.deepEqual(
      [equal, ...unpaired.map(({ why }) => why)],
      [false, ...Array(2).fill('waits for an approval of acme_us')],
    );
  });

  it('approved, they are posted as expected, and both sides are equal', async () => {
    await run.decide(async (store) => {
      for (const { document_id: documentId } of await store.exceptions())
        await store.replay({ documentId, actor: 'ben', reason: 'ordered by us' });
    });
    assert.deepEqual(await run.exceptions(), []);
    assert.deepEqual(await run.posted(), expected());
    assert.equal((await report()).equal, true);
  });

  it('the same again changes nothing, from new events either', async () => {
    await run.feedAgain(events());
    assert.deepEqual(await run.posted(), expected());
    assert.deepEqual(await run.exceptions(), []);
  });
});
