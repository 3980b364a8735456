import { assertBankDetails, type BankApproval, type OdooClient, partyPlace } from '../../connectors/odoo';
import type { Effect, RunContext } from '../../engine';
import { FinanceError, isFinanceError } from '../../errors';
import type { PartyDocument } from '../../finance';
import type { HashedRequest } from '../kit/run-step';

export type BankRequest = HashedRequest & {
  entity: string;
  system: string;
  company: number;
  prefix: string;
  partnerId: number;
  accounts: { account: string }[];
  approval: BankApproval | null;
};

/**
 * Who stands for the bank accounts of a document: the one who approved this very content (the store refuses who
 * corrected it), and the one who entered it at the source, or the source itself.
 */
export function bankApproval(
  { approval }: RunContext,
  { changedBy, source }: PartyDocument,
  contentHash: string,
): BankApproval | null {
  if (approval?.contentHash !== contentHash) return null;
  return { by: changedBy ?? source.system, second: approval.by };
}

/** Adds bank accounts that Odoo does not have, with an approval; gives their last digits. */
export function bankEffect(client: OdooClient): Effect<{ added: string[] }> {
  return {
    refusesDoubles: true,
    async perform(asked) {
      const { partnerId, accounts, approval, contentHash, ...place } = asked as unknown as BankRequest;
      try {
        const where = await partyPlace(client, place);
        return {
          added: await assertBankDetails(client, where, partnerId, accounts, approval ?? undefined),
        };
      } catch (error) {
        throw needsApproval(error, contentHash, approval);
      }
    },
  };
}

/** An approval is of a content: the exception carries its hash, and whoever releases it approves that. */
function needsApproval(error: unknown, contentHash: string, approval: BankApproval | null): unknown {
  if (!isFinanceError(error) || error.code !== 'PARTY_BANK_DETAILS') return error;
  const who = approval ? ` ${approval.second} entered them, so somebody else must approve.` : '';
  return new FinanceError('DOCUMENT_APPROVAL', {
    message: `${error.message}${who}`,
    hint: error.hint,
    details: { ...error.details, contentHash },
    cause: error,
  });
}
