import assert from 'node:assert/strict';
import type { Phase } from '../../../connectors/odoo';
import {
  load,
  lookupMove,
  mergeLoads,
  Posting,
  planInvoice,
  prepareInvoice,
  searchRead,
} from '../../../connectors/odoo';
import type { FinanceError } from '../../../errors';
import type { Invoice } from '../../../finance/documents';
import { Books, keyOf, untilDone, type Version } from './books';
import { buyer, entity, invoice, line, withTax } from './documents';

const ALL: [Version, 'jsonrpc' | 'xmlrpc' | 'json2'][] = [
  [16, 'jsonrpc'],
  [16, 'xmlrpc'],
  [17, 'jsonrpc'],
  [17, 'xmlrpc'],
  [19, 'jsonrpc'],
  [19, 'xmlrpc'],
  [19, 'json2'],
];

const creditNote = (n: number, of: Invoice): Invoice => ({
  ...invoice(`cn_${n}`),
  kind: 'credit_note',
  precedingInvoice: { sourceId: of.source.id },
});

for (const [version, protocol] of ALL)
  describe(`posting to Odoo ${version} over ${protocol}`, () => {
    let books: Books;
    before(async () => {
      books = await Books.open(version, protocol);
    });
    after(() => books.close());

    it('posts an invoice, and the same again is the same move', async () => {
      const document = invoice(1);
      const posted = await books.post(document);
      assert.deepEqual(
        { ...posted, moveId: 0, name: '', url: '' },
        {
          moveId: 0,
          name: '',
          state: 'posted',
          date: '2026-11-02',
          invoiceDate: '2026-11-02',
          company: 1,
          partnerId: 7,
          currency: 'EUR',
          amountUntaxed: '100.00',
          amountTax: '19.00',
          amountTotal: '119.00',
          url: '',
        },
      );
      assert.match(posted.name, /2026/);
      assert.ok(posted.url.includes(String(posted.moveId)));
      assert.deepEqual(await books.post(document), posted);
      assert.deepEqual(await books.moves('S-1'), [posted.moveId]);
    });

    it('four equal calls at once, again and again, make one posted move', async () => {
      for (let round = 0; round < 4; round += 1) {
        const document = invoice(`race_${round}`);
        const posts = Array.from({ length: 4 }, () =>
          untilDone(() => books.post(document, {}, books.connect({ protocol }))),
        );
        const ids = new Set((await Promise.all(posts)).map(({ moveId }) => moveId));
        assert.equal(ids.size, 1);
        assert.deepEqual(await books.moves(`S-race_${round}`), [...ids]);
      }
    });

    it('takes the tax of the source where it differs by rounding, into the receivable as well', async () => {
      const posted = await books.post(withTax(invoice('tax'), '18.99', '118.99'));
      assert.deepEqual([posted.amountTax, posted.amountTotal], ['18.99', '118.99']);
      const move = await books.move(posted.moveId);
      const amounts = move.lines.map(({ type, amountCurrency }) => [type, amountCurrency]);
      assert.deepEqual(Object.fromEntries(amounts), {
        product: '-100.00',
        tax: '-18.99',
        payment_term: '118.99',
      });
    });

    it('links a credit note to its invoice, and both are settled', async () => {
      const original = await books.post(withTax(invoice('corrected'), '18.99', '118.99'));
      const credit = await books.post(withTax(creditNote(1, invoice('corrected')), '18.99', '118.99'));
      const move = await books.move(credit.moveId);
      assert.equal(move.moveType, 'out_refund');
      assert.equal(move.reversedMoveId, original.moveId);
      for (const { moveId } of [original, credit]) {
        const { lines } = await books.move(moveId);
        assert.equal(lines.find(({ type }) => type === 'payment_term')?.reconciled, true, `${moveId}`);
      }
      assert.equal(
        (await books.post(withTax(creditNote(1, invoice('corrected')), '18.99', '118.99'))).moveId,
        credit.moveId,
      );
    });

    it('a write whose answer is lost was done: the look-up finds it, and the repeat goes on from there', async () => {
      const document = invoice('lost');
      for (const method of ['load', 'action_post']) {
        await books.fault({ match: { model: 'account.move', method }, mode: 'drop-after-commit', times: 1 });
        await assert.rejects(books.post(document), { code: 'ODOO_UNAVAILABLE', kind: 'in_doubt' });
        const found = await lookupMove(books.client, keyOf(document), 1);
        assert.equal(found?.state, method === 'load' ? 'draft' : 'posted');
      }
      const posted = await books.post(document);
      assert.deepEqual(await books.moves('S-lost'), [posted.moveId]);
    });

    it('the number of the source becomes the number of the move', async () => {
      const document = invoice('own', { posting: { journal: 'STRP' } });
      const posted = await books.post(document, { entity: entity({ numbering: 'source' }) });
      assert.equal(posted.name, 'S-own');
      assert.deepEqual(await books.moves('in_own'), [posted.moveId]);
      const twin = { ...document, source: { ...document.source, id: 'in_twin' } };
      await assert.rejects(books.post(twin, { entity: entity({ numbering: 'source' }) }), {
        kind: 'rejected',
      });
    });

    it('a locked period is refused before anything is posted, and a date that Odoo moved is seen after', async () => {
      const september = { issueDate: '2026-09-15', dueDate: '2026-10-15' };
      const document = invoice('locked', september);
      const request = await prepareInvoice(books.client, document, books.options(document));
      const draft = await new Posting(books.client, 'invoice', request).draft();
      await books.lock({ fiscalyear_lock_date: '2026-09-30' });
      for (const late of [document, invoice('too_late', september)])
        await assert.rejects(books.post(late), { code: 'ODOO_DATE_MOVED', kind: 'locked_period' });
      assert.equal((await books.move(draft.id)).state, 'draft');
      assert.deepEqual(await books.moves('S-too_late'), [], 'not even a draft');
      await books.client.call('account.move', 'action_post', { ids: [draft.id] });
      await assert.rejects(books.post(document), {
        code: 'ODOO_DATE_MOVED',
        message: /instead of 2026-09-15/,
      });
    });
  });

describe('what people do to a move meanwhile', () => {
  let books: Books;
  before(async () => {
    books = await Books.open(17);
  });
  after(() => books.close());

  /** A draft, and how it was recorded. */
  async function draft(document: Invoice): Promise<{ moveId: number }> {
    const request = await prepareInvoice(books.client, document, books.options(document));
    return { moveId: (await new Posting(books.client, 'invoice', request).draft()).id };
  }

  it('an edited draft is not posted', async () => {
    const document = invoice('edited');
    const expected = await draft(document);
    const [row] = await searchRead(
      books.admin,
      'account.move.line',
      [
        ['move_id', '=', expected.moveId],
        ['display_type', '=', 'product'],
      ],
      ['price_unit'],
    );
    await books.edit('account.move', expected.moveId, {
      invoice_line_ids: [[1, row?.id, { price_unit: 90 }]],
    });
    await assert.rejects(books.post(document, { expected }), { code: 'ODOO_MOVE_CHANGED' });
    assert.equal((await books.move(expected.moveId)).state, 'draft');
  });

  it('a draft that was edited between tax and posting is not posted either', async () => {
    const document = invoice('edited_late');
    const edit = async (phase: Phase) => {
      if (phase !== 'tax') return;
      const id = (await books.moves('S-edited_late'))[0] as number;
      await books.edit('account.move', id, { ref: 'mine' });
    };
    const run = async <T>(phase: Phase, effect: () => Promise<T>): Promise<T> => {
      const result = await effect();
      await edit(phase);
      return result;
    };
    const posted = books.post(document, { run });
    await assert.rejects(posted, { code: 'ODOO_MOVE_CHANGED' });
  });

  it('a draft whose due date was changed is not posted', async () => {
    const document = invoice('due');
    const expected = await draft(document);
    await books.edit('account.move', expected.moveId, { invoice_date_due: '2027-01-31' });
    await assert.rejects(books.post(document, { expected }), {
      code: 'ODOO_MOVE_CHANGED',
      message: /due date 2027-01-31/,
    });
  });

  it('a deleted draft is not made a second time', async () => {
    const document = invoice('deleted');
    const expected = await draft(document);
    await books.admin.call('account.move', 'unlink', { ids: [expected.moveId] });
    await assert.rejects(books.post(document, { expected }), { code: 'ODOO_MOVE_CHANGED' });
    assert.deepEqual(await books.moves('S-deleted'), []);
    assert.equal(await lookupMove(books.client, keyOf(document), 1), undefined);
  });

  it('a cancelled draft is not posted', async () => {
    const document = invoice('cancelled');
    const expected = await draft(document);
    await books.admin.call('account.move', 'button_cancel', { ids: [expected.moveId] });
    await assert.rejects(books.post(document, { expected }), { code: 'ODOO_MOVE_CHANGED' });
  });

  it('a draft that a person posted is done', async () => {
    const document = invoice('posted_by_hand');
    const expected = await draft(document);
    await books.admin.call('account.move', 'action_post', { ids: [expected.moveId] });
    assert.equal((await books.post(document, { expected })).moveId, expected.moveId);
  });

  it('other content under a key that is taken is a conflict, on a draft and on a posted move', async () => {
    const document = invoice('reused');
    const other: Invoice = {
      ...document,
      lines: [
        line({
          unitPrice: '200.00',
          netAmount: '200.00',
          tax: { category: 'S', rate: '19', amount: '38.00' },
        }),
      ],
      taxes: [{ category: 'S', rate: '19', base: '200.00', amount: '38.00' }],
      totals: { lines: '200.00', net: '200.00', tax: '38.00', gross: '238.00', due: '238.00' },
    };
    await draft(document);
    await assert.rejects(books.post(other), { code: 'DOCUMENT_CONFLICT' });
    const posted = await books.post(document);
    await assert.rejects(books.post(other), { code: 'DOCUMENT_CONFLICT' });
    await assert.rejects(books.post(withTax(document, '18.99', '118.99')), { code: 'DOCUMENT_CONFLICT' });
    assert.equal(posted.amountTotal, '119.00');
  });
});

describe('what a posting needs in Odoo', () => {
  let books: Books;
  before(async () => {
    books = await Books.open(19);
  });
  after(() => books.close());

  it('names the code that is missing, its model and the company, and finds it once it is there', async () => {
    const document = invoice('lookup', {
      lines: [line({ posting: { account: '8401', taxes: ['USt 19%'] } })],
    });
    await assert.rejects(books.post(document), {
      code: 'ODOO_LOOKUP',
      details: { model: 'account.account', code: '8401', company: 1 },
    });
    await assert.rejects(
      books.post(invoice('tax2', { lines: [line({ posting: { account: '8400', taxes: ['USt 20%'] } })] })),
      {
        code: 'ODOO_LOOKUP',
      },
    );
    await assert.rejects(books.post(invoice('journal', { posting: { journal: 'NONE' } })), {
      code: 'ODOO_LOOKUP',
    });
    const rows = await searchRead(books.admin, 'account.account', [['code', '=', '8300']], ['code']);
    await books.edit('account.account', Number(rows[0]?.id), { code: '8401' });
    assert.equal((await books.post(document)).state, 'posted');
  });

  it('refuses a tax that differs by more than rounding', async () => {
    await assert.rejects(books.post(withTax(invoice('wrong_tax'), '7.00', '107.00')), {
      code: 'ODOO_AMOUNT_DIFFERS',
    });
  });

  it('refuses a currency that is not active, or has no rate yet', async () => {
    const sek = invoice('sek', { currency: 'SEK' });
    await assert.rejects(books.post(sek), { code: 'ODOO_CURRENCY' });
    const early = invoice('usd_early', { currency: 'USD', issueDate: '2025-12-31', dueDate: '2026-01-31' });
    await assert.rejects(books.post(early), { code: 'ODOO_CURRENCY' });
    const usd = await books.post(invoice('usd', { currency: 'USD' }));
    assert.deepEqual([usd.currency, usd.amountTotal], ['USD', '119.00']);
  });

  it('refuses what is dated before the cut-over, and what does not add up', async () => {
    await assert.rejects(books.post(invoice('old'), { entity: entity({ cutOver: '2026-11-03' }) }), {
      code: 'ODOO_CUTOVER',
    });
    const totals = { ...invoice(1).totals, gross: '120.00' };
    await assert.rejects(books.post(invoice('sum', { totals })), { code: 'DOCUMENT_UNBALANCED' });
  });

  it('a credit note waits for its invoice', async () => {
    await assert.rejects(books.post(creditNote(9, invoice('never'))), {
      code: 'ODOO_MISSING',
      details: { reference: 'acme_de__invoice__stripe__in_never' },
    });
  });

  it('carries several lines, two taxes, a line without tax, analytic shares, a price of many decimals', async () => {
    const document: Invoice = {
      ...invoice('wide'),
      lines: [
        line({ posting: { account: '8400', taxes: ['USt 19%'], analytic: { SUB: '62.5', SRV: '37.5' } } }),
        line({
          id: '2',
          name: 'API calls',
          quantity: '1234',
          unitPrice: '0.0045',
          netAmount: '5.55',
          tax: { category: 'S', rate: '7', amount: '0.39' },
          posting: { account: '8300', taxes: ['USt 7%'] },
        }),
        line({
          id: '3',
          quantity: '-1',
          unitPrice: '10.00',
          netAmount: '-10.00',
          tax: { category: 'O', rate: '0', amount: '0.00' },
          posting: { account: '8336', taxes: [] },
        }),
      ],
      taxes: [
        { category: 'S', rate: '19', base: '100.00', amount: '18.99' },
        { category: 'S', rate: '7', base: '5.55', amount: '0.39' },
        { category: 'O', rate: '0', base: '-10.00', amount: '0.00' },
      ],
      totals: { lines: '95.55', net: '95.55', tax: '19.38', gross: '114.93', due: '114.93' },
    };
    await books.edit('account.account', 17, { code: '8300' });
    const posted = await books.post(document);
    assert.equal(posted.amountTotal, '114.93');
    const { lines } = await books.move(posted.moveId);
    const products = lines.filter(({ type }) => type === 'product');
    assert.deepEqual(
      products.map(({ subtotal }) => subtotal),
      ['100.00', '5.55', '-10.00'],
    );
    assert.deepEqual(products[0]?.analytic, { '1': '62.5', '2': '37.5' });
    assert.deepEqual(products[2]?.taxIds, []);
    assert.match(products[1]?.name ?? '', /1234 × 0\.0045/);
  });

  it('books the other company in its own currency, accounts, taxes and journals', async () => {
    const american = entity({ key: 'acme_us', odooCompany: 2, currency: 'USD', numbering: 'source' });
    const document: Invoice = {
      ...withTax(invoice('us'), '8.88', '108.88'),
      entity: 'acme_us',
      currency: 'USD',
      buyer: buyer({ id: 'cus_us', vatId: undefined, email: 'ap@acme.example', address: { country: 'US' } }),
      lines: [line({ posting: { account: '400000', taxes: ['Sales Tax 8.875%'] } })],
      taxes: [{ category: 'S', rate: '8.875', base: '100.00', amount: '8.88' }],
      posting: { journal: 'STRP', receivableAccount: '121000' },
    };
    const posted = await books.post(document, { entity: american });
    assert.deepEqual([posted.company, posted.name, posted.amountTotal], [2, 'S-us', '108.88']);
    const german = { ...document, entity: 'acme_de', source: { ...document.source, id: 'in_us_de' } };
    await assert.rejects(books.post(german), {
      code: 'ODOO_LOOKUP',
      details: { model: 'account.tax', code: 'Sales Tax 8.875%', company: 1 },
    });
  });

  it('carries the due date of the document', async () => {
    const posted = await books.post(invoice('due', { dueDate: '2026-11-09' }));
    assert.equal((await books.move(posted.moveId)).dueDate, '2026-11-09');
  });

  it('a dry run says what would be posted and writes nothing', async () => {
    const document = invoice('dry', {
      buyer: buyer({ id: 'cus_dry', vatId: 'DE811569869', email: 'dry@run.example' }),
    });
    const plan = await planInvoice(books.client, document, books.options(document));
    assert.deepEqual(plan.partner, { id: undefined, name: document.buyer.name, vatId: 'DE811569869' });
    assert.deepEqual(
      plan.lines.map(({ role, account, debit, credit }) => [role, account, debit, credit]),
      [
        ['receivable', undefined, '119.00', '0.00'],
        ['revenue', '8400', '0.00', '100.00'],
        ['tax', undefined, '0.00', '19.00'],
      ],
    );
    assert.equal(plan.exists, undefined);
    assert.deepEqual(await books.moves('S-dry'), []);
    assert.deepEqual(
      await searchRead(books.admin, 'res.partner', [['vat', '=', 'DE811569869']], ['vat']),
      [],
    );
    await books.post(document);
    assert.equal(
      (await planInvoice(books.client, document, books.options(document))).exists?.state,
      'posted',
    );
  });

  it('works from a recorded request: phases done before are not done again', async () => {
    const document = invoice('recorded');
    const record = new Map<Phase, string>();
    let effects = 0;
    const run = async <T>(phase: Phase, effect: () => Promise<T>): Promise<T> => {
      if (!record.has(phase)) {
        effects += 1;
        record.set(phase, JSON.stringify(await effect()) ?? 'null');
      }
      return JSON.parse(record.get(phase) ?? 'null') as T;
    };
    const posted = await books.post(document, { run });
    assert.equal(effects, 5);
    assert.deepEqual(await books.post(document, { run }), posted);
    assert.equal(effects, 5);
  });
});

describe('lock dates', () => {
  const rows: [Version, string][] = [
    [16, 'period_lock_date'],
    [17, 'tax_lock_date'],
    [19, 'sale_lock_date'],
    [19, 'hard_lock_date'],
  ];
  for (const [version, field] of rows)
    it(`${field} of ${version} holds the posting, up to its very day`, async () => {
      const books = await Books.open(version);
      try {
        await books.lock({ [field]: '2026-11-02' });
        await assert.rejects(books.post(invoice('on_the_day')), {
          code: 'ODOO_DATE_MOVED',
          message: new RegExp(field),
        });
        await assert.rejects(planInvoice(books.client, invoice('plan'), books.options(invoice('plan'))), {
          code: 'ODOO_DATE_MOVED',
        });
        assert.equal((await books.post(invoice('after', { issueDate: '2026-11-03' }))).date, '2026-11-03');
      } finally {
        await books.close();
      }
    });
});

describe('several invoices in one load', () => {
  let books: Books;
  before(async () => {
    books = await Books.open(19);
  });
  after(() => books.close());

  const requestsOf = (documents: Invoice[]) =>
    Promise.all(documents.map((one) => prepareInvoice(books.client, one, books.options(one))));

  it('are created all together, in order, and again are the same', async () => {
    const [first, ...others] = (await requestsOf([invoice('b1'), invoice('b2'), invoice('b3')])).map(
      (one) => one.load,
    );
    assert.ok(first);
    const merged = mergeLoads([first, ...others]);
    const ids = await load(books.client, merged);
    assert.equal(new Set(ids).size, 3);
    assert.deepEqual(await load(books.client, merged), ids);
    assert.deepEqual(await books.moves('S-b2'), [ids[1]]);
  });

  it('are created not at all where one is bad, and the bad one is named', async () => {
    const [first, second] = (await requestsOf([invoice('g1'), invoice('g2')])).map((one) => one.load);
    assert.ok(first && second);
    const column = second.fields.indexOf('invoice_line_ids/account_id/.id');
    const bad = { ...second, data: second.data.map((row) => row.with(column, '999999')) };
    await assert.rejects(load(books.client, mergeLoads([first, bad])), (error: FinanceError) => {
      const messages = error.details?.messages as { record: number }[];
      return error.code === 'ODOO_MISSING' && messages.some(({ record }) => record === 1);
    });
    assert.deepEqual(await books.moves('S-g1'), []);
  });

  it('refuses to merge what has other columns or a key twice', async () => {
    const [first, other] = (await requestsOf([invoice('m1'), invoice('m2', { dueDate: undefined })])).map(
      (one) => one.load,
    );
    assert.ok(first && other);
    assert.throws(() => mergeLoads([first, other]), { code: 'ODOO_VALIDATION' });
    assert.throws(() => mergeLoads([first, first]), { code: 'ODOO_VALIDATION' });
  });
});

describe('an Odoo that refuses or is not there', () => {
  let books: Books;
  before(async () => {
    books = await Books.open(17);
  });
  after(() => books.close());

  for (const protocol of ['jsonrpc', 'xmlrpc'] as const)
    it(`a wrong key is unauthorized over ${protocol}, and a rotated one works at once`, async () => {
      let key = 'wrong-key';
      const client = books.connect({ secret: () => key, protocol });
      await assert.rejects(books.post(invoice(`key_${protocol}`), {}, client), {
        code: 'ODOO_UNAUTHORIZED',
        kind: 'unauthorized',
      });
      key = 'demo-integration-key';
      assert.equal((await books.post(invoice(`key_${protocol}`), {}, client)).state, 'posted');
    });

  it('the same over JSON-2, and a key that no header can carry is refused before it is sent', async () => {
    const latest = await Books.open(19, 'json2');
    let key = 'wrong-key';
    const client = latest.connect({ secret: () => key, protocol: 'json2' });
    await assert.rejects(latest.post(invoice('key'), {}, client), { code: 'ODOO_UNAUTHORIZED' });
    key = 'schlüssel';
    await assert.rejects(latest.post(invoice('key'), {}, client), {
      code: 'ODOO_UNAUTHORIZED',
      message: /header/,
    });
    key = 'demo-integration-key\n';
    assert.equal((await latest.post(invoice('key'), {}, client)).state, 'posted');
    await latest.close();
  });

  it('a database that is not there is an error of configuration', async () => {
    await assert.rejects(
      books.connect({ database: 'nodb' }).call('res.partner', 'search_read', { named: { domain: [] } }),
      {
        code: 'ODOO_DATABASE',
      },
    );
  });

  it('serialization, a lost database connection and a proxy that answers for Odoo are retried', async () => {
    const document = invoice('troubled');
    const match = { model: 'account.move', method: 'load' };
    const kinds: Record<string, { code: string; kind: string }> = {
      serialization: { code: 'ODOO_SERIALIZATION', kind: 'transient' },
      'connection-lost': { code: 'ODOO_UNAVAILABLE', kind: 'transient' },
      'http-502': { code: 'ODOO_UNAVAILABLE', kind: 'in_doubt' },
      'drop-before': { code: 'ODOO_UNAVAILABLE', kind: 'in_doubt' },
      html: { code: 'ODOO_BAD_ANSWER', kind: 'invalid' },
    };
    for (const [mode, expected] of Object.entries(kinds)) {
      await books.fault({ match, mode, times: 1 });
      await assert.rejects(books.post(document), expected, mode);
    }
    assert.equal((await books.post(document)).state, 'posted');
  });

  it('a late answer leaves the posting in doubt, and the look-up settles it', async () => {
    const document = invoice('late');
    const hurried = books.connect({ timeoutMs: 150 });
    await books.post(invoice('warm_up'), {}, hurried);
    await books.fault({
      match: { model: 'account.move', method: 'load' },
      mode: 'delay',
      delayMs: 400,
      times: 1,
    });
    await assert.rejects(books.post(document, {}, hurried), { code: 'ODOO_TIMEOUT', kind: 'in_doubt' });
    await new Promise((resolve) => setTimeout(resolve, 450));
    assert.equal((await lookupMove(books.client, keyOf(document), 1))?.state, 'draft');
    assert.equal((await books.post(document)).state, 'posted');
    assert.equal((await books.moves('S-late')).length, 1);
  });

  it('an Odoo that is down was never sent anything', async () => {
    const other = await Books.open(17);
    await other.post(invoice('up'));
    await other.close();
    const client = other.connect();
    await assert.rejects(books.post(invoice('down'), {}, client), {
      code: 'ODOO_UNAVAILABLE',
      kind: 'unavailable',
    });
    client.close();
  });
});
