import type { Environment } from '../core/environment';
import { missingError, userError } from '../core/fault';
import {
  boolean,
  char,
  date,
  type Field,
  type Method,
  type Model,
  many2one,
  monetary,
  selection,
  type Version,
} from '../core/model';
import { insert, patch } from '../core/records';
import { type Decimal, idOf, isSet, textOf, toDecimal, type Value, type Values } from '../core/value';
import { toCompany } from './currency';
import { counterpartAccount } from './invoice-amounts';
import { linesOf } from './move-kind';
import type { Moves } from './moves';
import type { Posting } from './posting';

const PAYMENT = 'account.payment';
const billing = ['account.group_account_invoice'];

/** A write-off that a payment's entry takes up, in the payment's currency; positive where the payer paid less. */
export interface WriteOff {
  account: number;
  label: string;
  amount: Decimal;
}

/** Payments: until 17 a move from the start, in 19 one that posting makes. */
export class Payments {
  constructor(
    private readonly moves: Moves,
    private readonly posting: Posting,
  ) {}

  create = (env: Environment, list: Values[]): number[] => list.map((values) => this.createOne(env, values));

  createOne(env: Environment, values: Values, writeOff?: WriteOff): number {
    const journal = env.find('account.journal', idOf(values, 'journal_id'));
    if (!journal)
      throw idOf(values, 'journal_id')
        ? missingError('account.journal', idOf(values, 'journal_id'), env.uid)
        : userError('A payment needs a bank or cash journal.');
    const company = idOf(journal, 'company_id');
    const home = idOf(env.record('res.company', company), 'currency_id');
    const id = insert(env, PAYMENT, {
      payment_type: 'inbound',
      partner_type: values.payment_type === 'outbound' ? 'supplier' : 'customer',
      ...values,
      date: isSet(values.date) ? values.date! : env.today,
      company_id: company,
      currency_id: idOf(values, 'currency_id') || idOf(journal, 'currency_id') || home,
      name: env.version === 19 ? false : '/',
    });
    if (writeOff)
      env.db.update(PAYMENT, id, { $writeOff: { ...writeOff, amount: writeOff.amount.toString() } });
    if (env.version !== 19) this.makeMove(env, id);
    return id;
  }

  /** The payment's entry: bank or outstanding account against receivable or payable. */
  private makeMove(env: Environment, id: number): number {
    const payment = env.record(PAYMENT, id);
    const company = env.record('res.company', idOf(payment, 'company_id'));
    const isInbound = payment.payment_type === 'inbound';
    const currency = idOf(payment, 'currency_id');
    const paid = toDecimal(payment.amount).times(isInbound ? '1' : '-1');
    const writeOff = payment.$writeOff as Values | undefined;
    const off = writeOff ? toDecimal(writeOff.amount).times(isInbound ? '1' : '-1') : toDecimal('0');
    const inHome = (amount: Decimal) => toCompany(env, amount, currency, company, textOf(payment, 'date'));
    const [paidHome, offHome] = [inHome(paid), inHome(off)];
    const text = env.version === 19 ? textOf(payment, 'memo') : textOf(payment, 'ref');
    const label = text ? `Manual Payment: ${text}` : 'Manual Payment';
    const line = (name: string, account: Value, amount: Decimal, balance: Decimal): Value => [
      0,
      0,
      {
        name,
        account_id: account,
        partner_id: payment.partner_id || false,
        currency_id: currency,
        amount_currency: amount.toString(),
        balance: balance.toString(),
      },
    ];
    const lines = [line(label, outstandingAccount(env, payment), paid, paidHome)];
    if (writeOff)
      lines.push(line(textOf(writeOff, 'label') || 'Write-Off', idOf(writeOff, 'account'), off, offHome));
    lines.push(
      line(
        label,
        destinationAccount(env, payment),
        paid.plus(off).times('-1'),
        paidHome.plus(offHome).times('-1'),
      ),
    );
    const owner = env.version === 19 ? 'origin_payment_id' : 'payment_id';
    const [move = 0] = this.moves.create(env.sudo(), [
      {
        move_type: 'entry',
        journal_id: idOf(payment, 'journal_id'),
        date: textOf(payment, 'date'),
        ref: text || false,
        partner_id: payment.partner_id || false,
        currency_id: currency,
        [owner]: id,
        line_ids: lines,
      },
    ]);
    env.db.update(PAYMENT, id, { move_id: move });
    return move;
  }

  post(env: Environment, ids: number[]): void {
    if (env.version === 19) {
      for (const id of ids.filter((each) => env.record(PAYMENT, each).state === 'draft')) {
        const move = idOf(env.record(PAYMENT, id), 'move_id') || this.makeMove(env, id);
        this.posting.post(env.sudo(), [move]);
        env.db.update(PAYMENT, id, {
          state: 'in_process',
          name: textOf(env.record('account.move', move), 'name'),
        });
      }
      return;
    }
    this.posting.post(
      env,
      ids.map((id) => idOf(env.record(PAYMENT, id), 'move_id')),
    );
  }

  reset(env: Environment, ids: number[]): void {
    const moves = ids.map((id) => idOf(env.record(PAYMENT, id), 'move_id')).filter(Boolean);
    this.posting.reset(env, moves);
    for (const id of ids) env.db.update(PAYMENT, id, { state: 'draft' });
  }

  cancel(env: Environment, ids: number[]): void {
    const moves = ids.map((id) => idOf(env.record(PAYMENT, id), 'move_id')).filter(Boolean);
    this.posting.cancel(env, moves);
    for (const id of ids) env.db.update(PAYMENT, id, { state: env.version === 19 ? 'canceled' : 'cancel' });
  }

  /** A draft payment's values go through to its entry. */
  write = (env: Environment, ids: number[], values: Values): void => {
    for (const id of ids) {
      patch(env, PAYMENT, id, values);
      const move = idOf(env.record(PAYMENT, id), 'move_id');
      const changes = [
        'amount',
        'date',
        'partner_id',
        'journal_id',
        'currency_id',
        'ref',
        'payment_type',
      ].some((name) => name in values);
      if (!move || !changes) continue;
      if (env.record('account.move', move).state !== 'draft')
        throw userError('You cannot edit a payment that is not in draft.');
      this.moves.unlink(env.sudo(), [move]);
      this.makeMove(env, id);
    }
  };

  unlink = (env: Environment, ids: number[]): void => {
    for (const id of ids) {
      const move = idOf(env.record(PAYMENT, id), 'move_id');
      if (move) this.moves.unlink(env.sudo(), [move]);
      env.db.delete(PAYMENT, id);
    }
  };
}

/** In Odoo the journal's own stands on its payment methods (`payment_account_id`). */
function outstandingAccount(env: Environment, payment: Values): number {
  const company = env.record('res.company', idOf(payment, 'company_id'));
  const side = payment.payment_type === 'inbound' ? 'debit' : 'credit';
  const journal = env.record('account.journal', idOf(payment, 'journal_id'));
  return (
    idOf(journal, '$outstanding') ||
    idOf(company, `account_journal_payment_${side}_account_id`) ||
    idOf(journal, 'default_account_id')
  );
}

export function destinationAccount(env: Environment, payment: Values): number {
  const given = idOf(payment, 'destination_account_id');
  const side = payment.partner_type === 'supplier' ? 'payable' : 'receivable';
  return (
    given || counterpartAccount(env, idOf(payment, 'partner_id'), idOf(payment, 'company_id'), side) || 0
  );
}

/** The lines of a payment's entry that stand against invoices. */
export function counterpartLines(env: Environment, payment: number): number[] {
  const record = env.record(PAYMENT, payment);
  const account = destinationAccount(env, record);
  return linesOf(env, idOf(record, 'move_id'))
    .filter((line) => idOf(line, 'account_id') === account)
    .map(({ id }) => id);
}

const states = (version: Version): Field =>
  version === 19
    ? selection(
        'State',
        [
          ['draft', 'Draft'],
          ['in_process', 'In Process'],
          ['paid', 'Paid'],
          ['canceled', 'Canceled'],
          ['rejected', 'Rejected'],
        ],
        { default: 'draft' },
      )
    : selection(
        'Status',
        [
          ['draft', 'Draft'],
          ['posted', 'Posted'],
          ['cancel', 'Cancelled'],
        ],
        { get: (env, record) => env.find('account.move', idOf(record, 'move_id'))?.state ?? 'draft' },
      );

export function paymentModel(version: Version, payments: Payments): Model {
  const record = (run: (env: Environment, ids: number[]) => void): Method => ({
    on: 'record',
    params: [],
    run: (env, ids) => {
      for (const id of ids) if (!env.find(PAYMENT, id)) throw missingError(PAYMENT, id, env.uid);
      run(env, ids);
      return null;
    },
  });
  const text: Record<string, Field> = version === 19 ? { memo: char('Memo') } : { ref: char('Reference') };
  const name: Field =
    version === 19
      ? char('Number')
      : char('Number', { get: (env, each) => env.find('account.move', idOf(each, 'move_id'))?.name ?? '/' });
  return {
    name: PAYMENT,
    description: 'Payments',
    companyField: 'company_id',
    access: { read: billing, create: billing, write: billing, unlink: billing },
    order: 'date desc, name desc',
    fields: {
      ...text,
      name,
      state: states(version),
      payment_type: selection('Payment Type', [
        ['outbound', 'Send'],
        ['inbound', 'Receive'],
      ]),
      partner_type: selection('Partner Type', [
        ['customer', 'Customer'],
        ['supplier', 'Vendor'],
      ]),
      partner_id: many2one('Customer/Vendor', 'res.partner'),
      amount: monetary('Amount'),
      currency_id: many2one('Currency', 'res.currency'),
      journal_id: many2one('Journal', 'account.journal'),
      date: date('Date'),
      company_id: many2one('Company', 'res.company'),
      move_id: many2one('Journal Entry', 'account.move'),
      destination_account_id: many2one('Destination Account', 'account.account'),
      payment_reference: char('Payment Reference'),
      is_reconciled: boolean('Is Reconciled', {
        get: (env, each) => {
          const lines = idOf(each, 'move_id') ? counterpartLines(env, each.id) : [];
          return (
            lines.length > 0 &&
            lines.every((line) => env.record('account.move.line', line).reconciled === true)
          );
        },
      }),
    },
    displayName: (env, each) =>
      textOf(each, 'name') ||
      textOf(env.find('account.move', idOf(each, 'move_id')) ?? {}, 'name') ||
      'Draft Payment',
    create: payments.create,
    write: payments.write,
    unlink: payments.unlink,
    methods: {
      action_post: record((env, ids) => payments.post(env, ids)),
      action_draft: record((env, ids) => payments.reset(env, ids)),
      action_cancel: record((env, ids) => payments.cancel(env, ids)),
    },
  };
}
