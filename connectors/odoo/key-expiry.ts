import { isFinanceError } from '../../errors';
import type { Day } from '../../finance/documents';
import type { OdooClient } from './client';
import { lookupsOf } from './lookups';
import { type Domain, searchRead, textOf } from './records';

/** An API key of the integration user. */
export interface ApiKey {
  name: string;
  /** Last day; absent where it never expires, or this Odoo does not say (before 18). */
  expires?: Day;
}

export interface KeyAlarm extends ApiKey {
  expires: Day;
  /** Whole days left; negative once it is over. */
  daysLeft: number;
}

const DAY_MS = 86_400_000;

/**
 * The keys of the user who asks, by id; none where this Odoo has no model of keys for its users. Which of them the
 * connection uses, Odoo does not tell.
 * @param user an administrator would see everybody's
 * @throws FinanceError ODOO_*
 */
export async function apiKeys(client: OdooClient, user: number): Promise<ApiKey[]> {
  const model = 'res.users.apikeys';
  const own: Domain = [['user_id', '=', user]];
  try {
    const dated = (await lookupsOf(client).fields(model)).has('expiration_date');
    const rows = await searchRead(client, model, own, ['name', ...(dated ? ['expiration_date'] : [])], {
      order: 'id',
    });
    return rows.map(({ name, expiration_date }) => {
      const expires = textOf(expiration_date)?.slice(0, 10);
      return { name: textOf(name) ?? '', ...(expires && { expires }) };
    });
  } catch (error) {
    if (isFinanceError(error) && (error.code === 'ODOO_MODEL' || error.code === 'ODOO_ACCESS')) return [];
    throw error;
  }
}

/**
 * Keys that expire soon, the most urgent first. Keys live three months at most, so an alarm comes in time to make a
 * new one; it is taken at the next call, without a restart.
 * @param name the key of the connection, where the user has several
 */
export function expiringKeys(
  keys: readonly ApiKey[],
  now: Date,
  { days = 14, name }: { days?: number; name?: string } = {},
): KeyAlarm[] {
  const today = Date.parse(`${now.toISOString().slice(0, 10)}T00:00:00Z`);
  return keys
    .filter((key) => name === undefined || key.name === name)
    .flatMap(({ name: of, expires }) => {
      if (!expires) return [];
      const daysLeft = Math.round((Date.parse(`${expires}T00:00:00Z`) - today) / DAY_MS);
      return daysLeft <= days ? [{ name: of, expires, daysLeft }] : [];
    })
    .sort((a, b) => a.daysLeft - b.daysLeft);
}
