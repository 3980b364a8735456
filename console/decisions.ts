import { type ApprovalLimits, needsSecond, type Proposal, samePerson, type Trace } from '../engine';
import { ACTIONS, type ActionName, type Why } from './actions';
import type { ApiUser } from './api/permissions';

/** `second`: it becomes a proposal to a second person. */
export type Allowed = { allowed: true; second: boolean } | { allowed: false; why: Why };

/** What of a document and its exception decides who may do what. */
export interface Subject {
  entity: string;
  /** The document's. */
  state: string;
  amount: string | null;
  currency: string | null;
  /** Whether the exception is open. */
  open: boolean;
  code: string;
  /** Whether there is a canonical body. */
  isMapped: boolean;
  /** When the first of the steps done was begun; undefined where none is. */
  effectSince?: number;
  /** When the data was corrected last. */
  correctedAt?: number;
  correctors: readonly string[];
  /** Kinds of what is proposed and not decided. */
  proposed: readonly string[];
}

/** The subject of a document's exception. */
export function subjectOf(
  trace: Trace,
  exception: { code: string; closed_at: number | null },
  proposals: readonly Proposal[],
): Subject {
  const { document, steps, bodies, history } = trace;
  const corrections = history.filter(({ type }) => type === 'corrected');
  const done = steps.filter(({ state }) => state === 'done').map((step) => Number(step.intended_at));
  return {
    entity: document.entity,
    state: document.state,
    amount: document.amount,
    currency: document.currency,
    open: exception.closed_at === null,
    code: exception.code,
    isMapped: bodies.some(({ role, text }) => role === 'canonical' && text !== null),
    effectSince: done.length > 0 ? Math.min(...done) : undefined,
    correctedAt: corrections.at(-1)?.at,
    correctors: corrections.map(({ data }) => String((data as { actor?: unknown }).actor)),
    proposed: proposals.filter(({ state }) => state === 'open').map(({ kind }) => kind),
  };
}

const TALK: ReadonlySet<ActionName> = new Set<ActionName>(['assign', 'comment', 'tag']);

/** Which actions a user has with an exception, and why not the others. */
export function allowedActions(
  user: Pick<ApiUser, 'name' | 'permissions'>,
  subject: Subject,
  limits?: ApprovalLimits,
): Record<ActionName, Allowed> {
  const entries = ACTIONS.map((action) => [action, allowed(user, subject, action, limits)]);
  return Object.fromEntries(entries) as Record<ActionName, Allowed>;
}

function allowed(
  user: Pick<ApiUser, 'name' | 'permissions'>,
  subject: Subject,
  action: ActionName,
  limits: ApprovalLimits | undefined,
): Allowed {
  if (TALK.has(action)) {
    if (!user.permissions.has('exceptions.work')) return no('permission');
    return subject.open || action === 'comment' ? { allowed: true, second: false } : no('state');
  }
  const isRelease = action === 'retry' && subject.code === 'DOCUMENT_APPROVAL' && isApprover(user, subject);
  if (!isRelease && !user.permissions.has('exceptions.resolve')) return no('permission');
  if (subject.state !== 'held') return no('state');
  const why = whyNot(subject, action);
  if (why) return no(why);
  const act = actOf(action);
  const second = needsSecond(subject, act, { limits, mayApprove: isApprover(user, subject) });
  const kind = act.action;
  return second && subject.proposed.includes(kind) ? no('proposed') : { allowed: true, second };
}

function actOf(action: ActionName): Parameters<typeof needsSecond>[1] {
  if (action === 'retry-from') return { action: 'retry', from: '' };
  return action === 'retry-not-done' ? { action: 'retry', notDone: true } : { action };
}

function whyNot(subject: Subject, action: ActionName): Why | undefined {
  switch (action) {
    case 'retry-from': {
      const { effectSince, correctedAt } = subject;
      if (effectSince === undefined) return 'no-effect';
      return correctedAt !== undefined && correctedAt >= effectSince ? 'corrected' : undefined;
    }
    case 'retry-not-done':
      return subject.code === 'RUN_IN_DOUBT' ? undefined : 'not-in-doubt';
    case 'mapping-fix':
      return subject.code === 'MAP_UNMAPPED' ? undefined : 'no-entry';
    case 'link':
      return subject.isMapped ? undefined : 'not-mapped';
    default:
      return undefined;
  }
}

/** Whether a user may give the approval that a document waits for: not who corrected it. */
export function isApprover(
  user: Pick<ApiUser, 'name' | 'permissions'>,
  { correctors }: Pick<Subject, 'correctors'>,
): boolean {
  return user.permissions.has('proposals.approve') && !isOneOf(user.name, correctors);
}

/** Whether a user may approve a proposal. */
export function mayApprove(
  user: Pick<ApiUser, 'name' | 'permissions'>,
  proposal: Pick<Proposal, 'author' | 'state' | 'current'>,
  correctors: readonly string[],
): Allowed {
  if (!user.permissions.has('proposals.approve')) return no('permission');
  if (proposal.state !== 'open') return no('state');
  if (isOneOf(user.name, [proposal.author, ...correctors])) return no('own');
  return proposal.current ? { allowed: true, second: false } : no('void');
}

const isOneOf = (name: string, people: readonly string[]) => people.some((other) => samePerson(other, name));

const no = (why: Why): Allowed => ({ allowed: false, why });
