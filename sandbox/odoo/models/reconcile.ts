import type { Environment } from '../core/environment';
import { userError } from '../core/fault';
import { remove } from '../core/records';
import {
  type Decimal,
  decimalOf,
  idOf,
  type OdooRecord,
  round,
  textOf,
  type Value,
  type Values,
  ZERO,
} from '../core/value';
import { digitsOf } from './currency';
import { refreshResidual } from './invoice-amounts';
import { linesOf } from './move-kind';
import type { Moves } from './moves';
import type { Posting } from './posting';

const LINE = 'account.move.line';
const PARTIAL = 'account.partial.reconcile';

/** Matches debits with credits of one account: partials, exchange differences, full matchings. */
export class Reconciliation {
  constructor(
    private readonly moves: Moves,
    private readonly posting: Posting,
  ) {}

  /** @returns the partials made, and those of exchange differences. */
  reconcile(env: Environment, ids: number[]): { partials: number[]; exchange: number[] } {
    const lines = ids.map((id) => env.record(LINE, id));
    checkMatchable(env, lines);
    const made = { partials: [] as number[], exchange: [] as number[] };
    const due = (line: OdooRecord) =>
      textOf(line, 'date_maturity') || textOf(env.record('account.move', idOf(line, 'move_id')), 'date');
    const open = lines.sort((a, b) => due(a).localeCompare(due(b)) || a.id - b.id);
    const debits = open.filter((line) => isDebit(line)).map(({ id }) => id);
    const credits = open.filter((line) => !isDebit(line)).map(({ id }) => id);
    while (debits.length > 0 && credits.length > 0) {
      const [debit, credit] = [debits[0]!, credits[0]!];
      this.match(env, debit, credit, made);
      if (isClosed(env, debit)) debits.shift();
      if (isClosed(env, credit)) credits.shift();
    }
    closeMatching(env, ids);
    return made;
  }

  private match(
    env: Environment,
    debitId: number,
    creditId: number,
    made: { partials: number[]; exchange: number[] },
  ): void {
    const [debit, credit] = [env.record(LINE, debitId), env.record(LINE, creditId)];
    const company = env.record('res.company', idOf(debit, 'company_id'));
    const home = idOf(company, 'currency_id');
    const currency = idOf(debit, 'currency_id');
    if (currency !== home && currency === idOf(credit, 'currency_id')) {
      const amount = least(
        residual(debit, 'amount_residual_currency'),
        residual(credit, 'amount_residual_currency'),
      );
      const [ofDebit, ofCredit] = [inHome(env, debit, amount, home), inHome(env, credit, amount, home)];
      const partial = partialOf(env, debit, credit, least(ofDebit, ofCredit), amount, amount);
      made.partials.push(partial);
      if (!ofDebit.eq(ofCredit))
        made.exchange.push(
          this.bookDifference(env, ofDebit.gt(ofCredit) ? debit : credit, ofDebit.minus(ofCredit)),
        );
      return;
    }
    const amount = least(residual(debit, 'amount_residual'), residual(credit, 'amount_residual'));
    made.partials.push(
      partialOf(env, debit, credit, amount, inCurrency(env, debit, amount), inCurrency(env, credit, amount)),
    );
  }

  /** An exchange difference as an entry of its own, matched with the line that is left over. */
  private bookDifference(env: Environment, line: OdooRecord, difference: Decimal): number {
    const company = env.record('res.company', idOf(line, 'company_id'));
    const journal = idOf(company, 'currency_exchange_journal_id');
    const side = difference.gt('0') ? 'expense' : 'income';
    const account = idOf(company, `${side}_currency_exchange_account_id`);
    if (!journal || !account)
      throw userError(
        "You should configure the 'Exchange Gain or Loss Journal' in your company settings, to manage automatically the booking of accounting entries related to differences between exchange rates.",
      );
    const row = (on: Value, balance: Decimal): Value => [
      0,
      0,
      {
        name: 'Currency exchange rate difference',
        account_id: on,
        currency_id: idOf(line, 'currency_id'),
        partner_id: line.partner_id ?? false,
        amount_currency: '0',
        balance: balance.toString(),
      },
    ];
    const [id = 0] = this.moves.create(env.sudo(), [
      {
        move_type: 'entry',
        journal_id: journal,
        date: textOf(env.record('account.move', idOf(line, 'move_id')), 'date'),
        line_ids: [row(idOf(line, 'account_id'), difference.times('-1')), row(account, difference)],
      },
    ]);
    this.posting.post(env.sudo(), [id]);
    const counter = linesOf(env, id).find((each) => each.account_id === line.account_id)!;
    const [debit, credit] = isDebit(line) ? [line, counter] : [counter, line];
    return partialOf(env, debit, credit, difference.abs(), ZERO, ZERO, id);
  }

  /** Undoes every matching of these lines; exchange differences are reversed. */
  undo(env: Environment, ids: number[]): void {
    const partials = [...new Set(ids.flatMap((id) => partialsOf(env, id)))];
    const touched = new Set<number>();
    for (const id of partials) {
      const partial = env.find(PARTIAL, id);
      if (!partial) continue;
      const connected = connectedLines(env, idOf(partial, 'debit_move_id'));
      for (const line of connected) touched.add(line);
      const exchange = idOf(partial, 'exchange_move_id');
      remove(env, PARTIAL, id);
      if (exchange) this.reverseDifference(env, exchange);
    }
    for (const id of touched) {
      if (!env.find(LINE, id)) continue;
      refreshResidual(env, id);
      env.db.update(LINE, id, {
        full_reconcile_id: false,
        matching_number: partialsOf(env, id).length > 0 ? 'P' : false,
      });
    }
  }

  private reverseDifference(env: Environment, id: number): void {
    const original = env.record('account.move', id);
    const [reverse = 0] = this.moves.create(env.sudo(), [
      {
        move_type: 'entry',
        journal_id: idOf(original, 'journal_id'),
        date: textOf(original, 'date'),
        reversed_entry_id: id,
        ref: `Reversal of: ${textOf(original, 'name')}`,
        line_ids: linesOf(env, id).map((line): Value => [0, 0, turned(line)]),
      },
    ]);
    this.posting.post(env.sudo(), [reverse]);
  }
}

const turned = (line: OdooRecord): Values => ({
  name: line.name ?? false,
  account_id: line.account_id ?? false,
  currency_id: line.currency_id ?? false,
  partner_id: line.partner_id ?? false,
  amount_currency: '0',
  balance: decimalOf(line, 'balance').times('-1').toString(),
});

const isDebit = (line: OdooRecord): boolean =>
  decimalOf(line, 'amount_residual').gt('0') ||
  (decimalOf(line, 'amount_residual').eq('0') && decimalOf(line, 'amount_residual_currency').gt('0'));
const residual = (line: OdooRecord, field: string): Decimal => decimalOf(line, field).abs();
const least = (a: Decimal, b: Decimal): Decimal => (a.lt(b) ? a : b);

/** The part of a line's residual in the company's currency that an amount of its own currency stands for. */
function inHome(env: Environment, line: OdooRecord, amount: Decimal, home: number): Decimal {
  const [whole, own] = [residual(line, 'amount_residual'), residual(line, 'amount_residual_currency')];
  return amount.eq(own) ? whole : round(whole.times(amount).div(own), digitsOf(env, home));
}

/** The inverse: what an amount of the company's currency stands for in the line's own. */
function inCurrency(env: Environment, line: OdooRecord, amount: Decimal): Decimal {
  const [whole, own] = [residual(line, 'amount_residual'), residual(line, 'amount_residual_currency')];
  return amount.eq(whole)
    ? own
    : round(own.times(amount).div(whole), digitsOf(env, idOf(line, 'currency_id')));
}

function isClosed(env: Environment, id: number): boolean {
  const line = env.record(LINE, id);
  return decimalOf(line, 'amount_residual').eq('0') && decimalOf(line, 'amount_residual_currency').eq('0');
}

function partialOf(
  env: Environment,
  debit: OdooRecord,
  credit: OdooRecord,
  amount: Decimal,
  ofDebit: Decimal,
  ofCredit: Decimal,
  exchange?: number,
): number {
  const { id } = env.db.insert(PARTIAL, {
    debit_move_id: debit.id,
    credit_move_id: credit.id,
    amount: amount.toString(),
    debit_amount_currency: ofDebit.toString(),
    credit_amount_currency: ofCredit.toString(),
    company_id: idOf(debit, 'company_id'),
    exchange_move_id: exchange ?? false,
    full_reconcile_id: false,
  });
  refreshResidual(env, debit.id);
  refreshResidual(env, credit.id);
  return id;
}

function checkMatchable(env: Environment, lines: OdooRecord[]): void {
  if (lines.some((line) => line.reconciled === true))
    throw userError('You are trying to reconcile some entries that are already reconciled.');
  if (lines.some((line) => env.record('account.move', idOf(line, 'move_id')).state !== 'posted'))
    throw userError('You can only reconcile posted entries.');
  const accounts = [...new Set(lines.map((line) => idOf(line, 'account_id')))];
  const named = accounts.map((id) => env.displayName('account.account', id));
  if (accounts.length > 1) throw userError(`Entries are not from the same account: ${named.join(', ')}`);
  const account = env.find('account.account', accounts[0] ?? 0);
  const opens =
    account?.reconcile === true ||
    ['asset_cash', 'liability_credit_card'].includes(textOf(account ?? {}, 'account_type'));
  if (account && !opens)
    throw userError(
      `Account ${named[0]} does not allow reconciliation. First change the configuration of this account to allow it.`,
    );
}

function partialsOf(env: Environment, line: number): number[] {
  return [...env.inverse(PARTIAL, 'debit_move_id', line), ...env.inverse(PARTIAL, 'credit_move_id', line)];
}

/** All lines that partials tie together with this one. */
function connectedLines(env: Environment, line: number): Set<number> {
  const seen = new Set([line]);
  for (const id of seen)
    for (const partial of partialsOf(env, id)) {
      const record = env.record(PARTIAL, partial);
      seen.add(idOf(record, 'debit_move_id')).add(idOf(record, 'credit_move_id'));
    }
  return seen;
}

/** Where nothing is open of all that hangs together, it is one full matching. */
function closeMatching(env: Environment, ids: number[]): void {
  const done = new Set<number>();
  for (const id of ids) {
    if (done.has(id)) continue;
    const connected = connectedLines(env, id);
    for (const line of connected) done.add(line);
    const isFull = connected.size > 1 && [...connected].every((line) => isClosed(env, line));
    const full = isFull ? env.db.insert('account.full.reconcile', {}).id : false;
    for (const line of connected)
      env.db.update(LINE, line, {
        full_reconcile_id: full,
        matching_number: full ? String(full) : connected.size > 1 ? 'P' : false,
      });
    for (const partial of new Set([...connected].flatMap((line) => partialsOf(env, line))))
      env.db.update(PARTIAL, partial, { full_reconcile_id: full });
  }
}
