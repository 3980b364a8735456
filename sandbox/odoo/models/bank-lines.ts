import type { Environment } from '../core/environment';
import { missingError, userError } from '../core/fault';
import { boolean, char, date, json, type Model, many2one, monetary } from '../core/model';
import { insert, patch } from '../core/records';
import { idOf, isSet, type OdooRecord, textOf, toDecimal, type Value, type Values } from '../core/value';
import { toCompany } from './currency';
import { linesOf } from './move-kind';
import type { Moves } from './moves';
import type { Posting } from './posting';
import type { Reconciliation } from './reconcile';

const BANK_LINE = 'account.bank.statement.line';
const accounting = ['account.group_account_user'];

/** Bank transactions: each is a posted entry of bank against suspense from its first moment. */
export class BankLines {
  constructor(
    private readonly moves: Moves,
    private readonly posting: Posting,
    private readonly reconciliation: Reconciliation,
  ) {}

  create = (env: Environment, list: Values[]): number[] => list.map((values) => this.createOne(env, values));

  private createOne(env: Environment, values: Values): number {
    const journal = env.find('account.journal', idOf(values, 'journal_id'));
    if (!journal) throw missingError('account.journal', idOf(values, 'journal_id'), env.uid);
    const company = env.record('res.company', idOf(journal, 'company_id'));
    const currency = idOf(journal, 'currency_id') || idOf(company, 'currency_id');
    const id = insert(env, BANK_LINE, {
      ...values,
      date: isSet(values.date) ? values.date! : env.today,
      company_id: company.id,
      currency_id: currency,
    });
    const [move = 0] = this.moves.create(env.sudo(), [this.entryOf(env, id, journal)]);
    this.posting.post(env.sudo(), [move]);
    env.db.update(BANK_LINE, id, { move_id: move });
    return id;
  }

  private entryOf(env: Environment, id: number, journal: OdooRecord): Values {
    const line = env.record(BANK_LINE, id);
    return {
      move_type: 'entry',
      journal_id: journal.id,
      date: textOf(line, 'date'),
      partner_id: line.partner_id || false,
      currency_id: idOf(line, 'currency_id'),
      statement_line_id: id,
      line_ids: this.linesFor(env, line, journal),
    };
  }

  private linesFor(env: Environment, line: OdooRecord, journal: OdooRecord): Value[] {
    const company = env.record('res.company', idOf(line, 'company_id'));
    const suspense =
      idOf(journal, 'suspense_account_id') || idOf(company, 'account_journal_suspense_account_id');
    if (!suspense)
      throw userError(
        `You can't create a new statement line without a suspense account set on the ${textOf(journal, 'name')} journal.`,
      );
    const amount = toDecimal(line.amount);
    const currency = idOf(line, 'currency_id');
    const balance = toCompany(env, amount, currency, company, textOf(line, 'date'));
    const common = {
      name: line.payment_ref || '',
      partner_id: line.partner_id || false,
      currency_id: currency,
      statement_line_id: line.id,
    };
    return [
      [
        0,
        0,
        {
          ...common,
          account_id: idOf(journal, 'default_account_id'),
          amount_currency: amount.toString(),
          balance: balance.toString(),
        },
      ],
      [
        0,
        0,
        {
          ...common,
          account_id: suspense,
          amount_currency: amount.times('-1').toString(),
          balance: balance.times('-1').toString(),
        },
      ],
    ];
  }

  /** Takes the matching back and the counterpart to suspense again. */
  undo(env: Environment, ids: number[]): void {
    for (const id of ids) {
      const line = env.find(BANK_LINE, id);
      if (!line) throw missingError(BANK_LINE, id, env.uid);
      const move = idOf(line, 'move_id');
      this.reconciliation.undo(
        env,
        linesOf(env, move).map((each) => each.id),
      );
      const journal = env.record('account.journal', idOf(line, 'journal_id'));
      const sudo = env.sudo();
      this.posting.reset(sudo, [move]);
      this.moves.write(sudo, [move], { line_ids: [[5], ...this.linesFor(env, line, journal)] });
      this.posting.post(sudo, [move]);
    }
  }

  unlink = (env: Environment, ids: number[]): void => {
    for (const id of ids) {
      const move = idOf(env.record(BANK_LINE, id), 'move_id');
      this.posting.reset(env.sudo(), [move]);
      this.moves.unlink(env.sudo(), [move]);
      env.db.delete(BANK_LINE, id);
    }
  };
}

/** Whether nothing of the transaction is left on the suspense account and its counterpart is matched. */
function isReconciled(env: Environment, line: OdooRecord): boolean {
  const journal = env.record('account.journal', idOf(line, 'journal_id'));
  const bank = idOf(journal, 'default_account_id');
  const suspense = idOf(journal, 'suspense_account_id');
  const others = linesOf(env, idOf(line, 'move_id')).filter((each) => idOf(each, 'account_id') !== bank);
  return others.every((each) => {
    const account = env.record('account.account', idOf(each, 'account_id'));
    return account.id !== suspense && (account.reconcile !== true || each.reconciled === true);
  });
}

export function bankLineModel(bankLines: BankLines): Model {
  return {
    name: BANK_LINE,
    description: 'Bank Statement Line',
    companyField: 'company_id',
    access: { create: accounting, write: accounting, unlink: accounting },
    order: 'date desc, id desc',
    displayName: (env, line) => textOf(env.find('account.move', idOf(line, 'move_id')) ?? {}, 'name'),
    fields: {
      name: char('Number', {
        get: (env, line) => env.find('account.move', idOf(line, 'move_id'))?.name ?? false,
      }),
      journal_id: many2one('Journal', 'account.journal', { required: true }),
      date: date('Date'),
      payment_ref: char('Label'),
      ref: char('Reference'),
      narration: char('Notes'),
      amount: monetary('Amount'),
      currency_id: many2one('Journal Currency', 'res.currency'),
      foreign_currency_id: many2one('Foreign Currency', 'res.currency'),
      amount_currency: monetary('Amount in Currency'),
      partner_id: many2one('Partner', 'res.partner'),
      partner_name: char('Partner Name'),
      account_number: char('Bank Account Number'),
      transaction_type: char('Transaction Type'),
      transaction_details: json('Transaction Details'),
      unique_import_id: char('Import ID'),
      company_id: many2one('Company', 'res.company'),
      move_id: many2one('Journal Entry', 'account.move'),
      is_reconciled: boolean('Is Reconciled', { get: isReconciled }),
    },
    create: bankLines.create,
    write: (env, ids, values) => {
      for (const id of ids) patch(env, BANK_LINE, id, values);
    },
    unlink: bankLines.unlink,
    methods: {
      action_undo_reconciliation: {
        on: 'record',
        params: [],
        run: (env, ids) => {
          bankLines.undo(env, ids);
          return null;
        },
      },
    },
  };
}
