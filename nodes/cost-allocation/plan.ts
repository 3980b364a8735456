import { FinanceError } from '../../errors';
import {
  type AllocationBasis,
  type AllocationEntry,
  type AllocationShare,
  allocateShares,
  allocationEntry,
  type Decimal,
  type JournalEntry,
  type LegalEntity,
  money,
  type PairSide,
  type Residue,
  sharesOn,
} from '../../finance';
import type { ApprovalChoice, Made, PairOfParts } from '../kit/children';

/** How shares are booked; codes of the charts of those who book. */
export interface AllocationTerms {
  /** Account of the provider on which the cost stands, and which it is taken from. */
  account: string;
  journal: string;
  shares: readonly AllocationShare[];
  residue: Residue;
  /** Analytic account that marks what is eliminated when the group is consolidated. */
  elimination?: string;
}

/** Between entities: what receivers owe, what they owe in their own books, and what bears the cost there. */
export interface GroupTerms extends AllocationTerms {
  dueFrom: string;
  dueTo: string;
  expense: string;
  approval: ApprovalChoice;
}

export interface Plan {
  made: Made[];
  pairs: PairOfParts[];
}

/** Units of the cost's currency for one of an entity's; undefined where they are the same. */
export type RateOf = (entity: LegalEntity) => Promise<Decimal | undefined>;

const amountsOf = (basis: AllocationBasis, { shares, residue }: AllocationTerms) => {
  const valid = sharesOn(shares, basis.date);
  const amounts = allocateShares(basis.amount, basis.currency, valid, residue);
  return valid.flatMap((share) => {
    const amount = amounts.get(share.receiver) as Decimal;
    return money.isZero(amount) ? [] : [{ ...share, amount }];
  });
};

/**
 * One entry in the provider's own books: the cost leaves its account, and each share goes to the account or the
 * analytic account that bears it.
 * @throws FinanceError CONFIG_INVALID where no shares hold on the day, or one names neither of the two
 */
export async function planWithin(
  basis: AllocationBasis,
  provider: LegalEntity,
  terms: AllocationTerms,
  rateOf: RateOf,
): Promise<Plan> {
  const pairs = amountsOf(basis, terms).map(({ receiver, amount, account, analytic }) => {
    if (account === undefined && analytic === undefined)
      throw new FinanceError('CONFIG_INVALID', {
        message: `The key names neither account nor analytic account of ${receiver}.`,
      });
    const debit = side(account ?? terms.account, analytic);
    return { amount, debit, credit: { account: terms.account }, label: `${basis.label}: ${receiver}` };
  });
  const part = `${terms.account} shares`;
  const document = await entryOf(basis, provider, { part, journal: terms.journal, pairs }, rateOf);
  return { made: [{ part, document, entity: provider, approval: 'entity' }], pairs: [] };
}

/**
 * An entry in the books of each receiver (expense against due-to), and one in the provider's that takes the same off
 * its cost (due-from against cost). The provider's own share stays where it is.
 * @throws FinanceError CONFIG_INVALID where no shares hold on the day, or a receiver is no legal entity
 */
export async function planBetween(
  basis: AllocationBasis,
  provider: LegalEntity,
  terms: GroupTerms,
  entityOf: (key: string) => LegalEntity,
  rateOf: RateOf,
): Promise<Plan> {
  const { account, journal, dueFrom, dueTo, expense, elimination, approval } = terms;
  const others = amountsOf(basis, terms).filter(({ receiver }) => receiver !== provider.key);
  if (others.length === 0) return { made: [], pairs: [] };
  const made: Made[] = [];
  const pairs: PairOfParts[] = [];
  const ownPart = `${account} own`;
  const ownPairs: AllocationEntry['pairs'] = [];
  for (const share of others) {
    const { receiver, amount } = share;
    const entity = entityOf(receiver);
    const label = `${basis.label}: ${receiver}`;
    ownPairs.push({
      amount,
      debit: { account: dueFrom, partner: entity.seller },
      credit: { account },
      label,
    });
    const partner = provider.seller;
    const debit = { ...side(share.account ?? expense, share.analytic, elimination), partner };
    const credit = { ...side(dueTo, elimination), partner };
    const part = `${account} to ${receiver}`;
    const entry = { part, journal, pairs: [{ amount, debit, credit, label }] };
    made.push({ part, document: await entryOf(basis, entity, entry, rateOf), entity, approval });
    pairs.push({
      from: ownPart,
      to: part,
      amount: money.absolute(amount),
      currency: basis.currency,
      isPart: true,
    });
  }
  const own = await entryOf(basis, provider, { part: ownPart, journal, pairs: ownPairs }, rateOf);
  return { made: [{ part: ownPart, document: own, entity: provider, approval: 'entity' }, ...made], pairs };
}

async function entryOf(
  basis: AllocationBasis,
  entity: LegalEntity,
  entry: Omit<AllocationEntry, 'entity' | 'home'>,
  rateOf: RateOf,
): Promise<JournalEntry> {
  const rate = await rateOf(entity);
  const home = rate === undefined ? {} : { home: { currency: entity.currency, rate } };
  return allocationEntry(basis, { entity: entity.key, ...entry, ...home });
}

function side(account: string, ...analytic: (string | undefined)[]): PairSide {
  const codes = analytic.filter((code) => code !== undefined);
  return {
    account,
    ...(codes.length > 0 && { analytic: Object.fromEntries(codes.map((code) => [code, '100'])) }),
  };
}
