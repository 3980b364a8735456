import assert from 'node:assert/strict';
import { postDocument } from '../../../connectors/odoo';
import { externalKey, type Invoice, money } from '../../../finance';
import { entity } from '../../connectors/odoo/documents';
import { type PostedMove, TemplateRun } from '../../support/template-run';

interface Sample {
  posted: Invoice[];
  events: { id: string; data: { object: object } }[];
  /** What the provider's API says of what the events only name. */
  api: object[];
}

/** What the invoices of the sample were posted by: any pipeline with the same external keys. */
async function postBefore(run: TemplateRun): Promise<void> {
  const client = run.odoo();
  const seller = entity({ numbering: 'source' });
  for (const document of run.file<Sample>('sample-input.json').posted)
    await postDocument(client, document, { entity: seller, externalKey: externalKey(document) });
  client.close();
}

async function putAtProvider(run: TemplateRun, objects: object[]): Promise<void> {
  const answer = await fetch(`${run.sandbox.billing}/_sandbox/objects`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(objects),
  });
  assert.equal(answer.status, 201);
}

/** Debit less credit of an account, over moves. */
const balance = (moves: PostedMove[], wanted: string): string =>
  money.formatMoney(
    money.sum(
      moves
        .flatMap(({ lines }) => lines)
        .filter(({ account }) => account === wanted)
        .map(({ debit, credit }) => money.sub(debit, credit)),
    ),
    'EUR',
  );

describe('the template payment settlement', function () {
  this.timeout(60_000);
  let run: TemplateRun;
  before(async () => {
    run = await TemplateRun.start('payment-settlement', postBefore);
    await putAtProvider(run, run.file<Sample>('sample-input.json').api);
  });
  after(() => run.stop());

  const events = (): Sample['events'] => run.file<Sample>('sample-input.json').events;
  const expected = (): object[] => run.file<{ moves: object[] }>('expected-postings.json').moves;

  it('posts captures with their fees, matched as allocated, refund, dispute and payout', async () => {
    await run.feed(events());
    assert.deepEqual(await run.exceptions(), []);
    assert.deepEqual(await run.posted(), expected());
  });

  it('leaves nothing on the clearing account, and on the others what the settlement of the day says', async () => {
    const moves = await run.posted();
    const accounts = { '1360': '0.00', '4970': '26.80', '1500': '30.00', '1202': '193.20', '4980': '0.02' };
    assert.deepEqual(
      Object.fromEntries(Object.keys(accounts).map((account) => [account, balance(moves, account)])),
      accounts,
    );
    const open = moves.filter(({ type }) => type.startsWith('out_'));
    assert.deepEqual(
      open.map(({ residual, paymentState }) => `${residual} ${paymentState}`),
      ['0.00 paid', '48.00 partial', '0.00 paid', '0.00 paid'],
    );
  });

  it('the same facts again change nothing', async () => {
    await run.feedAgain(events());
    assert.deepEqual(await run.posted(), expected());
    assert.deepEqual(await run.exceptions(), []);
  });

  it('asks for all items of a payout, page by page', async () => {
    const items = Array.from({ length: 230 }, (_item, at) => {
      const charge = { id: `txn_big_${at}`, reporting_category: 'charge', net: 100 + at };
      return { object: 'balance_transaction', payout: 'po_2', ...charge };
    });
    await putAtProvider(run, items);
    const payout = events().at(-1)!;
    const amount = items.reduce((sum, { net }) => sum + net, 0);
    const object = { ...payout.data.object, id: 'po_2', amount };
    await run.feed([{ ...payout, id: 'evt_pay_8', data: { object } }]);
    assert.deepEqual(await run.exceptions(), []);
    const posted = (await run.posted()).find(({ ref }) => ref === 'po_2');
    assert.equal(posted?.total, money.fromMinor(amount, 'EUR'));
  });

  it('holds what the provider does not know, and goes on once it does', async () => {
    const [first] = events();
    const object = { ...first!.data.object, id: 'ch_9', metadata: {} };
    await run.feed([{ ...first, id: 'evt_pay_9', data: { object } }]);
    assert.deepEqual(await run.exceptions(), ['acme_de SOURCE_EVENT_INVALID']);
    const { api } = run.file<Sample>('sample-input.json');
    await putAtProvider(run, [{ ...api[0], id: 'ch_9' }]);
    await run.decide(async (store) => {
      for (const { document_id: documentId } of await store.exceptions())
        await store.replay({ documentId, actor: 'carla', reason: 'it is there now' });
    });
    assert.deepEqual(await run.exceptions(), []);
    assert.ok((await run.posted()).some(({ ref }) => ref === 'ch_9'));
  });
});
