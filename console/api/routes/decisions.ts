import { samePerson } from '../../../engine';
import { FinanceError } from '../../../errors';
import { approveProposal, decideDocument, fixableEntry, type Request } from '../../decide';
import { cursorOf, pairOf } from '../cursor';
import { type Call, type Route, route, type Schema } from '../route';
import {
  count,
  flag,
  list,
  object,
  oneOf,
  open,
  type Paging,
  page,
  paging,
  reason,
  text,
  textOrNull,
  time,
  timeOrNull,
  word,
} from '../schemas';
import { shownProposal } from '../views';
import { assertSeen } from './documents';

const decided = object({ status: oneOf('done', 'proposed'), 'proposalId?': text });
const effects = { ...oneOf('kept'), description: 'what was done in the target already stays' };

/** A decision about a held document. */
function decision(
  action: Request['action'],
  summary: string,
  body: Record<string, Schema>,
  permissions: Route['permissions'] = ['exceptions.resolve'],
): Route {
  return route<object, Request>({
    method: 'post',
    path: `/documents/:id/${action}`,
    summary: `${summary} Done at once, or proposed to a second person where the amount or the policy asks for one.`,
    permissions,
    status: 202,
    body: object({ reason, ...body }),
    answer: decided,
    handle: async (call) => {
      await assertSeen(call as Call);
      const { services, user, params, body: asked } = call;
      if (!user.permissions.has('exceptions.resolve')) await assertRelease(call as Call);
      return await decideDocument(services, user, params.id!, requestOf(action, asked));
    },
  });
}

/** Who only approves may let go on what waits for an approval, as it is. */
async function assertRelease({ reader, params, body }: Call): Promise<void> {
  const { error } = await reader.documentRow({ documentId: params.id! });
  const { code } = JSON.parse(error ?? '{}') as { code?: string };
  const isPlain = Object.keys(body as object).every((name) => name === 'reason');
  if (code !== 'DOCUMENT_APPROVAL' || !isPlain) throw new FinanceError('API_FORBIDDEN');
}

/** A correction may come as the text that it is edited as. */
function requestOf(action: Request['action'], asked: Request): Request {
  const request = { ...asked, action } as Request;
  if (request.action !== 'correct' || typeof request.body !== 'string') return request;
  try {
    return { ...request, body: JSON.parse(request.body) as unknown };
  } catch {
    throw new FinanceError('API_INVALID', { message: 'body: the corrected text is not JSON.' });
  }
}

const proposalShape = open({
  id: text,
  documentId: text,
  entity: text,
  kind: text,
  payload: open({}),
  amount: textOrNull,
  currency: textOrNull,
  author: text,
  reason: text,
  createdAt: time,
  state: oneOf('open', 'approved', 'refused', 'void'),
  decidedBy: textOrNull,
  decidedAt: timeOrNull,
  decisionReason: textOrNull,
});

type State = 'open' | 'approved' | 'refused' | 'void';

export const decisions = [
  decision(
    'retry',
    'Runs it again; from a step: what came after that one is done anew, after asking the target.',
    {
      'from?': word,
      'mapping?': oneOf('pinned', 'latest'),
      'notDone?': { ...flag, description: 'its step in doubt was looked for and not found: it is done anew' },
    },
    ['exceptions.resolve', 'proposals.approve'],
  ),
  decision('skip', 'Ends it without completing it; its key is free again.', { 'effects?': effects }),
  decision('reject', 'Ends it as one that must not be; its key is free again.', { 'effects?': effects }),
  decision('correct', 'Gives it a corrected source body, checked first; the original stays.', {
    body: { type: ['object', 'string'], description: 'JSON, or its text' },
  }),
  decision('link', 'Completes it with a record that somebody made by hand, where the two are the same.', {
    model: { ...word, pattern: '^[a-z][a-z0-9_.]*$' },
    id: { type: 'integer', minimum: 1, maximum: 2_147_483_647 },
  }),
  decision('mapping-fix', 'Proposes the missing entry of a mapping; another person approves it.', {
    mapping: word,
    table: word,
    key: word,
    value: { type: ['string', 'number', 'boolean', 'object'], maxLength: 2_000 },
  }),
  route({
    method: 'get',
    path: '/documents/:id/mapping-fix',
    summary: 'The entry that a mapping lacks for this document, and what stands beside it.',
    permissions: ['exceptions.read'],
    answer: open({ mapping: text, version: count, table: text, key: text, suggestions: list({}) }),
    handle: async (call) => {
      await assertSeen(call);
      const fix = await fixableEntry(call.services, call.user, call.params.id!);
      if (!fix)
        throw new FinanceError('STORE_NOT_FOUND', {
          message: 'It is not held for a missing entry of a mapping.',
        });
      return fix;
    },
  }),
  route<{ state?: State } & Paging>({
    method: 'get',
    path: '/proposals',
    summary: 'What waits for a second person, or did; the newest first.',
    permissions: ['exceptions.read'],
    query: { state: oneOf('open', 'approved', 'refused', 'void'), ...paging },
    answer: page(proposalShape),
    handle: async ({ reader, scope, user, query: { state, limit, cursor } }) => {
      // Proposals have no period: who sees only some finds them with the documents.
      if (scope.periodFrom || scope.periodTo) return { items: [], next: null };
      const name = JSON.stringify(['proposals', state]);
      const after = pairOf(name, cursor);
      const found = await reader.proposals({ state, entities: scope.entities, after, limit: limit + 1 });
      const items = found.slice(0, limit);
      const last = found.length > limit ? items.at(-1) : undefined;
      return {
        items: items.map((proposal) => shownProposal(user, proposal)),
        next: cursorOf(name, last && [last.created_at, last.id]),
      };
    },
  }),
  route<object, { reason: string }>({
    method: 'post',
    path: '/proposals/:id/approve',
    summary: 'Does what was proposed, unless something changed since. Not for who proposed or corrected it.',
    permissions: ['proposals.approve'],
    body: object({ reason }),
    answer: object({ documentId: text }),
    handle: ({ services, user, params, body }) => approveProposal(services, user, params.id!, body.reason),
  }),
  route<object, { reason: string }>({
    method: 'post',
    path: '/proposals/:id/refuse',
    summary: 'Closes a proposal; nothing is done. Who does not approve may withdraw an own one.',
    permissions: ['proposals.approve', 'exceptions.resolve'],
    body: object({ reason }),
    answer: object({}),
    handle: async ({ services, scope, user, params, body }) => {
      const { entities } = scope;
      const { author } = await services.store.proposal({ proposalId: params.id!, entities });
      if (!user.permissions.has('proposals.approve') && !samePerson(author, user.name))
        throw new FinanceError('API_FORBIDDEN');
      await services.store.refuse({
        proposalId: params.id!,
        actor: user.name,
        reason: body.reason,
        entities,
      });
      return {};
    },
  }),
];
