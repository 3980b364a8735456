import assert from 'node:assert/strict';
import { demoSeed, type RunningOdoo, startOdoo } from '../../../sandbox/odoo';
import { Caller, type Draft, loadedIds } from './caller';

interface Line {
  id: number;
  debit: number;
  credit: number;
  amount_residual: number;
  reconciled: boolean;
}

describe('Sandbox Odoo: payments, credit notes and bank lines', () => {
  let server: RunningOdoo;
  let caller: Caller;

  async function start(version: '16.0' | '17.0' | '19.0'): Promise<void> {
    server = await startOdoo({ version, seed: demoSeed(), now: () => new Date('2026-11-21T10:00:00Z') });
    caller = new Caller(server.url);
  }
  afterEach(() => server.close());

  async function invoice(key: string, draft: Partial<Draft> = {}): Promise<number> {
    const [id = 0] = await loadedIds(caller, [{ key, lines: [{ price: '100' }], ...draft }]);
    await caller.call('account.move', 'action_post', [[id]]);
    return id;
  }
  async function pay(amount: number, values = {}): Promise<number> {
    const id = await caller.call<number>('account.payment', 'create', [
      {
        payment_type: 'inbound',
        partner_type: 'customer',
        partner_id: 7,
        journal_id: 5,
        amount,
        date: '2026-11-10',
        ...values,
      },
    ]);
    await caller.call('account.payment', 'action_post', [[id]]);
    const [payment] = await caller.read<{ move_id: [number, string] }>('account.payment', [id], ['move_id']);
    return payment!.move_id[0];
  }
  async function receivable(move: number): Promise<Line> {
    const domain = [
      ['move_id', '=', move],
      ['account_id.account_type', '=', 'asset_receivable'],
    ];
    const fields = ['debit', 'credit', 'amount_residual', 'reconciled'];
    const [line] = await caller.call<Line[]>('account.move.line', 'search_read', [domain, fields]);
    return line!;
  }
  const state = async (move: number) =>
    (
      await caller.read<{ payment_state: string; amount_residual: number }>(
        'account.move',
        [move],
        ['payment_state', 'amount_residual'],
      )
    )[0];
  const match = async (...moves: number[]) =>
    caller.call('account.move.line', 'reconcile', [
      (await Promise.all(moves.map(receivable))).map(({ id }) => id),
    ]);

  it('matches in parts: partial after the first, paid after the second, open again when it is undone', async () => {
    await start('17.0');
    const bill = await invoice('pay.a');
    await match(bill, await pay(40));
    assert.deepEqual(await state(bill), { id: bill, payment_state: 'partial', amount_residual: 60 });
    await match(bill, await pay(60));
    assert.deepEqual(await state(bill), { id: bill, payment_state: 'paid', amount_residual: 0 });
    await caller.call('account.move.line', 'remove_move_reconcile', [[(await receivable(bill)).id]]);
    assert.deepEqual(await state(bill), { id: bill, payment_state: 'not_paid', amount_residual: 100 });
  });

  it('books the exchange difference of a payment at another rate as an entry of its own', async () => {
    await start('17.0');
    const bill = await invoice('pay.fx', { currency: 2, lines: [{ price: '110' }] });
    server.db.insert('res.currency.rate', {
      name: '2026-11-09',
      rate: '1.25',
      currency_id: 2,
      company_id: 1,
    });
    const payment = await pay(110, { currency_id: 2 });
    await match(bill, payment);
    assert.equal((await state(bill))?.payment_state, 'paid');
    assert.equal((await receivable(payment)).amount_residual, 0);
    const lines = await caller.call<Line[]>('account.move.line', 'search_read', [
      [['journal_id', '=', 4]],
      ['debit', 'credit', 'account_id'],
      0,
      0,
      'id',
    ]);
    // 100 EUR became 88 EUR: a loss of 12.
    assert.deepEqual(
      lines.map(({ debit, credit }) => [debit, credit]),
      [
        [0, 12],
        [12, 0],
      ],
    );
  });

  it('pays again when its paying wizard is run again', async () => {
    await start('17.0');
    const bill = await invoice('pay.wizard');
    const context = { active_model: 'account.move', active_ids: [bill] };
    const wizard = await caller.call<number>(
      'account.payment.register',
      'create',
      [{ journal_id: 5 }],
      context,
    );
    for (const _ of [1, 2])
      await caller.call('account.payment.register', 'action_create_payments', [[wizard]], context);
    assert.equal(await caller.call('account.payment', 'search_count', [[['state', '=', 'posted']]]), 2);
  });

  for (const [version, expected] of [
    ['16.0', 'not_paid'],
    ['17.0', 'reversed'],
    ['19.0', 'reversed'],
  ] as const)
    it(`leaves an invoice ${expected} after its credit note is posted on ${version}`, async () => {
      await start(version);
      const bill = await invoice('credit.a');
      const note = await caller.call<number>('account.move', 'create', [
        {
          move_type: 'out_refund',
          partner_id: 7,
          invoice_date: '2026-11-04',
          reversed_entry_id: bill,
          invoice_line_ids: [[0, 0, { name: 'x', price_unit: 100, account_id: 19 }]],
        },
      ]);
      await caller.call('account.move', 'action_post', [[note]]);
      assert.equal((await state(bill))?.payment_state, expected);
      const [read] = await caller.read('account.move', [note], ['name']);
      assert.equal(read?.name, 'RINV/2026/00001');
    });

  it('posts a bank line at once, matches it through its suspense line and takes that back', async () => {
    await start('17.0');
    const admin = Caller.admin(server.url);
    await assert.rejects(
      caller.call('account.bank.statement.line', 'create', [{ journal_id: 5, amount: 100 }]),
      /not allowed to create 'Bank Statement Line'/,
    );
    const bill = await invoice('bank.a');
    const id = await admin.call<number>('account.bank.statement.line', 'create', [
      { journal_id: 5, date: '2026-11-12', payment_ref: 'INV', amount: 100, partner_id: 7 },
    ]);
    const reconciled = async () =>
      (
        await admin.read<{ is_reconciled: boolean; move_id: [number, string] }>(
          'account.bank.statement.line',
          [id],
          ['is_reconciled', 'move_id'],
        )
      )[0]!;
    const {
      move_id: [move],
    } = await reconciled();
    const [suspense] = await admin.call<number[]>('account.move.line', 'search', [
      [
        ['move_id', '=', move],
        ['account_id.code', '=', '1201'],
      ],
    ]);
    await admin.call('account.move.line', 'write', [[suspense!], { account_id: 6 }]);
    await admin.call('account.move.line', 'reconcile', [[suspense!, (await receivable(bill)).id]]);
    assert.equal((await reconciled()).is_reconciled, true);
    assert.equal((await state(bill))?.payment_state, 'paid');
    await admin.call('account.bank.statement.line', 'action_undo_reconciliation', [[id]]);
    assert.equal((await reconciled()).is_reconciled, false);
    assert.equal((await state(bill))?.payment_state, 'not_paid');
  });
});
