import assert from 'node:assert/strict';
import {
  findByExternalId,
  lookupsOf,
  type PaymentRequest,
  type Phase,
  type PostableDocument,
  Posting,
  planDocument,
  posterNameOf,
  searchRead,
} from '../../../connectors/odoo';
import { isFinanceError } from '../../../errors';
import type { Payment } from '../../../finance/documents';
import { Books, untilDone, type Version } from './books';
import { buyer, invoice, withTax } from './documents';
import { bankLine, bill, entry, keyed, payment, payout, refund } from './kinds';

const ALL: [Version, 'jsonrpc' | 'xmlrpc' | 'json2'][] = [
  [16, 'xmlrpc'],
  [16, 'jsonrpc'],
  [17, 'jsonrpc'],
  [17, 'xmlrpc'],
  [19, 'json2'],
  [19, 'jsonrpc'],
];

const MODELS = {
  invoice: 'account.move',
  entry: 'account.move',
  payment: 'account.payment',
  bank_line: 'account.bank.statement.line',
} as const;

for (const [version, protocol] of ALL)
  describe(`every kind in Odoo ${version} over ${protocol}`, () => {
    let books: Books;
    before(async () => {
      books = await Books.open(version, protocol, ['account.group_account_user']);
    });
    after(() => books.close());

    const count = (model: string) => searchRead(books.admin, model, [], ['id']).then((rows) => rows.length);
    const residual = async (move: number): Promise<unknown> =>
      (await searchRead(books.admin, 'account.move', [['id', '=', move]], ['amount_residual']))[0]
        ?.amount_residual;

    const documents: Record<string, PostableDocument> = {
      bill: bill('every'),
      'supplier credit note': bill('cn', { kind: 'credit_note' }),
      'journal entry': entry('every'),
      payment: payment('every', []),
      refund: refund('every', []),
      payout: payout('every'),
      'bank line': bankLine('every'),
    };

    for (const [name, document] of Object.entries(documents))
      it(`posts a ${name} once, however often and from however many`, async () => {
        const posted = await books.post(document);
        const model = MODELS[posterNameOf(document)];
        const records = await count(model);
        assert.equal(posted.state, 'posted');
        assert.notEqual(posted.name, '/');
        assert.deepEqual(await books.post(document), posted);
        const clients = Array.from({ length: 3 }, () => books.connect({ protocol }));
        await Promise.all(clients.map((client) => untilDone(() => books.post(document, {}, client))));
        assert.equal(await count(model), records);
        const id = await findByExternalId(books.client, model, `ledgerway.${keyed(document)}`);
        assert.equal(id, 'id' in posted ? posted.id : posted.moveId);
      });

    it('a key that comes again with other content is a conflict, in every kind', async () => {
      const others: PostableDocument[] = [
        bill('every', { seller: buyer() }),
        entry('every', { reference: 'other' }),
        payment('every', [], { amount: '118.99' }),
        { ...payout('every'), amount: '119.00', items: [] },
        bankLine('every', { amount: '-42.11' }),
      ];
      for (const document of others)
        await assert.rejects(books.post(document), { code: 'DOCUMENT_CONFLICT' }, document.kind);
    });

    it('an answer that is lost on any write leaves one record', async () => {
      const lost: [PostableDocument, string, string[]][] = [
        [bill('lost'), 'account.move', ['load', 'action_post']],
        [entry('lost'), 'account.move', ['load', 'action_post']],
        [payment('lost', []), 'account.payment', ['load', 'action_post']],
        [bankLine('lost'), 'account.bank.statement.line', ['load']],
      ];
      for (const [document, model, methods] of lost) {
        const records = await count(model);
        for (const method of methods) {
          await books.fault({ match: { model, method }, mode: 'drop-after-commit', times: 1 });
          await assert.rejects(books.post(document), { kind: 'in_doubt' });
        }
        await books.post(document);
        assert.equal(await count(model), records + 1, document.kind);
      }
    });

    it('a bill is on the day of its supplier, in debit of expense and tax', async () => {
      const posted = await books.post(bill('dated'));
      assert.deepEqual(
        [posted.date, posted.amountTax, posted.amountTotal],
        ['2026-11-02', '38.00', '238.00'],
      );
      const move = await books.move(posted.moveId);
      assert.equal(move.moveType, 'in_invoice');
      const sides = move.lines.map(({ type, debit, credit }) => [type, debit, credit]);
      assert.deepEqual(
        sides.sort(),
        [
          ['payment_term', '0.00', '238.00'],
          ['product', '200.00', '0.00'],
          ['tax', '38.00', '0.00'],
        ].sort(),
      );
    });

    it("takes the supplier's own tax, and refuses its number a second time", async () => {
      const posted = await books.post(withTax(bill('tax'), '37.99', '237.99'));
      assert.equal(posted.amountTax, '37.99');
      const twin = bill('tax');
      await assert.rejects(books.post({ ...twin, source: { ...twin.source, id: 'other' } }), {
        code: 'DOCUMENT_CONFLICT',
        message: /R-tax/,
      });
    });

    it('an entry carries its partners and dimensions', async () => {
      const posted = await books.post(entry('dimensions'));
      const { lines } = await books.move(posted.id);
      assert.deepEqual(
        lines.map(({ debit, credit, partnerId, analytic }) => [debit, credit, partnerId, analytic]),
        [
          ['10.50', '0.00', undefined, { '1': '100' }],
          ['0.00', '10.50', 7, {}],
        ],
      );
      assert.deepEqual([posted.amount, posted.currency, posted.date], ['10.50', 'EUR', '2026-11-04']);
    });

    it('an entry of another currency holds both amounts', async () => {
      const [debit, credit] = entry('usd').lines;
      assert.ok(debit && credit);
      const document = entry('usd', {
        currency: 'USD',
        lines: [
          { ...debit, debit: '11.00', homeDebit: '10.00' },
          { ...credit, credit: '11.00', homeCredit: '10.00' },
        ],
      });
      const posted = await books.post(document);
      const { lines } = await books.move(posted.id);
      assert.deepEqual(
        lines.map((each) => [each.currency, each.amountCurrency, each.debit]),
        [
          ['USD', '11.00', '10.00'],
          ['USD', '-11.00', '0.00'],
        ],
      );
      assert.deepEqual(await books.post(document), posted);
    });

    it('a payment settles its invoice, and a repeat changes nothing', async () => {
      const sold = await books.post(invoice('paid'));
      const paid = payment('paid', [invoice('paid')]);
      await books.fault({
        match: { model: 'account.move.line', method: 'reconcile' },
        mode: 'drop-after-commit',
        times: 1,
      });
      await assert.rejects(books.post(paid), { kind: 'in_doubt' });
      const posted = await books.post(paid);
      assert.equal(await residual(sold.moveId), 0);
      assert.deepEqual(await books.post(paid), posted);
    });

    it('a refund settles its credit note, a payment out its bill', async () => {
      const credit = { ...invoice('given_back'), kind: 'credit_note' as const };
      const given = await books.post(credit);
      await books.post(refund('given_back', [credit]));
      assert.equal(await residual(given.moveId), 0);
      const bought = await books.post(bill('paid'));
      const out: Payment = payment('bill', [bill('paid')], {
        direction: 'outbound',
        amount: '238.00',
        allocations: [{ sourceId: bill('paid').source.id, amount: '238.00' }],
        payer: bill('paid').seller,
      });
      await books.post(out);
      assert.equal(await residual(bought.moveId), 0);
    });

    it('a dry run of any kind writes nothing', async () => {
      const stranger = buyer({ id: 'dry', name: 'Dry', vatId: undefined, email: 'dry@x.example' });
      const before = await Promise.all([...Object.values(MODELS), 'res.partner'].map(count));
      for (const document of [
        bill('dry', { seller: stranger }),
        entry('dry'),
        payment('dry', [], { payer: stranger }),
        payout('dry'),
        bankLine('dry'),
      ]) {
        const plan = await planDocument(books.client, document, books.options(document));
        assert.deepEqual([plan.dryRun, plan.exists], [true, undefined]);
      }
      assert.deepEqual(await Promise.all([...Object.values(MODELS), 'res.partner'].map(count)), before);
    });

    it('what a payment settles must be in Odoo', async () => {
      await assert.rejects(books.post(payment('early', [invoice('never')])), {
        code: 'ODOO_MISSING',
        details: { reference: 'acme_de__invoice__stripe__in_never' },
      });
    });
  });

describe('what people do to other kinds meanwhile', () => {
  let books: Books;
  before(async () => {
    books = await Books.open(17, 'auto', ['account.group_account_user']);
  });
  after(() => books.close());

  /** Runs up to the draft, lets a person edit, and goes on. */
  async function interrupted(
    document: PostableDocument,
    edit: (id: number) => Promise<void>,
  ): Promise<unknown> {
    const record = new Map<Phase, string>();
    const run = async <T>(phase: Phase, effect: () => Promise<T>): Promise<T> => {
      if (phase === 'post' && !record.has('post')) throw new Error('cut off');
      const done = record.get(phase);
      if (done !== undefined) return JSON.parse(done) as T;
      const result = await effect();
      record.set(phase, JSON.stringify(result) ?? 'null');
      return result;
    };
    await assert.rejects(books.post(document, { run }), /cut off/);
    await edit(Number(record.get('draft')));
    return books.post(document, { run }).catch((error: unknown) => {
      if (isFinanceError(error)) return error.code;
      throw error;
    });
  }

  it('an edited draft is not posted', async () => {
    assert.equal(
      await interrupted(entry('edited'), (id) => books.edit('account.move', id, { ref: 'mine' })),
      'ODOO_MOVE_CHANGED',
    );
    assert.equal(
      await interrupted(payment('edited', []), (id) => books.edit('account.payment', id, { amount: 1 })),
      'ODOO_MOVE_CHANGED',
    );
  });

  it('a tax that was edited after we set it is not posted', async () => {
    const document = withTax(invoice('tax_edited'), '18.99', '118.99');
    const outcome = await interrupted(document, async (id) => {
      const { lines } = await books.move(id);
      const tax = lines.find(({ type }) => type === 'tax')?.id;
      await books.edit('account.move', id, { line_ids: [[1, tax, { amount_currency: -18.98 }]] });
    });
    assert.equal(outcome, 'ODOO_AMOUNT_DIFFERS');
    const [id = 0] = await books.moves('S-tax_edited');
    assert.equal((await books.move(id)).state, 'draft');
  });

  it('a deleted draft is an exception, never a silent second one', async () => {
    for (const document of [entry('deleted'), payment('deleted', [])]) {
      const model = MODELS[posterNameOf(document)];
      const outcome = await interrupted(document, async (id) => {
        await books.admin.call(model, 'unlink', { ids: [id] });
      });
      assert.equal(outcome, 'ODOO_MOVE_CHANGED');
    }
  });

  it('a step in doubt finds its record by the key', async () => {
    const document = payment('doubt', []);
    await books.post(document);
    const request = (await books.prepared(document)) as PaymentRequest;
    assert.equal((await new Posting(books.client, 'payment', request).lookup())?.state, 'posted');
    const never = { ...request, externalKey: 'ledgerway.none' };
    assert.equal(await new Posting(books.client, 'payment', never).lookup(), undefined);
  });

  it('a bank line of another currency than its journal is refused before Odoo takes it for its own', async () => {
    await assert.rejects(books.post(bankLine('usd', { currency: 'USD' })), {
      code: 'ODOO_CURRENCY',
      message: 'The transaction is of USD, but the journal BNK1 holds EUR.',
    });
    const rows = await searchRead(books.admin, 'account.bank.statement.line', [], ['payment_ref']);
    assert.ok(!rows.some(({ payment_ref }) => payment_ref === 'Transfer usd'));
  });

  it('a bank line of a day without a rate is refused: Odoo would convert it 1:1', async () => {
    const company = { company_id: 1, currency_id: (await lookupsOf(books.client).currency('USD')).id };
    const accounts = ['default_account_id', 'suspense_account_id'];
    const [like] = await searchRead(
      books.admin,
      'account.journal',
      [
        ['code', '=', 'BNK1'],
        ['company_id', '=', 1],
      ],
      accounts,
    );
    const own = Object.fromEntries(accounts.map((field) => [field, (like![field] as [number])[0]]));
    const dollars = { name: 'Dollars', code: 'BNKD', type: 'bank', ...company, ...own };
    await books.admin.call('account.journal', 'create', { named: { vals_list: [dollars] } });
    const line = { currency: 'USD', posting: { journal: 'BNKD' } };
    await books.post(bankLine('rated', line));
    await assert.rejects(books.post(bankLine('early', { ...line, date: '2025-12-31' })), {
      code: 'ODOO_CURRENCY',
      message: /1:1/,
    });
  });

  it('an edited account of a payment is noticed before it is posted', async () => {
    const lookups = lookupsOf(books.client);
    const other = await lookups.account(await lookups.company(1), '0990');
    const posting = { journal: 'BNK1', counterpartAccount: '1400' };
    const document = payment('elsewhere', [], { posting });
    const outcome = await interrupted(document, (id) =>
      books.edit('account.payment', id, { destination_account_id: other }),
    );
    assert.equal(outcome, 'ODOO_MOVE_CHANGED');
  });

  it('an unbalanced entry is refused before anything is sent', async () => {
    const [debit, credit] = entry('x').lines;
    assert.ok(debit && credit);
    await assert.rejects(books.post(entry('x', { lines: [{ ...debit, debit: '10.49' }, credit] })), {
      code: 'DOCUMENT_UNBALANCED',
    });
    assert.deepEqual(await books.moves('JE-x'), []);
  });
});
