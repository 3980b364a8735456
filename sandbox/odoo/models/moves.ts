import { denyRecord, isVisible } from '../core/access';
import type { Environment } from '../core/environment';
import { missingError, userError, valueError } from '../core/fault';
import { insert, patch, remove } from '../core/records';
import { idOf, isSet, type OdooRecord, textOf, type Value, type Values } from '../core/value';
import { checkValue } from '../core/values';
import { computeInvoice } from './invoice-amounts';
import { accountingDate, checkUnlocked } from './lock-dates';
import { checkBalanced, checkCompanies } from './move-checks';
import { hasName, isInvoice, isSale, linesOf } from './move-kind';
import { applyLines } from './move-lines';
import { hasNameInPeriod, matchesDate, nextName, type Sequences, seriesOf } from './sequence';

const JOURNAL_TYPES: Record<string, string> = {
  out_invoice: 'sale',
  out_refund: 'sale',
  out_receipt: 'sale',
  in_invoice: 'purchase',
  in_refund: 'purchase',
  in_receipt: 'purchase',
  entry: 'general',
};

const LINKS = [
  ['journal_id', 'account.journal'],
  ['partner_id', 'res.partner'],
  ['currency_id', 'res.currency'],
  ['company_id', 'res.company'],
  ['reversed_entry_id', 'account.move'],
] as const;

const LINE_FIELDS = ['line_ids', 'invoice_line_ids'] as const;

/** Creates, writes and deletes `account.move`, keeping every move whole: amounts, balance, name, companies. */
export class Moves {
  constructor(private readonly sequences: Sequences) {}

  create = (env: Environment, list: Values[]): number[] => list.map((values) => this.createOne(env, values));

  private createOne(env: Environment, given: Values): number {
    const values = withoutLines(given);
    if (values.state === 'posted')
      throw userError(
        'You cannot create a move already in the posted state. Please create a draft move and post it after.',
      );
    values.move_type = checkValue(
      env,
      'account.move',
      'move_type',
      values.move_type || env.contextText('default_move_type') || 'entry',
    );
    checkLinks(env, values);
    const journal = journalFor(env, values);
    const company = idOf(values, 'company_id') || idOf(journal, 'company_id');
    const home = idOf(env.record('res.company', company), 'currency_id');
    const invoiceDate = checkValue(env, 'account.move', 'invoice_date', values.invoice_date ?? false);
    const id = insert(env, 'account.move', {
      ...values,
      name: isSet(values.name) ? values.name! : unnamed(env),
      journal_id: journal.id,
      company_id: company,
      currency_id: idOf(values, 'currency_id') || idOf(journal, 'currency_id') || home,
      date: isSet(values.date) ? values.date! : isSet(invoiceDate) ? invoiceDate : env.today,
      partner_shipping_id: values.partner_shipping_id || values.partner_id || false,
    });
    const move = env.db.update('account.move', id, {
      $series: seriesOf(env, env.record('account.move', id)),
    });
    for (const name of LINE_FIELDS) if (Array.isArray(given[name])) applyLines(env, move, given[name]);
    computeInvoice(env, id, { taxes: true });
    if (!isSet(values.date)) this.redate(env, id);
    this.nameDraft(env, id);
    this.check(env, id);
    checkRules(env, id);
    return id;
  }

  private check(env: Environment, id: number): void {
    const move = env.record('account.move', id);
    checkBalanced(env, move);
    checkCompanies(env, move);
  }

  /** All but sales documents move from their invoice date to a date that their numbers allow. */
  private redate(env: Environment, id: number): void {
    const move = env.record('account.move', id);
    const invoiceDate = textOf(move, 'invoice_date');
    if (!invoiceDate) return;
    const date = isSale(move) ? invoiceDate : accountingDate(env, this.sequences, move, invoiceDate);
    if (date !== move.date) env.db.update('account.move', id, { date });
  }

  /** Odoo 16 and 17 name a draft that is the first of its period at once; the others stay without a name. */
  private nameDraft(env: Environment, id: number): void {
    const move = env.record('account.move', id);
    if (env.version === 19 || hasName(move) || hasNameInPeriod(env, this.sequences, move)) return;
    env.db.update('account.move', id, { name: nextName(env, this.sequences, move) });
  }

  /** Gives a move its number where it has none that fits. */
  nameMove(env: Environment, id: number): void {
    const move = env.record('account.move', id);
    if (hasName(move) && matchesDate(move)) return;
    env.db.update('account.move', id, { name: nextName(env, this.sequences, move) });
  }

  write = (env: Environment, ids: number[], given: Values): void => {
    for (const id of ids) this.writeOne(env, id, given);
  };

  private writeOne(env: Environment, id: number, given: Values): void {
    const before = env.record('account.move', id);
    if (before.state === 'posted') refuseOnPosted(env, before, given);
    const values = withoutLines(given);
    checkLinks(env, values);
    patch(env, 'account.move', id, values);
    const move = env.db.update('account.move', id, {
      $series: seriesOf(env, env.record('account.move', id)),
    });
    const lines = LINE_FIELDS.map((name) => Array.isArray(given[name]) && applyLines(env, move, given[name]));
    const prices = ['currency_id', 'move_type', 'company_id'].some((name) => name in values);
    const touched =
      LINE_FIELDS.some((name) => name in given) ||
      ['invoice_date', 'partner_id', 'date'].some((name) => name in values);
    if (touched || prices) computeInvoice(env, id, { taxes: prices || lines.some(Boolean) });
    if ('invoice_date' in values && !('date' in values) && move.state === 'draft') this.redate(env, id);
    if ('state' in values) this.afterState(env, id, textOf(values, 'state'));
    if ('journal_id' in values && before.journal_id !== move.journal_id && !isSet(values.name)) {
      env.db.update('account.move', id, { name: unnamed(env) });
      this.nameDraft(env, id);
    }
    this.check(env, id);
  }

  /** A state that is written directly (nobody should) still gives a posted move its number. */
  private afterState(env: Environment, id: number, state: string): void {
    if (state === 'posted') this.nameMove(env, id);
    computeInvoice(env, id, { taxes: false });
  }

  unlink = (env: Environment, ids: number[]): void => {
    for (const id of ids) {
      const move = env.record('account.move', id);
      if (move.state === 'posted')
        throw userError(
          "You can't delete a posted journal item. Don’t play games with your accounting records; reset the journal entry to draft before deleting it.",
        );
      if (hasName(move) && !this.sequences.isLast(move))
        throw userError(
          'You cannot delete this entry, as it has already consumed a sequence number and is not the last one in the chain. You should probably revert it instead.',
        );
    }
    for (const id of ids) {
      for (const line of linesOf(env, id)) remove(env, 'account.move.line', line.id);
      remove(env, 'account.move', id);
    }
  };
}

/** What stands for no name: a slash until 17, nothing from 19 on. */
export const unnamed = (env: Environment): Value => (env.version === 19 ? false : '/');

function withoutLines(values: Values): Values {
  const { line_ids: _lines, invoice_line_ids: _products, ...own } = values;
  return own;
}

function checkLinks(env: Environment, values: Values): void {
  for (const [field, model] of LINKS) {
    const id = idOf(values, field);
    if (id && !env.find(model, id)) throw missingError(model, id, env.uid);
  }
}

function journalFor(env: Environment, values: Values): OdooRecord {
  const given = idOf(values, 'journal_id');
  if (given) return env.record('account.journal', given);
  const company = idOf(values, 'company_id') || env.company;
  const type = JOURNAL_TYPES[textOf(values, 'move_type')] ?? 'general';
  const journals = env.db
    .lookup('account.journal', 'company_id', String(company))
    .map((id) => env.record('account.journal', id))
    .filter((journal) => journal.type === type)
    .sort((a, b) => Number(a.sequence) - Number(b.sequence) || a.id - b.id);
  const [journal] = journals;
  if (journal) return journal;
  throw userError(
    `No journal could be found in company ${env.displayName('res.company', company)} for any of those types: ${type}`,
  );
}

/** After the record rules a caller sees what it created: lines first, then the move. */
function checkRules(env: Environment, id: number): void {
  const hidden = linesOf(env, id).some((line) => !isVisible(env, 'account.move.line', line));
  if (hidden) denyRecord(env, 'account.move.line');
}

const FROZEN_19 = [
  'invoice_date',
  'date',
  'partner_id',
  'invoice_payment_term_id',
  'currency_id',
  'invoice_line_ids',
  'line_ids',
];

/** What each version refuses to write on a posted move; Odoo 17 refuses nothing but locked periods. */
function refuseOnPosted(env: Environment, move: OdooRecord, given: Values): void {
  const touched = LINE_FIELDS.some((name) => Array.isArray(given[name])) || 'date' in given;
  if (touched || given.state === 'draft') checkUnlocked(env, move);
  if (env.version === 19) {
    const frozen = FROZEN_19.filter((name) => name in given);
    if (frozen.length > 0)
      throw userError(
        `You cannot modify the following readonly fields on a posted move: ${frozen.join(', ')}`,
      );
  }
  if (env.version === 16 && isInvoice(move) && changesTaxes(env, given.invoice_line_ids))
    throw userError(
      'You cannot modify the taxes related to a posted journal item, you should reset the journal entry to draft to do so.',
    );
  if (env.version === 17 && 'move_type' in given && given.move_type !== move.move_type)
    throw valueError('You cannot modify the type of a posted move');
}

/** Whether commands add a line or change what a tax is computed from. */
function changesTaxes(env: Environment, commands: Value | undefined): boolean {
  if (!Array.isArray(commands)) return false;
  return commands.some((command) => {
    if (!Array.isArray(command)) return false;
    const [kind, id, values] = command;
    if (kind !== 1 || typeof id !== 'number') return true;
    const line = env.find('account.move.line', id);
    if (!line || typeof values !== 'object' || values === null || Array.isArray(values)) return true;
    return ['price_unit', 'quantity', 'tax_ids', 'account_id'].some(
      (name) =>
        name in values &&
        JSON.stringify(checkValue(env, 'account.move.line', name, values[name]!)) !==
          JSON.stringify(line[name]),
    );
  });
}
