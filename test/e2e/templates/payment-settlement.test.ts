import assert from 'node:assert/strict';
import { postDocument } from '../../../connectors/odoo';
import { externalKey, type Invoice, money } from '../../../finance';
import { entity } from '../../connectors/odoo/documents';
import { type PostedMove, TemplateRun } from '../../support/template-run';

interface Sample {
  posted: Invoice[];
  events: { id: string }[];
}

/** What the invoices of the sample were posted by: any pipeline with the same external keys. */
async function postBefore(run: TemplateRun): Promise<void> {
  const client = run.odoo();
  const seller = entity({ numbering: 'source' });
  for (const document of run.file<Sample>('sample-input.json').posted)
    await postDocument(client, document, { entity: seller, externalKey: externalKey(document) });
  client.close();
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
});
