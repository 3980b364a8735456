import { FinanceError } from '../../../errors';
import type { OdooClient } from '../client';
import type { Company } from '../lookups';
import { searchRead, textOf } from '../records';

/** A bank account of a party. */
export interface BankDetails {
  /** IBAN, or the account's number where there is none. */
  account: string;
}

/** Two people who confirmed a change of bank details. */
export interface Approval {
  by: string;
  second: string;
}

/** Upper case, without spaces: Odoo's `sanitized_acc_number`. */
const plainAccount = (account: string): string => account.toUpperCase().replace(/[^A-Z0-9]/g, '');

/** Enough to tell two apart, too little to pay with. */
const masked = (account: string): string => `…${plainAccount(account).slice(-4)}`;

/**
 * Holds the bank details of a party to those that Odoo has: the classic fraud is a mail with "our new account". Where
 * one is not there it is added only with the names of two people; none is ever overwritten or taken away.
 *
 * @returns accounts that were added
 * @throws FinanceError PARTY_BANK_DETAILS with the last digits of what would be new
 */
export async function assertBankDetails(
  client: OdooClient,
  company: Company,
  partner: number,
  details: readonly BankDetails[],
  approval?: Approval,
): Promise<string[]> {
  if (details.length === 0) return [];
  const rows = await searchRead(client, 'res.partner.bank', [['partner_id', '=', partner]], ['acc_number'], {
    company: company.id,
    archived: true,
  });
  const known = new Set(rows.map(({ acc_number }) => plainAccount(textOf(acc_number) ?? '')));
  const fresh = details.filter(({ account }) => !known.has(plainAccount(account)));
  if (fresh.length === 0) return [];
  if (!isApproved(approval))
    throw new FinanceError('PARTY_BANK_DETAILS', {
      message: `The partner ${partner} has no bank account ${fresh.map(({ account }) => masked(account)).join(', ')} in Odoo.`,
      details: {
        partner,
        added: fresh.map(({ account }) => masked(account)),
        known: [...known].map(masked),
      },
    });
  for (const { account } of fresh)
    await client.call('res.partner.bank', 'create', {
      named: { vals_list: [{ partner_id: partner, acc_number: account }] },
      context: { allowed_company_ids: [company.id] },
    });
  return fresh.map(({ account }) => masked(account));
}

/** Two different people, by name. */
const isApproved = (approval: Approval | undefined): boolean => {
  const [by, second] = [approval?.by.trim().toLowerCase(), approval?.second.trim().toLowerCase()];
  return Boolean(by && second && by !== second);
};
