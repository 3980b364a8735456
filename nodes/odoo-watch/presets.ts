/** What is watched, ready-made. */
export interface Preset {
  model: string;
  /** JSON or JSONata; sees `company`, the id of the entity's company in Odoo. */
  domain: string;
  /** Those that this Odoo does not have are left out. */
  fields: readonly string[];
  /** A record is given again only with another content of these fields. */
  once: boolean;
}

const POSTED = JSON.stringify([
  ['state', '=', 'posted'],
  ['move_type', 'in', ['out_invoice', 'out_refund', 'in_invoice', 'in_refund']],
]);

export const PRESETS: Readonly<Record<string, Preset>> = {
  /** Posted invoices, bills and credit notes, once each: what of them no payment changes. */
  invoices: {
    model: 'account.move',
    domain: POSTED,
    fields: [
      'name',
      'ref',
      'move_type',
      'date',
      'invoice_date',
      'invoice_date_due',
      'partner_id',
      'currency_id',
      'amount_untaxed',
      'amount_tax',
      'amount_total',
      'reversed_entry_id',
    ],
    once: true,
  },
  /** What is open of them: each change. */
  payments: {
    model: 'account.move',
    domain: POSTED,
    fields: [
      'name',
      'ref',
      'move_type',
      'partner_id',
      'currency_id',
      'amount_total',
      'amount_residual',
      'payment_state',
    ],
    once: false,
  },
  /** Lock dates of the company: a period was closed, or opened again. */
  periods: {
    model: 'res.company',
    domain: '[["id", "=", company]]',
    fields: [
      'name',
      'hard_lock_date',
      'fiscalyear_lock_date',
      'period_lock_date',
      'sale_lock_date',
      'purchase_lock_date',
      'tax_lock_date',
    ],
    once: false,
  },
};
