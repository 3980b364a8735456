import type { Environment } from '../core/environment';
import { userError, validationError } from '../core/fault';
import { patch } from '../core/records';
import { idOf, isSet, type OdooRecord, textOf } from '../core/value';
import { redirectWarning } from './company';
import { computeInvoice } from './invoice-amounts';
import { accountingDate, checkUnlocked, violatedLocks } from './lock-dates';
import { checkBalanced, checkCompanies } from './move-checks';
import { isInvoice, isPurchase, isSale, linesOf } from './move-kind';
import type { Moves } from './moves';
import type { Sequences } from './sequence';

/** Raised before anything is posted. */
function checkPostable(env: Environment, moves: OdooRecord[]): void {
  for (const move of moves.filter(isInvoice)) checkDocument(env, move);
  for (const move of moves) checkEntry(env, move);
}

function checkDocument(env: Environment, move: OdooRecord): void {
  if (env.version !== 16 && move.state !== 'draft') return;
  if (Number(move.amount_total) < 0)
    throw userError(
      'You cannot validate an invoice with a negative total amount. You should create a credit note instead. Use the action menu to transform it into a credit note or refund.',
    );
  if (move.state === 'draft' && !idOf(move, 'partner_id'))
    throw userError(
      isSale(move)
        ? "The field 'Customer' is required, please complete it to validate the Customer Invoice."
        : "The field 'Vendor' is required, please complete it to validate the Vendor Bill.",
    );
  if (isPurchase(move) && !isSet(move.invoice_date))
    throw userError('The Bill/Refund date is required to validate this document.');
}

function checkEntry(env: Environment, move: OdooRecord): void {
  if (move.state !== 'draft') throw userError(notDraft(env, move));
  const lines = linesOf(env, move.id).filter(
    (line) => !['line_section', 'line_note'].includes(textOf(line, 'display_type')),
  );
  if (lines.length === 0)
    throw userError(
      env.version === 19 ? "Even magicians can't post nothing!" : 'You need to add a line before posting.',
    );
  if (move.auto_post !== 'no' && isSet(move.auto_post) && textOf(move, 'date') > env.today) {
    const [year, month, day] = textOf(move, 'date').split('-');
    throw userError(`This move is configured to be auto-posted on ${month}/${day}/${year}`);
  }
  const currency = env.record('res.currency', idOf(move, 'currency_id'));
  if (currency.active === false)
    throw userError(`You cannot validate a document with an inactive currency: ${textOf(currency, 'name')}`);
}

/** The answer to a second posting, in the language of the context where the sandbox knows it. */
function notDraft(env: Environment, move: OdooRecord): string {
  const name = textOf(move, 'name');
  if (env.version === 16 && move.state === 'posted')
    return `The entry ${name} (id ${move.id}) is already posted.`;
  if (env.contextText('lang').startsWith('fr'))
    return `L'écriture ${name} (id ${move.id}) doit être en brouillon.`;
  return `The entry ${name} (id ${move.id}) must be in draft.`;
}

export class Posting {
  /** Told of each posted move, after its number is fixed (credit notes reconcile then). */
  afterPost: Array<(env: Environment, id: number) => void> = [];
  /** Told before a posted move is reset or cancelled. */
  beforeReset: Array<(env: Environment, id: number) => void> = [];

  constructor(
    private readonly sequences: Sequences,
    private readonly moves: Moves,
  ) {}

  /** Posts drafts, all or none; raises for a move that is not one. */
  post(env: Environment, ids: number[]): void {
    const all = ids.map((id) => env.record('account.move', id));
    checkPostable(env, all);
    for (const id of ids) this.postOne(env, id);
    for (const id of ids) for (const then of this.afterPost) then(env, id);
  }

  private postOne(env: Environment, id: number): void {
    let move = env.record('account.move', id);
    if (isInvoice(move) && !isSet(move.invoice_date)) {
      patch(env, 'account.move', id, { invoice_date: env.today, date: env.today });
      computeInvoice(env, id, { taxes: false });
      move = env.record('account.move', id);
    }
    if (violatedLocks(env, move, textOf(move, 'date')).length > 0) {
      const from = textOf(move, 'invoice_date') || textOf(move, 'date');
      move = env.db.update('account.move', id, { date: accountingDate(env, this.sequences, move, from) });
    }
    checkBalanced(env, move);
    checkCompanies(env, move);
    refuseVendorDuplicate(env, move);
    this.moves.nameMove(env, id);
    const named = env.record('account.move', id);
    refuseDoubleName(env, named);
    const reference =
      isSale(named) && !isSet(named.payment_reference) ? textOf(named, 'name') : named.payment_reference!;
    patch(env, 'account.move', id, { state: 'posted', posted_before: true, payment_reference: reference });
    for (const line of linesOf(env, id))
      if (line.display_type === 'payment_term')
        env.db.update('account.move.line', line.id, { name: reference || textOf(line, 'name') });
  }

  /** Back to draft: matches are undone, the number stays. */
  reset(env: Environment, ids: number[]): void {
    for (const id of ids) {
      const move = env.record('account.move', id);
      if (move.state !== 'posted' && move.state !== 'cancel')
        throw userError('Only posted/cancelled journal entries can be reset to draft.');
      checkUnlocked(env, move);
    }
    for (const id of ids) {
      for (const then of this.beforeReset) then(env, id);
      patch(env, 'account.move', id, { state: 'draft' });
    }
  }

  cancel(env: Environment, ids: number[]): void {
    const posted = ids.filter((id) => env.record('account.move', id).state === 'posted');
    this.reset(env, posted);
    for (const id of ids) {
      if (env.record('account.move', id).state !== 'draft')
        throw userError('Only draft journal entries can be cancelled.');
      patch(env, 'account.move', id, { state: 'cancel', auto_post: 'no' });
    }
  }
}

/** One name per journal among posted moves. */
function refuseDoubleName(env: Environment, move: OdooRecord): void {
  const name = textOf(move, 'name');
  const same = env.db.lookup('account.move', 'name in journal', `${idOf(move, 'journal_id')}|${name}`);
  if (!same.some((id) => id !== move.id && env.record('account.move', id).state === 'posted')) return;
  throw validationError(
    'The operation cannot be completed: Another entry with the same name already exists.',
    {
      before: `psycopg2.errors.UniqueViolation: duplicate key value violates unique constraint "account_move_unique_name"\nDETAIL:  Key (name, journal_id)=(${name}, ${idOf(move, 'journal_id')}) already exists.\n`,
      link: 'cause',
    },
  );
}

/** Odoo 16 refuses a vendor's reference used twice; later versions only warn in the form. */
function refuseVendorDuplicate(env: Environment, move: OdooRecord): void {
  if (env.version !== 16 || !isPurchase(move) || !isSet(move.ref)) return;
  const twins = env.db
    .lookup('account.move', 'ref', textOf(move, 'ref'))
    .map((id) => env.record('account.move', id))
    .filter(
      (other) =>
        other.id !== move.id &&
        other.state === 'posted' &&
        other.move_type === move.move_type &&
        other.company_id === move.company_id &&
        other.partner_id === move.partner_id &&
        other.invoice_date === move.invoice_date,
    );
  if (twins.length === 0) return;
  const ids = [...twins.map(({ id }) => id), move.id].sort((a, b) => a - b);
  throw redirectWarning(
    'Duplicated vendor reference detected. You probably encoded twice the same vendor bill/credit note.',
    {
      name: 'Entries',
      type: 'ir.actions.act_window',
      xml_id: 'account.action_move_line_form',
      domain: [['id', 'in', ids]],
      context: '{}',
      res_id: 0,
      res_model: 'account.move',
      target: 'current',
      view_mode: 'tree,form',
      limit: 80,
    },
    'Open list',
  );
}
