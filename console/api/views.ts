import type { DocumentTrace, Json, ListedException, Proposal, StepInDoubt, TracedStep } from '../../engine';
import { type Change, changesBetween } from '../diff';
import { mask, maskBody, maskText } from './mask';
import type { ApiUser } from './permissions';

const seesBodies = ({ permissions }: ApiUser) => permissions.has('bodies.read');

/** Exceptions as this user may see them. */
export function shownExceptions(user: ApiUser, items: ListedException[]): ListedException[] {
  return seesBodies(user) ? items : items.map((item) => ({ ...item, cause: maskText(item.cause) }));
}

/** Steps in doubt as this user may see them. */
export function shownSteps(user: ApiUser, items: StepInDoubt[]): StepInDoubt[] {
  if (seesBodies(user)) return items;
  return items.map((item) => ({
    ...item,
    found: { ...item.found, cause: item.found.cause && maskText(item.found.cause) },
  }));
}

/** A proposal as the API tells it. */
export function shownProposal(user: ApiUser, proposal: Proposal) {
  const { document_id, content_hash, created_at, decided_by, decided_at, decision_reason, act, ...rest } =
    proposal;
  return {
    ...rest,
    documentId: document_id,
    contentHash: content_hash,
    createdAt: created_at,
    decidedBy: decided_by,
    decidedAt: decided_at === null ? null : Number(decided_at),
    decisionReason: decision_reason,
    payload: shown(user, act as unknown as Json),
  };
}

const shown = (user: ApiUser, value: Json): Json => (seesBodies(user) ? value : mask(value));

/** All that is known of a document, as this user may see it. */
export function shownTrace(user: ApiUser, trace: DocumentTrace, proposals: Proposal[]) {
  const clear = seesBodies(user);
  const bodies = trace.bodies.map((body) => ({ ...body, text: clear ? body.text : maskBody(body.text) }));
  return {
    document: {
      ...trace.document,
      source: shown(user, trace.document.source),
      error: shown(user, trace.document.error),
    },
    steps: trace.steps.map((step) => ({
      ...step,
      request: shown(user, step.request),
      result: shown(user, step.result),
      error: shown(user, step.error),
    })),
    bodies,
    changes: correctionIn(bodies),
    exceptions: shownExceptions(user, trace.exceptions),
    history: trace.history.map((event) => ({ ...event, data: shown(user, event.data) })),
    comments: clear
      ? trace.comments
      : trace.comments.map((comment) => ({ ...comment, text: maskText(comment.text) })),
    proposals: proposals.map((proposal) => shownProposal(user, proposal)),
    odoo: odooRecord(trace.steps),
    einvoice: einvoiceStatus(trace.steps),
    masked: !clear,
  };
}

/** What the last correction changed of the source, place by place; null where there is none, or it is no JSON. */
function correctionIn(bodies: DocumentTrace['bodies']): Change[] | null {
  const parsed = (role: string) => {
    const text = bodies.findLast((body) => body.role === role)?.text;
    try {
      return text == null ? undefined : (JSON.parse(text) as Json);
    } catch {
      return undefined;
    }
  };
  const [source, corrected] = [parsed('source'), parsed('corrected')];
  return source === undefined || corrected === undefined ? null : changesBetween(source, corrected);
}

function lastResult(
  steps: readonly TracedStep[],
  kind: string,
): [TracedStep, { [key: string]: Json }] | undefined {
  const step = steps.findLast((one) => one.kind === kind && one.state !== 'failed' && one.result !== null);
  const { result } = step ?? {};
  if (!step || result === undefined || result === null || typeof result !== 'object' || Array.isArray(result))
    return undefined;
  return [step, result];
}

/** The entry that a posting made, and its page: a step's target is `<url>/<database>`. */
function odooRecord(steps: readonly TracedStep[]): { name: string; url: string } | null {
  const [step, result] = lastResult(steps, 'odoo.post') ?? [];
  const { moveId, name } = result ?? {};
  if (!step || typeof moveId !== 'number' || !/^https?:\/\//.test(step.target)) return null;
  const base = step.target.slice(0, step.target.lastIndexOf('/'));
  return {
    name: typeof name === 'string' ? name : String(moveId),
    url: `${base}/web#id=${moveId}&model=account.move&view_type=form`,
  };
}

function einvoiceStatus(steps: readonly TracedStep[]): { [key: string]: string } | null {
  const [, result] = lastResult(steps, 'einvoice.submit') ?? [];
  if (!result) return null;
  const known = ['transport', 'buyerResponse', 'networkId'].flatMap((key) =>
    typeof result[key] === 'string' ? [[key, result[key]] as const] : [],
  );
  return { transport: 'unknown', ...Object.fromEntries(known) };
}
