import type { ExceptionFilter, ExceptionSort, ListedException, Store } from '../../../engine';
import { FinanceError } from '../../../errors';
import { allowedActions, subjectOf } from '../../decisions';
import { amountPairOf, cursorOf, pairOf } from '../cursor';
import { type Call, route } from '../route';
import {
  amounts,
  count,
  decimal,
  filter,
  list,
  mapOf,
  object,
  oneOf,
  open,
  type Paging,
  page,
  paging,
  text,
  textOrNull,
  time,
  timeOrNull,
  word,
} from '../schemas';
import { shownExceptions } from '../views';
import { readTrace, traceAnswer } from './documents';

/** Filters of the list, of its facets and of jobs. */
export const exceptionFilter = {
  entity: filter,
  class: filter,
  code: filter,
  step: filter,
  age: { ...oneOf('lt1h', '1d', '3d', '7d'), description: 'under an hour, a day, seven days, and older' },
  minAmount: decimal,
  owner: { ...filter, description: 'empty: nobody’s' },
  tag: filter,
  q: filter,
  state: oneOf('open', 'resolved', 'retrying'),
};

export const exceptionShape = object({
  id: text,
  documentId: text,
  entity: text,
  class: text,
  code: text,
  step: textOrNull,
  cause: text,
  hint: text,
  amount: textOrNull,
  currency: textOrNull,
  owner: textOrNull,
  due: timeOrNull,
  openedAt: time,
  closedAt: timeOrNull,
  resolution: textOrNull,
  kind: text,
  number: textOrNull,
  sourceId: textOrNull,
  state: text,
  tags: list(text),
  behind: amounts,
});

/** The exception of a call, where the user sees it. @throws STORE_NOT_FOUND */
async function seen({ reader, scope, params }: Call): Promise<{ exceptionId: string; documentId: string }> {
  const exceptionId = params.id!;
  const documentId = await reader.documentOfException({ scope, exceptionId });
  if (!documentId)
    throw new FinanceError('STORE_NOT_FOUND', {
      message: 'There is no such exception, or it is not yours to see.',
    });
  return { exceptionId, documentId };
}

/** What the user may do about an exception, and why not the rest. */
async function actionsOf({ reader, services, user, scope }: Call, exception: ListedException) {
  const { documentId, code, closedAt } = exception;
  const trace = await reader.trace({ documentId });
  const proposals = await reader.proposals({ documentId, entities: scope.entities });
  return allowedActions(user, subjectOf(trace, { code, closed_at: closedAt }, proposals), services.limits);
}

/** What a person says about an exception. */
function note<Body>(
  name: string,
  summary: string,
  body: Record<string, object>,
  write: (
    store: Store,
    on: { exceptionId: string; actor: string; entities?: readonly string[] },
    body: Body,
  ) => Promise<unknown>,
) {
  return route<object, Body>({
    method: 'post',
    path: `/exceptions/:id/${name}`,
    summary,
    permissions: ['exceptions.work'],
    body: object(body as never),
    answer: open({}),
    handle: async (call) => {
      const { exceptionId } = await seen(call as Call);
      const { user, scope, store } = call;
      return (
        (await write(store, { exceptionId, actor: user.name, entities: scope.entities }, call.body)) ?? {}
      );
    },
  });
}

export const exceptions = [
  route<ExceptionFilter & Paging & { sort: ExceptionSort }>({
    method: 'get',
    path: '/exceptions',
    summary: 'Exceptions: by money (the most first), by deadline (the soonest first), or the newest first.',
    permissions: ['exceptions.read'],
    query: {
      ...exceptionFilter,
      ...paging,
      sort: { ...oneOf('amount', 'due', 'opened'), default: 'opened' },
    },
    answer: page(exceptionShape),
    handle: async ({ reader, scope, user, query: { limit, cursor, sort, ...given } }) => {
      const name = JSON.stringify(['exceptions', sort, given]);
      const after = (sort === 'amount' ? amountPairOf : pairOf)(name, cursor);
      const { items, next } = await reader.exceptionList({ scope, filter: given, sort, after, limit });
      return { items: shownExceptions(user, items), next: cursorOf(name, next) };
    },
  }),
  route<ExceptionFilter>({
    method: 'get',
    path: '/exceptions/facets',
    summary:
      'How many of the exceptions that the filters leave have which value; an empty value stands for none.',
    permissions: ['exceptions.read'],
    query: exceptionFilter,
    answer: object({
      total: count,
      ...Object.fromEntries(
        ['entity', 'class', 'code', 'step', 'age', 'owner', 'tag'].map((name) => [name, mapOf(count)]),
      ),
    }),
    handle: ({ reader, scope, query }) => reader.exceptionFacets({ scope, filter: query }),
  }),
  route({
    method: 'get',
    path: '/exceptions/:id',
    summary:
      'An exception with its document, steps, history, comments, proposals, and what one may do about it.',
    permissions: ['exceptions.read'],
    answer: open({ ...traceAnswer, exception: exceptionShape, actions: mapOf(open({})) }),
    handle: async (call) => {
      const { exceptionId, documentId } = await seen(call);
      const trace = await readTrace(call, documentId);
      const exception = trace.exceptions.find(({ id }) => id === exceptionId);
      if (!exception) throw new FinanceError('STORE_NOT_FOUND');
      return { ...trace, exception, actions: await actionsOf(call, exception) };
    },
  }),
  note<{ owner: string | null }>(
    'assign',
    'Gives it to somebody; null: nobody’s.',
    { owner: { type: ['string', 'null'], maxLength: 200 } },
    (store, on, { owner }) => store.assign({ ...on, owner }),
  ),
  note<{ text: string }>(
    'comment',
    'Adds a comment.',
    { text: { type: 'string', minLength: 1, maxLength: 10_000, pattern: '\\S' } },
    (store, on, { text: said }) => store.comment({ ...on, text: said }),
  ),
  note<{ add?: string[]; remove?: string[] }>(
    'tag',
    'Adds and removes tags.',
    { 'add?': tagList(), 'remove?': tagList() },
    (store, on, change) => store.tag({ ...on, ...change }),
  ),
];

function tagList() {
  return { ...list(word), maxItems: 50 };
}
