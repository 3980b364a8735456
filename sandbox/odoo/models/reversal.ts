import type { Environment } from '../core/environment';
import { missingError } from '../core/fault';
import { char, date, type Model, many2many, many2one, selection } from '../core/model';
import { insert } from '../core/records';
import {
  decimalOf,
  idOf,
  idsOf,
  isSet,
  type OdooRecord,
  textOf,
  type Value,
  type Values,
} from '../core/value';
import { isInvoice, linesOf } from './move-kind';
import type { Moves } from './moves';
import type { Posting } from './posting';
import type { Reconciliation } from './reconcile';

const WIZARD = 'account.move.reversal';
const billing = ['account.group_account_invoice'];

const REVERSED: Record<string, string> = {
  entry: 'entry',
  out_invoice: 'out_refund',
  out_refund: 'entry',
  in_invoice: 'in_refund',
  in_refund: 'entry',
  out_receipt: 'out_refund',
  in_receipt: 'in_refund',
};

interface Parts {
  moves: Moves;
  posting: Posting;
  reconciliation: Reconciliation;
}

/** The wizard that makes credit notes and reversals. It too may be run twice, and then makes two. */
export function reversalModel(parts: Parts): Model {
  const method = (isModify: boolean) => ({
    on: 'record' as const,
    params: [],
    run: (env: Environment, [id = 0]: number[]): Value => {
      const wizard = env.find(WIZARD, id);
      if (!wizard) throw missingError(WIZARD, id, env.uid);
      return reverse(env, parts, wizard, isModify || wizard.refund_method === 'modify');
    },
  });
  return {
    name: WIZARD,
    description: 'Account Move Reversal',
    access: { read: billing, create: billing, write: billing, unlink: billing },
    fields: {
      journal_id: many2one('Journal', 'account.journal'),
      date: date('Reversal date', { default: (env) => env.today }),
      reason: char('Reason displayed on Credit Note'),
      move_ids: many2many('Moves', 'account.move'),
      refund_method: selection(
        'Credit Method',
        [
          ['refund', 'Partial Refund'],
          ['cancel', 'Full Refund'],
          ['modify', 'Full refund and new draft invoice'],
        ],
        { default: 'refund' },
      ),
    },
    create: (env, list) =>
      list.map((values) => {
        const given: Values = Array.isArray(values.move_ids)
          ? {}
          : { move_ids: [[6, 0, env.contextIds('active_ids')]] };
        return insert(env, WIZARD, { ...values, ...given });
      }),
    methods: { reverse_moves: method(false), refund_moves: method(false), modify_moves: method(true) },
  };
}

function reverse(env: Environment, { moves, posting }: Parts, wizard: OdooRecord, isModify: boolean): Value {
  const made = idsOf(wizard, 'move_ids').map((id) => {
    const move = env.record('account.move', id);
    const [refund = 0] = moves.create(env, [refundOf(env, move, wizard)]);
    if (!isModify) return refund;
    posting.post(env, [refund]);
    return moves.create(env, [copyOf(env, move, textOf(wizard, 'date'))])[0] ?? refund;
  });
  const action = { name: 'Reverse Moves', type: 'ir.actions.act_window', res_model: 'account.move' };
  const [first = 0] = made;
  const type = textOf(env.record('account.move', first), 'move_type');
  if (made.length === 1)
    return { ...action, view_mode: 'form', res_id: first, context: { default_move_type: type } };
  return {
    ...action,
    view_mode: env.version === 19 ? 'list,form' : 'tree,form',
    domain: [['id', 'in', made]],
  };
}

function refundOf(env: Environment, move: OdooRecord, wizard: OdooRecord): Values {
  const name = textOf(move, 'name');
  const on = textOf(wizard, 'date') || env.today;
  const type = REVERSED[textOf(move, 'move_type')] ?? 'entry';
  return {
    move_type: type,
    journal_id: idOf(wizard, 'journal_id') || idOf(move, 'journal_id'),
    date: on,
    invoice_date: isInvoice(move) ? on : false,
    partner_id: move.partner_id || false,
    currency_id: idOf(move, 'currency_id'),
    reversed_entry_id: move.id,
    ref: isSet(wizard.reason) ? `Reversal of: ${name}, ${textOf(wizard, 'reason')}` : `Reversal of: ${name}`,
    ...(type === 'entry'
      ? { line_ids: turnedLines(env, move) }
      : { invoice_line_ids: productLines(env, move) }),
  };
}

function copyOf(env: Environment, move: OdooRecord, on: string): Values {
  return {
    move_type: move.move_type ?? 'entry',
    journal_id: idOf(move, 'journal_id'),
    invoice_date: isInvoice(move) ? on : false,
    partner_id: move.partner_id || false,
    currency_id: idOf(move, 'currency_id'),
    invoice_line_ids: productLines(env, move),
  };
}

function productLines(env: Environment, move: OdooRecord): Value[] {
  return linesOf(env, move.id)
    .filter((line) => ['product', 'line_section', 'line_note'].includes(textOf(line, 'display_type')))
    .map((line): Value => {
      const { name, quantity, price_unit, discount, account_id, display_type, analytic_distribution } = line;
      const copied: Values = {
        name: name ?? '',
        quantity: quantity ?? '1',
        price_unit: price_unit ?? '0',
        discount: discount ?? '0',
      };
      copied.account_id = account_id ?? false;
      copied.display_type = display_type ?? 'product';
      copied.analytic_distribution = analytic_distribution ?? false;
      copied.tax_ids = [[6, 0, idsOf(line, 'tax_ids')]];
      return [0, 0, copied];
    });
}

function turnedLines(env: Environment, move: OdooRecord): Value[] {
  return linesOf(env, move.id).map(
    (line): Value => [
      0,
      0,
      {
        name: line.name ?? '',
        account_id: line.account_id ?? false,
        partner_id: line.partner_id ?? false,
        currency_id: line.currency_id ?? false,
        balance: decimalOf(line, 'balance').times('-1').toString(),
        amount_currency: decimalOf(line, 'amount_currency').times('-1').toString(),
      },
    ],
  );
}

/** From 17 on a posted credit note is matched with its invoice at once, as far as both are open. */
export function reconcileReversals(reconciliation: Reconciliation) {
  return (env: Environment, id: number): void => {
    if (env.version === 16) return;
    const move = env.record('account.move', id);
    const original = env.find('account.move', idOf(move, 'reversed_entry_id'));
    if (original?.state !== 'posted' || textOf(move, 'ref').startsWith('Reversal of: EXCH')) return;
    const openOf = (move_: number) =>
      linesOf(env, move_).filter(
        (line) =>
          line.reconciled !== true &&
          !decimalOf(line, 'amount_residual').eq('0') &&
          line.display_type === 'payment_term',
      );
    const [ours, theirs] = [openOf(id), openOf(original.id)];
    if (ours.length === 0 || theirs.length === 0) return;
    const account = idOf(ours[0]!, 'account_id');
    const same = theirs.filter((line) => idOf(line, 'account_id') === account);
    if (same.length > 0)
      reconciliation.reconcile(
        env,
        [...same, ...ours].map((line) => line.id),
      );
  };
}
