import { FinanceError } from '../../../errors';
import type { Day } from '../../../finance/documents';
import type { OdooClient } from '../client';
import { type Company, lookupsOf } from '../lookups';
import { searchRead, textOf } from '../records';

/** Which of Odoo's lock dates a move of sales is under. */
const LOCKS = ['hard_lock_date', 'fiscalyear_lock_date', 'sale_lock_date', 'period_lock_date'];
const TAX_LOCK = 'tax_lock_date';

/**
 * Odoo posts into a locked period without a word, on the next open date; so it is asked first. From 18 on the
 * `user_…` fields hold what applies to this very user, exceptions and parent companies included.
 *
 * @param taxed the move has taxes, so the tax lock date counts too
 * @throws FinanceError ODOO_DATE_MOVED
 */
export async function assertPeriodOpen(
  client: OdooClient,
  company: Company,
  day: Day,
  taxed: boolean,
): Promise<void> {
  const known = await lookupsOf(client).fields('res.company');
  const fields = [...LOCKS, ...(taxed ? [TAX_LOCK] : [])]
    .map((name) => (known.has(`user_${name}`) ? `user_${name}` : name))
    .filter((name) => known.has(name));
  const rows = await searchRead(client, 'res.company', [['id', '=', company.id]], fields);
  for (const field of fields) {
    const locked = textOf(rows[0]?.[field]);
    if (locked && day <= locked)
      throw new FinanceError('ODOO_DATE_MOVED', {
        message: `${company.name} is locked up to ${locked} (${field}); Odoo would not post on ${day}.`,
        details: { field, locked, day },
      });
  }
}
