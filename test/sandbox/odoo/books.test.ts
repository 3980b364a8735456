import assert from 'node:assert/strict';
import fc from 'fast-check';
import { demoSeed, type LedgerMove, type RunningOdoo, startOdoo } from '../../../sandbox/odoo';
import { Caller, type Draft, KEEP, type Loaded, loadedIds, loadInvoices, type RpcError } from './caller';

const now = () => new Date('2026-11-21T10:00:00Z');
const cents = (amount: string): bigint => BigInt(amount.replace('.', ''));

async function ledger(server: RunningOdoo): Promise<LedgerMove[]> {
  const { moves } = (await (await fetch(`${server.url}/_sandbox/ledger`)).json()) as { moves: LedgerMove[] };
  return moves;
}

/** Half away from zero of a fraction, in whole units. */
function rounded(numerator: bigint, denominator: bigint): bigint {
  const [sign, value] = numerator < 0n ? [-1n, -numerator] : [1n, numerator];
  return sign * ((2n * value + denominator) / (2n * denominator));
}

describe('Sandbox Odoo: the books', () => {
  let server: RunningOdoo;
  let caller: Caller;

  beforeEach(async () => {
    server = await startOdoo({ version: '17.0', seed: demoSeed(), now });
    caller = new Caller(server.url);
  });
  afterEach(() => server.close());

  const post = (ids: number[]) => caller.call('account.move', 'action_post', [ids]);

  it('keeps every invoice balanced, taxed to the cent and numbered without a gap', async function () {
    this.timeout(60_000);
    const line = fc.record({
      quantity: fc.integer({ min: 1, max: 50 }).map(String),
      price: fc.integer({ min: 1, max: 5_000_000 }).map((amount) => (amount / 100).toFixed(2)),
      taxes: fc.constantFrom('', '1', '2', '3', '1,2'),
    });
    const rates: Record<string, bigint[]> = { '': [], '1': [19n], '2': [7n], '3': [0n], '1,2': [19n, 7n] };
    let made = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(line, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 }),
        async (invoices) => {
          const drafts: Draft[] = invoices.map((lines) => ({ key: `prop.${made++}`, lines }));
          const ids = await loadedIds(caller, drafts);
          await post(ids);
          const moves = (await ledger(server)).filter(({ id }) => ids.includes(id));
          for (const [at, move] of moves.entries()) {
            const debit = move.lines.reduce((total, { debit: amount }) => total + cents(amount), 0n);
            const credit = move.lines.reduce((total, { credit: amount }) => total + cents(amount), 0n);
            assert.equal(debit, credit);
            const bases = invoices[at]!.map(({ quantity, price, taxes }) => ({
              base: BigInt(quantity) * cents(price),
              taxes,
            }));
            const untaxed = bases.reduce((total, { base }) => total + base, 0n);
            const tax = bases
              .flatMap(({ base, taxes }) => rates[taxes]!.map((rate) => rounded(base * rate, 100n)))
              .reduce((a, b) => a + b, 0n);
            assert.equal(cents(move.amountUntaxed), untaxed);
            assert.equal(cents(move.amountTax), tax);
            assert.equal(cents(move.amountTotal), untaxed + tax);
            const receivable = move.lines.filter(({ account }) => account === '1400');
            assert.deepEqual(
              receivable.map(({ debit: amount }) => cents(amount)),
              [untaxed + tax],
            );
          }
        },
      ),
      { numRuns: 40 },
    );
    const names = (await ledger(server)).map(({ name }) => name).sort();
    assert.deepEqual(
      names,
      names.map((_, at) => `INV/2026/${String(at + 1).padStart(5, '0')}`),
    );
  });

  it('rounds taxes per line or over the document, as the company says', async () => {
    const lines = Array.from({ length: 3 }, () => ({ price: '0.13', taxes: '1' }));
    const [perLine = 0] = await loadedIds(caller, [{ key: 'round.line', lines }]);
    server.db.update('res.company', 1, { tax_calculation_rounding_method: 'round_globally' });
    const [whole = 0] = await loadedIds(caller, [{ key: 'round.all', lines }]);
    const read = await caller.read<{ amount_tax: number }>('account.move', [perLine, whole], ['amount_tax']);
    // 19 % of 0.13 is 0.0247: three times 0.02, or 0.0741 at once.
    assert.deepEqual(
      read.map(({ amount_tax: tax }) => tax),
      [0.06, 0.07],
    );
  });

  it('takes a source’s own tax on the draft, moves the receivable along and keeps it through posting', async () => {
    const [id = 0] = await loadedIds(caller, [{ key: 'tax.own', lines: [{ price: '100', taxes: '1' }] }]);
    const [tax] = await caller.call<Array<{ id: number }>>('account.move.line', 'search_read', [
      [
        ['move_id', '=', id],
        ['display_type', '=', 'tax'],
      ],
      ['id'],
    ]);
    for (const _ of [1, 2])
      await caller.call('account.move', 'write', [
        [id],
        { line_ids: [[1, tax!.id, { amount_currency: -18.99 }]] },
      ]);
    await post([id]);
    const [move] = (await ledger(server)).filter((each) => each.id === id);
    assert.equal(move?.amountTax, '18.99');
    assert.equal(move?.lines.find(({ account }) => account === '1400')?.debit, '118.99');
  });

  it('books foreign currency at the rate of the invoice date, and one to one without a rate', async () => {
    const [usd = 0] = await loadedIds(caller, [
      { key: 'fx.usd', currency: 2, lines: [{ price: '110', taxes: '3' }] },
    ]);
    const [without = 0] = await loadedIds(caller, [
      { key: 'fx.sek', currency: 6, lines: [{ price: '110' }] },
    ]);
    const moves = await ledger(server);
    const receivable = (id: number) =>
      moves.find((move) => move.id === id)?.lines.find(({ account }) => account === '1400');
    assert.deepEqual([receivable(usd)?.debit, receivable(usd)?.amountCurrency], ['100.00', '110.00']);
    assert.equal(receivable(without)?.debit, '110.00');
    await post([usd]);
    await assert.rejects(post([without]), /inactive currency: SEK/);
  });

  it('lets a source number its invoices, goes on from its numbers and refuses the same name twice', async () => {
    const make = (values = {}) =>
      caller.call<number>('account.move', 'create', [
        {
          move_type: 'out_invoice',
          journal_id: 6,
          partner_id: 7,
          invoice_date: '2026-11-03',
          invoice_line_ids: [[0, 0, { name: 'x', price_unit: 10 }]],
          ...values,
        },
      ]);
    const first = await make({ name: 'STRIPE-0041' });
    const second = await make();
    const twin = await make({ name: 'STRIPE-0041' });
    await post([first]);
    await post([second]);
    const read = await caller.read<{ name: string; payment_reference: string }>(
      'account.move',
      [first, second],
      ['name', 'payment_reference'],
    );
    assert.deepEqual(
      read.map(({ name, payment_reference: reference }) => [name, reference]),
      [
        ['STRIPE-0041', 'STRIPE-0041'],
        ['STRIPE-0042', 'STRIPE-0042'],
      ],
    );
    await assert.rejects(post([twin]), /Another entry with the same name already exists/);
  });

  it('moves the accounting date out of a locked period without a word', async () => {
    const edit = await fetch(`${server.url}/_sandbox/edit`, {
      method: 'POST',
      body: JSON.stringify({ do: 'lock', company: 1, dates: { fiscalyear_lock_date: '2026-09-30' } }),
    });
    assert.equal(edit.status, 200);
    const entry = await caller.call<number>('account.move', 'create', [
      {
        move_type: 'entry',
        date: '2026-09-15',
        line_ids: [
          [0, 0, { account_id: 15, debit: 10 }],
          [0, 0, { account_id: 19, credit: 10 }],
        ],
      },
    ]);
    await post([entry]);
    const [read] = await caller.read('account.move', [entry], ['date', 'name']);
    assert.deepEqual([read?.date, read?.name], ['2026-10-31', 'MISC/2026/10/0001']);
  });

  it('appends lines in the default mode and gives the first record back in create-or-get', async () => {
    const draft: Draft = { key: 'twice.a', lines: [{ price: '200' }] };
    const total = async () =>
      (await caller.read<{ amount_total: number }>('account.move', [1], ['amount_total']))[0]?.amount_total;
    await loadInvoices(caller, [draft]);
    await loadInvoices(caller, [{ ...draft, lines: [{ price: '999' }] }]);
    assert.equal(await total(), 200);
    // The record was loaded as not to be updated; only a load that forgets the mode writes again.
    await loadInvoices(caller, [draft], { lang: false });
    assert.equal(await total(), 400);
  });

  it('rolls the whole call back on a fault: a batch with one bad record leaves nothing', async () => {
    const { ids, messages } = await loadInvoices(caller, [
      { key: 'batch.0', lines: [{ price: '1' }] },
      { key: 'batch.1', lines: [{ price: '1', account: 999_999 }] },
    ]);
    assert.equal(ids, false);
    assert.deepEqual(
      messages.map(({ record }) => record),
      [1],
    );
    assert.deepEqual(await ledger(server), []);
    await assert.rejects(
      caller.call('ir.model.data', 'check_object_reference', ['batch', '0']),
      (error: RpcError) => error.pythonName === 'builtins.ValueError',
    );
  });

  it('answers domains with and, or, not and dotted paths', async () => {
    await loadedIds(caller, [
      { key: 'dom.a', lines: [{ price: '10' }] },
      { key: 'dom.b', partner: 8, lines: [{ price: '20' }] },
      {
        key: 'dom.c',
        journal: 16,
        company: 2,
        currency: 2,
        partner: 8,
        lines: [{ price: '30', account: 50 }],
      },
    ]);
    const find = (domain: (string | (string | number | number[] | boolean)[])[], options = {}) =>
      caller.call<number[]>('account.move', 'search', [domain, 0, 0, 'id'], options);
    assert.deepEqual(await find(['|', ['amount_total', '=', 10], ['company_id', '=', 2]]), [1, 3]);
    assert.deepEqual(await find(['!', ['partner_id', '=', 7]]), [2, 3]);
    assert.deepEqual(await find([['partner_id.name', 'ilike', 'MUSTER']]), [1]);
    assert.deepEqual(await find([['line_ids.account_id.code', '=like', '12%']]), [3]);
    assert.deepEqual(
      await find([
        ['ref', 'in', ['dom.a', 'dom.c'] as never],
        ['amount_total', '>', 5],
      ]),
      [1, 3],
    );
    assert.deepEqual(await find([], { allowed_company_ids: [2] }), [3]);
  });

  it('keeps an entry whole whichever way its lines are written', async () => {
    const [line_a, line_b] = [
      { account_id: 15, debit: 10 },
      { account_id: 19, credit: 10 },
    ];
    const entry = await caller.call<number>('account.move', 'create', [
      {
        move_type: 'entry',
        line_ids: [
          [0, 0, line_a],
          [0, 0, line_b],
        ],
      },
    ]);
    await assert.rejects(
      caller.call('account.move.line', 'create', [{ move_id: entry, ...line_a }]),
      /is not balanced/,
    );
    const added = await caller.call<number[]>('account.move.line', 'create', [
      [line_a, line_b].map((line) => ({ move_id: entry, ...line })),
    ]);
    const total = async () =>
      (await caller.read<{ amount_total: number }>('account.move', [entry], ['amount_total']))[0]
        ?.amount_total;
    assert.equal(await total(), 20);
    await assert.rejects(
      caller.call('account.move.line', 'write', [[added[0]!], { debit: 11 }]),
      /is not balanced/,
    );
    await assert.rejects(caller.call('account.move.line', 'unlink', [[added[0]!]]), /is not balanced/);
    await caller.call('account.move.line', 'unlink', [added]);
    assert.equal(await total(), 10);
  });

  it('says which required value is missing, and which column of a version there is not', async () => {
    const { ids, messages } = await caller.call<Loaded>(
      'account.move',
      'load',
      [['id', 'move_type', 'journal_id/.id'], [['req.a', 'out_invoice', '']]],
      KEEP,
    );
    assert.equal(ids, false);
    assert.equal(messages[0]?.message, "Missing required value for the field 'Journal' (journal_id)");
    const newest = await startOdoo({ version: '19.0', seed: demoSeed() });
    const there = new Caller(newest.url);
    await assert.rejects(
      there.call('account.account', 'search', [[['company_id', '=', 1]]]),
      /Invalid field account.account.company_id/,
    );
    assert.equal(
      (await there.call<number[]>('account.account', 'search', [[['company_ids', 'in', [1]]]])).length,
      22,
    );
    await newest.close();
  });
});
