import { strict as assert } from 'node:assert';
import { afterEach, describe, it } from 'mocha';
import { lookupsOf, type OdooClient, type PostedMove, type PostedRecord } from '../../connectors/odoo';
import type { EInvoiceSubmission } from '../../finance';
import { invoice, line } from '../connectors/odoo/documents';
import { bankLine, bill, entry, payment, payout, refund } from '../connectors/odoo/kinds';
import { creditNote, PostingBench, type PostingSetup } from './posting-bench';

let posting: PostingBench;
const open = async (setup: PostingSetup = {}): Promise<PostingBench> => {
  posting = await PostingBench.open(setup);
  return posting;
};

describe('odoo post, every kind of document', () => {
  afterEach(() => posting.close());

  for (const version of ['16.0', '17.0', '19.0'] as const)
    it(`posts each once, in recorded steps, with the same result on replay (Odoo ${version})`, async () => {
      const { bench } = await open({ version });
      const sold = invoice('sold');
      const unlinked = { ...creditNote('open', sold), precedingInvoice: undefined };
      const documents = [
        sold,
        bill('bought'),
        creditNote('note', sold),
        unlinked,
        payment('paid', [], { amount: '50.00' }),
        refund('back', [unlinked]),
        payout('out'),
        entry('misc'),
        bankLine('line'),
      ];
      const ids = await posting.receive(...documents);
      assert.deepEqual(
        await posting.ends(ids),
        documents.map(() => 'completed'),
      );
      const matched = (steps: string[]) => steps.includes('odoo.reconcile done');
      for (const [index, id] of ids.entries()) {
        const steps = await bench.kindsOfSteps(id);
        assert.ok(steps.includes('odoo.load done') && steps.includes('odoo.post done'), steps.join());
        const { kind } = documents[index]!;
        const isMatchedByUs = kind === 'refund' || (index === 2 && version === '16.0');
        assert.equal(matched(steps), isMatchedByUs, `${kind}: ${steps.join()}`);
        const { name, state } = await posting.result<PostedRecord>(id);
        assert.deepEqual(
          [state, (await bench.store.documentRow({ documentId: id })).number],
          ['posted', name],
        );
      }
      const before = await posting.moves();
      const results = await Promise.all(ids.map((id) => posting.result(id)));
      for (const documentId of ids) await bench.store.replay({ documentId, actor: 'carla', reason: 'again' });
      await bench.message('done', documents.length * 2);
      assert.deepEqual(await Promise.all(ids.map((id) => posting.result(id))), results);
      assert.deepEqual(await posting.moves(), before);
    }).timeout(20_000);

  it('a payment waits for its invoice, then settles it, with the terms of the node', async () => {
    const { bench } = await open({ post: { tolerance: '0.50', writeOffAccount: '4980' } });
    const sold = invoice('open');
    const [paid] = await posting.receive(
      payment('short', [], {
        amount: '118.60',
        allocations: [{ sourceId: sold.source.id, amount: '118.60' }],
      }),
    );
    await bench.state(paid!, 'waiting');
    assert.equal(
      (await bench.store.documentRow({ documentId: paid! })).waits_for,
      'ref:acme_de/invoice/stripe/in_open',
    );
    const [first] = await posting.receive(sold);
    assert.deepEqual(await posting.ends([first!, paid!]), ['completed', 'completed']);
    const { moveId } = await posting.result<PostedMove>(first!);
    const move = (await posting.moves()).find(({ id }) => id === moveId);
    assert.deepEqual([move?.amountResidual, move?.paymentState], ['0.00', 'paid']);
    const settled = await posting.result<{ matched: object[]; settlement?: number }>(paid!, 'odoo.reconcile');
    assert.deepEqual(settled.matched, [{ moveId, amount: '118.60', matched: '118.60' }]);
    assert.ok(settled.settlement);
  }).timeout(10_000);

  it('what is deferred gets its schedule in the same document, once, with a credit note to take it back', async () => {
    const { bench } = await open();
    const period = { start: '2026-11-02', end: '2027-02-01' };
    const deferred = line({
      period,
      posting: { account: '0990', taxes: ['USt 19%'], deferral: { account: '8400', journal: 'MISC' } },
    });
    const sold = invoice('year', { lines: [deferred] });
    await posting.fault('drop-after-commit', { model: 'account.move', method: 'action_post' }, 2);
    const [id] = await posting.receive(sold);
    assert.equal(await posting.end(id!), 'completed');
    const { entries } = await posting.result<{ entries: PostedRecord[] }>(id!, 'odoo.schedule');
    assert.deepEqual(
      entries.map(({ date }) => date),
      ['2026-11-30', '2026-12-31', '2027-01-31', '2027-02-28'],
    );
    const balanceOf = async (code: string) =>
      (await posting.moves())
        .flatMap(({ lines }) => lines)
        .filter(({ account }) => account === code)
        .reduce((cents, { debit, credit }) => cents + Math.round((Number(debit) - Number(credit)) * 100), 0);
    assert.deepEqual([await balanceOf('0990'), await balanceOf('8400')], [0, -10_000]);
    assert.equal((await posting.moves()).length, 5);
    const [back] = await posting.receive({ ...creditNote('year', sold), lines: [deferred] });
    assert.equal(await posting.end(back!), 'completed');
    assert.deepEqual([await balanceOf('0990'), await balanceOf('8400')], [0, 0]);
    assert.ok((await bench.kindsOfSteps(back!)).includes('odoo.schedule done'));
  }).timeout(15_000);

  it('what the provider kept of a payment is booked once beside it, in its currency and the company’s', async () => {
    const { bench } = await open();
    const places = { journal: 'PSP', feeAccount: '4970', clearingAccount: '1360' };
    const inEuro = payment('eur', [], { amount: '200.00', fee: '6.10', posting: places });
    const inDollars = payment('usd', [], { amount: '110.00', currency: 'USD', fee: '1.11', posting: places });
    const withoutPlace = payment('gross', [], { fee: '1.00', posting: { journal: 'PSP' } });
    await posting.fault('drop-after-commit', { model: 'account.move', method: 'load' }, 2);
    const ids = await posting.receive(inEuro, inDollars, withoutPlace);
    assert.deepEqual(await posting.ends(ids), ['completed', 'completed', 'completed']);
    const { entries } = await posting.result<{ entries: PostedRecord[] }>(ids[0]!, 'odoo.fee');
    assert.deepEqual(
      entries.map(({ date, amount }) => [date, amount]),
      [['2026-11-05', '6.10']],
    );
    const fees = (await posting.moves()).filter(({ externalId }) => externalId?.endsWith('__fee'));
    assert.deepEqual(
      fees.map(({ lines }) => lines.map(({ account, debit, credit }) => [account, debit, credit])).sort(),
      [
        [
          ['4970', '1.01', '0.00'],
          ['1360', '0.00', '1.01'],
        ],
        [
          ['4970', '6.10', '0.00'],
          ['1360', '0.00', '6.10'],
        ],
      ],
    );
    assert.ok(!(await bench.kindsOfSteps(ids[2]!)).includes('odoo.fee done'));
  }).timeout(10_000);

  it('a foreign invoice is deferred in the company’s currency, at what Odoo booked', async () => {
    await open();
    const dollars = invoice('usd', {
      currency: 'USD',
      lines: [
        line({
          period: { start: '2026-11-01', end: '2026-12-31' },
          posting: { account: '0990', taxes: ['USt 19%'], deferral: { account: '8400', journal: 'MISC' } },
        }),
      ],
    });
    const [id] = await posting.receive(dollars);
    assert.equal(await posting.end(id!), 'completed');
    const { entries } = await posting.result<{ entries: PostedRecord[] }>(id!, 'odoo.schedule');
    assert.deepEqual(
      entries.map(({ currency, amount }) => `${amount} ${currency}`),
      // 100.00 USD at 1.1 are 90.91 EUR: 30 days and 31
      ['44.71 EUR', '46.20 EUR'],
    );
  });

  it('a line without a period cannot be deferred, and nothing is posted', async () => {
    await open();
    const posted = { account: '0990', taxes: ['USt 19%'], deferral: { account: '8400', journal: 'MISC' } };
    const [id] = await posting.receive(invoice('none', { lines: [line({ posting: posted })] }));
    assert.equal(await posting.end(id!), 'MAP_OUTPUT_INVALID');
    assert.deepEqual(await posting.moves(), []);
  });

  it('a kind that is not posted is refused', async () => {
    const { bench } = await open();
    const submission: EInvoiceSubmission = {
      schema: 'einvoice_submission/1',
      kind: 'einvoice_submission',
      entity: 'acme_de',
      source: { system: 's', id: '1' },
      channel: 'peppol',
      naturalKey: 'k',
      number: '1',
      sha256: 'a'.repeat(64),
      transport: 'accepted',
      messages: [],
    };
    assert.equal(await posting.end(await bench.receive(submission)), 'ODOO_VALIDATION');
  });
});

describe('odoo post in micro-batches', () => {
  afterEach(() => posting.close());

  interface Call {
    model: string;
    method: string;
    outcome: string;
  }
  const calls = async (method: string): Promise<number> => {
    const log = (await (await fetch(`${posting.odoo.url}/_sandbox/log`)).json()) as
      | { calls: Call[] }
      | Call[];
    const all = Array.isArray(log) ? log : log.calls;
    return all.filter((call) => call.method === method && call.model === 'account.move').length;
  };

  it('documents that come together go in one call, each with its own steps and result', async () => {
    const { bench } = await open({ connection: { batchWindowMs: 200, batchSize: 50 } });
    const documents = Array.from({ length: 20 }, (_, index) => invoice(`many_${index}`));
    const ids = await posting.receive(...documents);
    assert.ok((await posting.ends(ids)).every((end) => end === 'completed'));
    assert.ok((await calls('load')) <= 3, `${await calls('load')} calls of load`);
    assert.ok((await calls('action_post')) <= 4, `${await calls('action_post')} calls of action_post`);
    const moves = new Set<number>();
    for (const [index, id] of ids.entries()) {
      const { moveId } = await posting.result<PostedMove>(id);
      moves.add(moveId);
      assert.equal((await posting.moves()).find((move) => move.id === moveId)?.ref, documents[index]!.number);
      assert.deepEqual((await bench.kindsOfSteps(id)).slice(-2), ['odoo.load done', 'odoo.post done']);
    }
    assert.equal(moves.size, ids.length);
  }).timeout(15_000);

  it('one bad record, in every position: it is held, the others are posted', async () => {
    await open({ connection: { batchWindowMs: 60 } });
    const count = 6;
    for (let position = 0; position < count; position++) {
      const name = (index: number) => `pos${position}_${index}`;
      const documents = Array.from({ length: count }, (_, index) => invoice(name(index)));
      documents[position] = invoice(name(position), {
        lines: [line({ posting: { account: `77${position}0`, taxes: ['USt 19%'] } })],
      });
      // Odoo itself refuses the record: the look-up still believes in the account
      await believe(position);
      const ids = await posting.receive(...documents);
      const ends = await posting.ends(ids);
      assert.deepEqual(
        ends.map((end) => end === 'completed'),
        documents.map((_, index) => index !== position),
        ends.join(),
      );
      const refs = (await posting.moves()).map(({ ref }) => ref);
      for (const [index, { number }] of documents.entries())
        assert.equal(refs.filter((ref) => ref === number).length, index === position ? 0 : 1, `${number}`);
    }
  }).timeout(60_000);

  /** Lets the connection look an account up, and takes it away in Odoo. */
  async function believe(position: number): Promise<void> {
    const spare = posting.odoo.odoo.db.all('account.account').find(({ code }) => code === '8300')!;
    const copy = { ...spare, id: 9_000 + position, code: `77${position}0` };
    posting.odoo.odoo.db.transaction(() => posting.odoo.odoo.db.insert('account.account', copy));
    const client = posting.bench.node<{ client(): OdooClient }>('odoo').client();
    const lookups = lookupsOf(client);
    await lookups.account(await lookups.company(1), copy.code);
    await posting.edit({ do: 'delete', model: 'account.account', id: copy.id });
  }
});
