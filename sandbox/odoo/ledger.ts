import { externalIdOf } from './core/external-ids';
import { type Decimal, decimalOf, idOf, type OdooRecord, textOf, ZERO } from './core/value';
import { digitsOf } from './models/currency';
import { linesOf } from './models/move-kind';
import type { Odoo } from './odoo';

export interface LedgerLine {
  /** Account code. */
  account: string;
  accountName: string;
  label: string;
  /** Decimal strings in the company's currency. */
  debit: string;
  credit: string;
  /** Decimal string in the line's currency, with that currency's code. */
  amountCurrency: string;
  currency: string;
  partner: string | null;
  taxes: string[];
  reconciled: boolean;
}

export interface LedgerMove {
  id: number;
  name: string | null;
  externalId: string | null;
  company: { id: number; name: string; currency: string };
  journal: string;
  state: string;
  moveType: string;
  /** ISO dates. */
  date: string;
  invoiceDate: string | null;
  ref: string | null;
  partner: string | null;
  currency: string;
  /** Decimal strings in the move's currency. */
  amountUntaxed: string;
  amountTax: string;
  amountTotal: string;
  amountResidual: string;
  paymentState: string;
  lines: LedgerLine[];
}

/** Every move of every company, as an auditor would want it: texts and decimal strings, nothing computed but names. */
export function ledgerOf(odoo: Odoo): { version: string; moves: LedgerMove[] } {
  const moves = odoo.db.all('account.move').sort((a, b) => a.id - b.id);
  return { version: `${odoo.version}.0`, moves: moves.map((move) => moveOf(odoo, move)) };
}

function moveOf(odoo: Odoo, move: OdooRecord): LedgerMove {
  const env = viewer(odoo);
  const company = env.record('res.company', idOf(move, 'company_id'));
  const money = (amount: Decimal, currency: number) => amount.toFixed(digitsOf(env, currency));
  const currency = idOf(move, 'currency_id');
  const get = (field: string): string =>
    String(env.model('account.move').fields[field]?.get?.(env, move, 'account.move') ?? '');
  const name = textOf(move, 'name');
  return {
    id: move.id,
    name: name && name !== '/' ? name : null,
    externalId: externalIdOf(env, 'account.move', move.id) || null,
    company: {
      id: company.id,
      name: textOf(company, 'name'),
      currency: env.displayName('res.currency', idOf(company, 'currency_id')),
    },
    journal: textOf(env.record('account.journal', idOf(move, 'journal_id')), 'code'),
    state: textOf(move, 'state'),
    moveType: textOf(move, 'move_type'),
    date: textOf(move, 'date'),
    invoiceDate: textOf(move, 'invoice_date') || null,
    ref: textOf(move, 'ref') || null,
    partner: env.displayName('res.partner', idOf(move, 'partner_id')) || null,
    currency: env.displayName('res.currency', currency),
    amountUntaxed: money(decimalOf(move, 'amount_untaxed'), currency),
    amountTax: money(decimalOf(move, 'amount_tax'), currency),
    amountTotal: money(decimalOf(move, 'amount_total'), currency),
    amountResidual: money(decimalOf({ value: get('amount_residual') }, 'value'), currency),
    paymentState: get('payment_state'),
    lines: linesOf(env, move.id).map((line) => lineOf(odoo, line)),
  };
}

function lineOf(odoo: Odoo, line: OdooRecord): LedgerLine {
  const env = viewer(odoo);
  const account = env.find('account.account', idOf(line, 'account_id'));
  const home = idOf(env.record('res.company', idOf(line, 'company_id')), 'currency_id');
  const currency = idOf(line, 'currency_id') || home;
  const money = (field: string, unit: number) => decimalOf(line, field).toFixed(digitsOf(env, unit));
  const taxes = Array.isArray(line.tax_ids) ? line.tax_ids : [];
  return {
    account: textOf(account ?? {}, 'code'),
    accountName: textOf(account ?? {}, 'name'),
    label: textOf(line, 'name'),
    debit: money('debit', home),
    credit: money('credit', home),
    amountCurrency: money('amount_currency', currency),
    currency: env.displayName('res.currency', currency),
    partner: env.displayName('res.partner', idOf(line, 'partner_id')) || null,
    taxes: taxes.map((tax) => env.displayName('account.tax', Number(tax))),
    reconciled: line.reconciled === true,
  };
}

const viewer = (odoo: Odoo) => odoo.environment(odoo.db.all('res.users')[0]!.id, {}, true);

export interface TrialRow {
  account: string;
  accountName: string;
  debit: Decimal;
  credit: Decimal;
}

/** Debit and credit of posted moves by account, in order of their codes. */
export function trialBalance(moves: LedgerMove[]): TrialRow[] {
  const rows = new Map<string, TrialRow>();
  for (const move of moves.filter(({ state }) => state === 'posted'))
    for (const line of move.lines.filter(({ account }) => account !== '')) {
      const row = rows.get(line.account) ?? {
        account: line.account,
        accountName: line.accountName,
        debit: ZERO,
        credit: ZERO,
      };
      row.debit = row.debit.plus(line.debit);
      row.credit = row.credit.plus(line.credit);
      rows.set(line.account, row);
    }
  return [...rows.values()].sort((a, b) => a.account.localeCompare(b.account));
}
