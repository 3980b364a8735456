import type { Environment } from '../core/environment';
import { missingError, userError } from '../core/fault';
import { boolean, char, date, type Model, many2many, many2one, monetary, selection } from '../core/model';
import { insert } from '../core/records';
import {
  type Decimal,
  decimalOf,
  idOf,
  idsOf,
  isSet,
  type OdooRecord,
  sum,
  textOf,
  toDecimal,
  type Value,
  type Values,
} from '../core/value';
import { fromCompany } from './currency';
import { linesOf } from './move-kind';
import { counterpartLines, type Payments, type WriteOff } from './payments';
import type { Reconciliation } from './reconcile';

const WIZARD = 'account.payment.register';
const billing = ['account.group_account_invoice'];

/** The wizard that pays invoices. It remembers nothing of having run: a second run pays again. */
export function paymentRegister(payments: Payments, reconciliation: Reconciliation): Model {
  return {
    name: WIZARD,
    description: 'Pay',
    access: { read: billing, create: billing, write: billing, unlink: billing },
    fields: {
      journal_id: many2one('Journal', 'account.journal'),
      payment_date: date('Payment Date', { default: (env) => env.today }),
      amount: monetary('Amount'),
      currency_id: many2one('Currency', 'res.currency'),
      communication: char('Memo'),
      group_payment: boolean('Group Payments', { default: false }),
      payment_difference_handling: selection(
        'Payment Difference Handling',
        [
          ['open', 'Keep open'],
          ['reconcile', 'Mark as fully paid'],
        ],
        { default: 'open' },
      ),
      writeoff_account_id: many2one('Difference Account', 'account.account'),
      writeoff_label: char('Journal Item Label', { default: 'Write-Off' }),
      line_ids: many2many('Journal items', 'account.move.line'),
    },
    create: (env, list) => list.map((values) => createWizard(env, values)),
    methods: {
      action_create_payments: {
        on: 'record',
        params: [],
        run: (env, [id = 0]) => {
          const wizard = env.find(WIZARD, id);
          if (!wizard) throw missingError(WIZARD, id, env.uid);
          return actionOf(env, pay(env, wizard, payments, reconciliation));
        },
      },
    },
  };
}

function createWizard(env: Environment, values: Values): number {
  const lines =
    env.contextText('active_model') === 'account.move.line'
      ? env.contextIds('active_ids')
      : linesOfMoves(env);
  const records = lines.map((id) => env.record('account.move.line', id));
  if (records.some((line) => env.record('account.move', idOf(line, 'move_id')).state !== 'posted'))
    throw userError('You can only register payment for posted journal entries.');
  const open = records.filter(isPayable(env)).filter((line) => !decimalOf(line, 'amount_residual').eq('0'));
  if (open.length === 0)
    throw userError(
      env.version === 19
        ? "There's nothing left to pay for the selected journal items, so no payment registration is necessary. You've got your finances under control like a boss!"
        : "You can't register a payment because there is nothing left to pay on the selected journal items.",
    );
  const currency = idOf(values, 'currency_id') || idOf(open[0]!, 'currency_id');
  const amount = isSet(values.amount)
    ? values.amount!
    : openIn(env, open, currency, textOf(values, 'payment_date') || env.today)
        .abs()
        .toString();
  return insert(env, WIZARD, {
    ...values,
    amount,
    currency_id: currency,
    line_ids: open.map(({ id }) => id),
  });
}

function linesOfMoves(env: Environment): number[] {
  return env.contextIds('active_ids').flatMap((id) => {
    if (!env.find('account.move', id)) throw missingError('account.move', id, env.uid);
    return linesOf(env, id).map((line) => line.id);
  });
}

const isPayable = (env: Environment) => (line: OdooRecord) =>
  ['asset_receivable', 'liability_payable'].includes(
    textOf(env.find('account.account', idOf(line, 'account_id')) ?? {}, 'account_type'),
  );

/** What is open of lines, in a currency on a date; signed. */
function openIn(env: Environment, lines: OdooRecord[], currency: number, on: string): Decimal {
  return sum(
    lines.map((line) => {
      if (idOf(line, 'currency_id') === currency) return decimalOf(line, 'amount_residual_currency');
      const company = env.record('res.company', idOf(line, 'company_id'));
      return fromCompany(env, decimalOf(line, 'amount_residual'), currency, company, on);
    }),
  );
}

function pay(
  env: Environment,
  wizard: OdooRecord,
  payments: Payments,
  reconciliation: Reconciliation,
): number[] {
  const lines = idsOf(wizard, 'line_ids').map((id) => env.record('account.move.line', id));
  const groups =
    lines.length === 1 || wizard.group_payment === true ? byPartner(lines) : lines.map((line) => [line]);
  const isSingle = groups.length === 1;
  return groups.map((group) => {
    const [first] = group as [OdooRecord, ...OdooRecord[]];
    const account = env.record('account.account', idOf(first, 'account_id'));
    const isInbound = sum(group.map((line) => decimalOf(line, 'balance'))).gt('0');
    const amount = isSingle
      ? toDecimal(wizard.amount)
      : openIn(env, group, idOf(first, 'currency_id'), textOf(wizard, 'payment_date')).abs();
    const text =
      textOf(wizard, 'communication') ||
      group
        .map((line) => textOf(line, 'name'))
        .filter(Boolean)
        .join(' ');
    const values: Values = {
      payment_type: isInbound ? 'inbound' : 'outbound',
      partner_type: account.account_type === 'liability_payable' ? 'supplier' : 'customer',
      partner_id: first.partner_id ?? false,
      journal_id: idOf(wizard, 'journal_id'),
      date: wizard.payment_date || env.today,
      amount: amount.toString(),
      currency_id: isSingle ? idOf(wizard, 'currency_id') : idOf(first, 'currency_id'),
      destination_account_id: account.id,
      [env.version === 19 ? 'memo' : 'ref']: text,
    };
    const id = payments.createOne(env, values, isSingle ? writeOffOf(env, wizard, group, amount) : undefined);
    payments.post(env, [id]);
    const open = group
      .map((line) => env.record('account.move.line', line.id))
      .filter((line) => line.reconciled !== true);
    if (open.length > 0)
      reconciliation.reconcile(env, [...counterpartLines(env, id), ...open.map((line) => line.id)]);
    return id;
  });
}

function byPartner(lines: OdooRecord[]): OdooRecord[][] {
  const groups = new Map<string, OdooRecord[]>();
  for (const line of lines) {
    const key = `${idOf(line, 'partner_id')}|${idOf(line, 'account_id')}|${idOf(line, 'currency_id')}`;
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  return [...groups.values()];
}

function writeOffOf(
  env: Environment,
  wizard: OdooRecord,
  lines: OdooRecord[],
  amount: Decimal,
): WriteOff | undefined {
  const account = idOf(wizard, 'writeoff_account_id');
  if (wizard.payment_difference_handling !== 'reconcile' || !account) return undefined;
  const open = openIn(env, lines, idOf(wizard, 'currency_id'), textOf(wizard, 'payment_date')).abs();
  return { account, label: textOf(wizard, 'writeoff_label'), amount: open.minus(amount) };
}

function actionOf(env: Environment, ids: number[]): Value {
  const action = {
    name: 'Payments',
    type: 'ir.actions.act_window',
    res_model: 'account.payment',
    context: { create: false },
  };
  if (ids.length === 1) return { ...action, view_mode: 'form', res_id: ids[0]! };
  return {
    ...action,
    view_mode: env.version === 19 ? 'list,form' : 'tree,form',
    domain: [['id', 'in', ids]],
  };
}
