import { FinanceError } from '../../../errors';
import { sha256 } from '../../../finance/canonical';
import type { OdooClient } from '../client';
import { buildLoad, load } from '../load';
import type { PartyPlace } from '../party';
import { searchRead, textOf } from '../records';

/** A bank account of a party. */
export interface BankDetails {
  /** IBAN, or the account's number where there is none. */
  account: string;
}

/** Those who stand for a change of bank details. */
export interface BankApproval {
  /** Who entered it: a person, or the system where it does not say. */
  by: string;
  second: string;
}

/** Upper case, without spaces: Odoo's `sanitized_acc_number`. */
const plainAccount = (account: string): string => account.toUpperCase().replace(/[^A-Z0-9]/g, '');

/** Enough to tell two apart, too little to pay with. */
const masked = (account: string): string => `…${plainAccount(account).slice(-4)}`;

/**
 * Holds the bank details of a party to those that Odoo has: the classic fraud is a mail with "our new account". Where
 * one is not there it is added, exactly once, only with the names of two; none is ever overwritten or taken away.
 *
 * @returns accounts that were added
 * @throws FinanceError PARTY_BANK_DETAILS with the last digits of what would be new
 */
export async function assertBankDetails(
  client: OdooClient,
  { company, prefix }: Pick<PartyPlace, 'company' | 'prefix'>,
  partner: number,
  details: readonly BankDetails[],
  approval?: BankApproval,
): Promise<string[]> {
  if (details.length === 0) return [];
  const rows = await searchRead(client, 'res.partner.bank', [['partner_id', '=', partner]], ['acc_number'], {
    company: company.id,
    archived: true,
  });
  const known = new Set(rows.map(({ acc_number }) => plainAccount(textOf(acc_number) ?? '')));
  const given = new Map(details.map((each) => [plainAccount(each.account), each]));
  const fresh = [...given].filter(([plain]) => !known.has(plain)).map(([, each]) => each);
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
  const records = fresh.map(({ account }) => ({
    key: `${prefix}.bank__${partner}__${sha256(plainAccount(account)).slice(0, 32)}`,
    header: { 'partner_id/.id': String(partner), acc_number: account },
  }));
  await load(client, buildLoad('res.partner.bank', records, company.id));
  return fresh.map(({ account }) => masked(account));
}

/** Two different ones, by name. */
const isApproved = (approval: BankApproval | undefined): boolean => {
  const [by, second] = [approval?.by.trim().toLowerCase(), approval?.second.trim().toLowerCase()];
  return Boolean(by && second && by !== second);
};
