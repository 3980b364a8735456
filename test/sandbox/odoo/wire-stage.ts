import type { RunningOdoo } from '../../../sandbox/odoo';
import { idsOf, type Value, type Values } from '../../../sandbox/odoo/core/value';
import type { WireCase } from './wire-cases';
import { WIRE_IDS } from './wire-seed';

const KEEP = { mode: 'update', noupdate: true };

/** What a fixture sets up before a recorded call is sent again: real calls of the sandbox, at chosen ids. */
export class Stage {
  readonly ids;

  constructor(
    readonly server: RunningOdoo,
    readonly case_: WireCase,
  ) {
    this.ids = WIRE_IDS[case_.version];
  }

  /** The ids that the recorded call names first. */
  get target(): number[] {
    return idsOf({ ids: this.case_.call.args[0] ?? [] }, 'ids');
  }

  get contextIds(): number[] {
    const context = this.case_.call.kwargs.context;
    return idsOf(
      typeof context === 'object' && context !== null && !Array.isArray(context) ? context : {},
      'active_ids',
    );
  }

  run(model: string, method: string, args: Value[], options: { uid?: number; context?: Values } = {}): Value {
    const { uid = this.ids.user, context = {} } = options;
    return this.server.odoo.run(uid, { model, method, args, kwargs: { context } }, 'positional');
  }

  next(model: string, id: number): void {
    this.server.db.setNextId(model, id);
  }

  /** An id far from the recorded ones, for records that only stand behind. */
  private spare = 50_000;

  create(
    model: string,
    values: Values,
    id?: number,
    options: { uid?: number; context?: Values } = {},
  ): number {
    this.next(model, id ?? this.spare++);
    return Number(this.run(model, 'create', [values], options));
  }

  /** A draft invoice of 100 without tax; lines: product, receivable. */
  invoice(
    id?: number,
    values: Values = {},
    options: { line?: number; context?: Values; account?: number } = {},
  ): number {
    if (options.line) this.next('account.move.line', options.line);
    const line = {
      name: 'L1',
      quantity: 1,
      price_unit: 100,
      account_id: options.account ?? this.ids.income,
      tax_ids: [[6, 0, []]],
    };
    return this.create(
      'account.move',
      {
        move_type: 'out_invoice',
        partner_id: this.ids.partner,
        invoice_date: '2026-11-02',
        invoice_line_ids: [[0, 0, line]],
        ...values,
      },
      id,
      { context: options.context },
    );
  }

  posted(id?: number, values: Values = {}, options: { line?: number } = {}): number {
    const move = this.invoice(id, values, options);
    this.run('account.move', 'action_post', [[move]]);
    return move;
  }

  entry(id: number, values: Values = {}): number {
    const line_ids: Value = [
      [0, 0, { name: 'a', account_id: this.ids.other, debit: 10 }],
      [0, 0, { name: 'b', account_id: this.ids.income, credit: 10 }],
    ];
    return this.create(
      'account.move',
      { move_type: 'entry', journal_id: 3, date: '2026-11-04', line_ids, ...values },
      id,
    );
  }

  /** A posted payment of a customer; lines: outstanding, receivable. */
  payment(
    id?: number,
    options: { line?: number; amount?: number; draft?: boolean; move?: number } = {},
  ): number {
    if (options.line) this.next('account.move.line', options.line);
    this.next('account.move', options.move ?? this.spare++);
    const values = {
      payment_type: 'inbound',
      partner_type: 'customer',
      partner_id: this.ids.partner,
      amount: options.amount ?? 100,
      journal_id: 6,
      date: '2026-11-05',
    };
    this.next('account.payment', id ?? this.spare++);
    const payment = Number(this.run('account.payment', 'create', [values]));
    if (!options.draft) this.run('account.payment', 'action_post', [[payment]]);
    return payment;
  }

  /** A bank line of 100 by the accountant; lines: bank, suspense. */
  bankLine(id: number, line: number): void {
    this.next('account.move.line', line);
    this.next('account.move', this.spare++);
    this.next('account.bank.statement.line', id);
    const uid = this.case_.version === '19.0' ? 5 : 8;
    this.run(
      'account.bank.statement.line',
      'create',
      [
        {
          journal_id: 6,
          date: '2026-11-06',
          payment_ref: 'Payment INV',
          amount: 100,
          partner_id: this.ids.partner,
        },
      ],
      { uid },
    );
  }

  /** An invoice with an external id, draft; its lines as `load` made them. */
  loaded(
    externalId: string,
    id: number,
    options: { price?: string; lines?: boolean; rows?: number } = {},
  ): void {
    const { price = '100', lines = false, rows = 2 } = options;
    const columns = [
      'id',
      'move_type',
      'partner_id/.id',
      'invoice_date',
      'ref',
      'company_id/.id',
      'journal_id/.id',
      'currency_id/.id',
      'invoice_line_ids/name',
      'invoice_line_ids/quantity',
      'invoice_line_ids/price_unit',
      'invoice_line_ids/account_id/.id',
      'invoice_line_ids/tax_ids/.id',
    ];
    const head = [
      externalId,
      'out_invoice',
      String(this.ids.partner),
      '2026-11-03',
      externalId,
      '1',
      '1',
      String(this.ids.usd),
    ];
    const data = Array.from({ length: rows }, (_, at) => [
      ...(at === 0 ? head : head.map(() => '')),
      `L${at + 1}`,
      '1',
      price,
      String(this.ids.income),
      '1',
      ...(lines ? [`${externalId}_l${at + 1}`] : []),
    ]);
    this.next('account.move', id);
    this.run('account.move', 'load', [lines ? [...columns, 'invoice_line_ids/id'] : columns, data], {
      context: lines ? {} : KEEP,
    });
  }

  /** The second company's draft invoice 1116 under `nrc2.2`. */
  foreign(): void {
    this.next('account.move', 1116);
    const fields = [
      'id',
      'move_type',
      'partner_id/.id',
      'invoice_date',
      'ref',
      'company_id/.id',
      'journal_id/.id',
      'currency_id/.id',
      'invoice_line_ids/name',
      'invoice_line_ids/quantity',
      'invoice_line_ids/price_unit',
      'invoice_line_ids/account_id/.id',
    ];
    const row = [
      'nrc2.2',
      'out_invoice',
      '8',
      '2026-11-03',
      'nrc2.2',
      '2',
      '8',
      '126',
      'L1',
      '1',
      '100',
      '71',
    ];
    this.run('account.move', 'load', [fields, [row]], { context: { ...KEEP, allowed_company_ids: [2] } });
  }

  /** Sets a lock date past the check for drafts, as a person could before them. */
  lock(field: string, date: string): void {
    this.server.db.update('res.company', 1, { [field]: date });
  }

  /** The recorded call itself, once before it is sent. */
  once(): void {
    const { uid, model, method, args, kwargs } = this.case_.call;
    const isNamed = this.case_.endpoint.startsWith('/json/2');
    const named = args.length > 0 ? { ids: args[0]!, ...kwargs } : kwargs;
    const call = isNamed ? { model, method, args: [], kwargs: named } : { model, method, args, kwargs };
    this.server.odoo.run(uid, call, isNamed ? 'named' : 'positional');
  }

  async fault(mode: string): Promise<void> {
    await fetch(`${this.server.url}/_sandbox/faults`, {
      method: 'POST',
      body: JSON.stringify({ mode, times: 1 }),
    });
  }
}
