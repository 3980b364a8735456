import type { Environment } from '../core/environment';
import { validationError } from '../core/fault';
import { boolean, char, integer, type Model, many2one } from '../core/model';
import { insert, patch } from '../core/records';
import { idOf, type OdooRecord, textOf, type Values } from '../core/value';

const BANKS = 'res.partner.bank';

const sanitized = (number: string): string => number.replace(/\W+/g, '').toUpperCase();

/** Bank accounts of partners; a number stands once per partner. */
export const partnerBank: Model = {
  name: BANKS,
  description: 'Bank Accounts',
  companyField: 'company_id',
  order: 'sequence, id',
  access: {
    create: ['base.group_partner_manager'],
    write: ['base.group_partner_manager'],
    unlink: ['base.group_partner_manager'],
  },
  displayName: (_env, record) => textOf(record, 'acc_number'),
  fields: {
    acc_number: char('Account Number', { required: true }),
    sanitized_acc_number: char('Sanitized Account Number', {
      get: (_env, record) => sanitized(textOf(record, 'acc_number')),
    }),
    acc_holder_name: char('Account Holder Name'),
    partner_id: many2one('Account Holder', 'res.partner', { required: true }),
    active: boolean('Active', { default: true }),
    allow_out_payment: boolean('Send Money', { default: false }),
    sequence: integer('Sequence', { default: 10 }),
    currency_id: many2one('Currency', 'res.currency'),
    company_id: many2one('Company', 'res.company'),
  },
  create: (env, list) =>
    list.map((values) => {
      const id = insert(env, BANKS, values);
      refuseTwin(env, id);
      return id;
    }),
  write: (env, ids, values: Values) => {
    for (const id of ids) {
      patch(env, BANKS, id, values);
      refuseTwin(env, id);
    }
  },
};

function refuseTwin(env: Environment, id: number): void {
  const own = env.record(BANKS, id);
  const isTwin = (other: OdooRecord): boolean =>
    other.id !== id &&
    idOf(other, 'partner_id') === idOf(own, 'partner_id') &&
    sanitized(textOf(other, 'acc_number')) === sanitized(textOf(own, 'acc_number'));
  if (env.db.all(BANKS).some(isTwin))
    throw validationError('The combination Account Number/Partner must be unique.');
}
