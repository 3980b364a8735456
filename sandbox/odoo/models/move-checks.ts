import { denyRecord, isVisible } from '../core/access';
import type { Environment } from '../core/environment';
import { userError } from '../core/fault';
import { decimalOf, idOf, idsOf, type OdooRecord, sum, textOf } from '../core/value';
import { commercialPartner } from './base';
import { formatAmount } from './currency';
import { companyOf, journalOf, linesOf, moveDisplayName } from './move-kind';

/** Debit and credit of a move are equal, drafts included. */
export function checkBalanced(env: Environment, move: OdooRecord): void {
  const lines = linesOf(env, move.id);
  const debit = sum(lines.map((line) => decimalOf(line, 'debit')));
  const credit = sum(lines.map((line) => decimalOf(line, 'credit')));
  if (debit.eq(credit)) return;
  if (env.version === 19) throw userError('The entry is not balanced.');
  const currency = idOf(companyOf(env, move), 'currency_id');
  throw userError(
    `An error has occurred.\n\nThe move (${moveDisplayName(env, move)}) is not balanced.\nThe total of debits equals ${formatAmount(env, debit, currency)} and the total of credits equals ${formatAmount(env, credit, currency)}.\nYou might want to specify a default account on journal "${textOf(journalOf(env, move), 'name')}" to automatically balance each move.`,
  );
}

interface Crossing {
  owner: string;
  label: string;
  field: string;
  model: string;
  record: OdooRecord;
}

/** Partner, journal, accounts and taxes belong to the move's company or to none. */
export function checkCompanies(env: Environment, move: OdooRecord): void {
  const company = companyOf(env, move);
  const crossings = [...crossingsOfMove(env, move), ...crossingsOfLines(env, move)].filter(({ record }) => {
    const own = idOf(record, 'company_id');
    return own !== 0 && own !== company.id;
  });
  if (crossings.length === 0) return;
  const hidden = crossings.find(({ model, record }) => !isVisible(env, model, record));
  if (hidden) denyRecord(env, hidden.model);
  const name = textOf(company, 'name');
  const shown = (crossing: Crossing) => env.displayName(crossing.model, crossing.record.id);
  if (env.version === 19) {
    const rows = crossings.map(
      (crossing) =>
        `- “${crossing.owner}” belongs to company “${name}” while “${crossing.label}” (${crossing.field}: '${shown(crossing)}') belongs to another company.`,
    );
    throw userError(
      `Uh-oh! You’ve got some company inconsistencies here:\n${rows.join('\n')}\nTo avoid a mess, no company crossover is allowed!`,
    );
  }
  const rows = crossings.map(
    (crossing) =>
      `- '${crossing.owner}' belongs to company '${name}' and '${crossing.label}' (${crossing.field}: '${shown(crossing)}') belongs to another company.`,
  );
  throw userError(`Incompatible companies on records:\n${rows.join('\n')}`);
}

function crossingsOfMove(env: Environment, move: OdooRecord): Crossing[] {
  const owner = moveDisplayName(env, move);
  const found: Crossing[] = [];
  const add = (label: string, field: string, model: string, id: number) => {
    const record = env.find(model, id);
    if (record) found.push({ owner, label, field, model, record });
  };
  const partner = idOf(move, 'partner_id');
  add('Journal', 'journal_id', 'account.journal', idOf(move, 'journal_id'));
  add('Partner', 'partner_id', 'res.partner', partner);
  if (partner)
    add('Commercial Entity', 'commercial_partner_id', 'res.partner', commercialPartner(env, partner));
  add('Delivery Address', 'partner_shipping_id', 'res.partner', idOf(move, 'partner_shipping_id'));
  return found;
}

function crossingsOfLines(env: Environment, move: OdooRecord): Crossing[] {
  return linesOf(env, move.id).flatMap((line) => {
    const owner = env.displayName('account.move.line', line.id);
    const account = env.find('account.account', idOf(line, 'account_id'));
    const taxes = idsOf(line, 'tax_ids').map((id) => env.record('account.tax', id));
    return [
      ...(account
        ? [{ owner, label: 'Account', field: 'account_id', model: 'account.account', record: account }]
        : []),
      ...taxes.map((record) => ({ owner, label: 'Taxes', field: 'tax_ids', model: 'account.tax', record })),
    ];
  });
}
