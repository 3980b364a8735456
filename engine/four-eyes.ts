import Big from 'big.js';
import { FinanceError } from '../errors';

/** An amount at stake; `amount` is a decimal string. */
export interface Stake {
  amount: string | null;
  currency: string | null;
}

/** Currency → the amount (decimal string) above which a second person has to approve a decision. */
type Amounts = Record<string, string>;

/** Above which amounts a decision needs a second person: for all legal entities, and those with limits of their own. */
export interface ApprovalLimits {
  all?: Amounts;
  entities: Record<string, Amounts>;
}

/**
 * Limits from JSON: `{"EUR": "10000", "USD": "12000", "acme_us": {"USD": "5000"}}`. What an entity names for itself
 * stands instead of what all have. None where nothing is given.
 * @throws CONFIG_INVALID
 */
export function approvalLimits(text: string | undefined): ApprovalLimits | undefined {
  if (!text?.trim()) return undefined;
  const all: Amounts = {};
  const entities: Record<string, Amounts> = {};
  for (const [name, value] of Object.entries(objectOf(text)))
    if (/^[A-Z]{3}$/.test(name)) all[name] = amountOf(name, value);
    else entities[name] = amountsOf(name, value);
  return { ...(Object.keys(all).length > 0 ? { all } : {}), entities };
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const parsed = JSON.parse(text) as unknown;
    if (isObject(parsed)) return parsed;
  } catch {
    // said below
  }
  throw invalid('they are a JSON object of currencies');
}

function amountsOf(entity: string, value: unknown): Amounts {
  if (!isObject(value)) throw invalid(`"${entity}" wants an object of currencies`);
  return Object.fromEntries(
    Object.entries(value).map(([currency, amount]) => {
      if (!/^[A-Z]{3}$/.test(currency)) throw invalid(`"${currency}" is no currency`);
      return [currency, amountOf(currency, amount)];
    }),
  );
}

function amountOf(currency: string, value: unknown): string {
  const amount = typeof value === 'number' ? String(value) : value;
  if (typeof amount === 'string' && /^\d+(\.\d+)?$/.test(amount)) return amount;
  throw invalid(`"${currency}" wants an amount like "10000"`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(why: string): FinanceError {
  return new FinanceError('CONFIG_INVALID', {
    message: `The limits of approval (LEDGERWAY_APPROVAL_ABOVE) are not valid: ${why}.`,
  });
}

/**
 * Whether a decision needs a second person for its amounts. Where an entity has limits, an amount that is not known
 * or in a currency that they do not name counts as above.
 */
export function isAbove(
  limits: ApprovalLimits | undefined,
  entity: string,
  stakes: readonly Stake[],
): boolean {
  const amounts = limits?.entities[entity] ?? limits?.all;
  if (!amounts) return false;
  return stakes.some(({ amount, currency }) => {
    const limit = currency === null ? undefined : amounts[currency];
    return amount === null || limit === undefined || new Big(amount).abs().gt(limit);
  });
}

/** A document, as far as it matters for who may decide about it. */
export interface DecisionCase extends Stake {
  entity: string;
  state: string;
  /** Code of the error that it is held for. */
  code: string | undefined;
}

/** What somebody wants to do about it. */
export interface WantedAct {
  action: string;
  from?: string;
  mapping?: 'pinned' | 'latest';
  notDone?: boolean;
}

export interface DecisionTerms {
  limits?: ApprovalLimits;
  /** What the document would amount to after a correction; unknown amounts count as above every limit. */
  after?: Stake;
  /** Whether the actor may approve what others propose. */
  mayApprove?: boolean;
}

/**
 * Whether a decision waits for a second person. A retry with nothing changed books what approved rules make of the
 * source: it needs nobody else, unless it reverses that somebody skipped or rejected the document. A retry of what
 * waits for an approval is that approval, for whoever may give one.
 */
export function needsSecond(row: DecisionCase, act: WantedAct, terms: DecisionTerms): boolean {
  // The one could make every document wrong, the other could have an effect twice.
  if (act.action === 'mapping-fix' || act.notDone) return true;
  if (act.action === 'retry') {
    if (row.code === 'DOCUMENT_APPROVAL' && !terms.mayApprove) return true;
    const isPlain = act.from === undefined && act.mapping !== 'latest';
    if (isPlain && row.state === 'held') return false;
  }
  const after = terms.after ?? { amount: null, currency: null };
  const stakes: Stake[] = act.action === 'correct' ? [row, after] : [row];
  return isAbove(terms.limits, row.entity, stakes);
}

/** Whether two names are one person: case, width, blanks around them and what nobody sees make no other. */
export function samePerson(a: string, b: string): boolean {
  return personOf(a) === personOf(b);
}

function personOf(name: string): string {
  const visible = name.normalize('NFKC').replaceAll(/\p{Default_Ignorable_Code_Point}|(?!\s)\p{Cc}/gu, '');
  return visible.trim().replaceAll(/\s+/g, ' ').toLowerCase();
}

/** @throws DECISION_SECOND_PERSON where the actor is one of those who had a hand in it */
export function assertSecondPerson(actor: string, involved: readonly string[], documentId?: string): void {
  const same = involved.find((name) => samePerson(name, actor));
  if (same === undefined && personOf(actor) !== '') return;
  throw new FinanceError('DECISION_SECOND_PERSON', {
    message: same ? `${same} proposed or corrected this and cannot approve it.` : 'An approval wants a name.',
    documentId,
  });
}
