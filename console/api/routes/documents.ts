import { type DocumentFilter, STAGES } from '../../../engine';
import { FinanceError } from '../../../errors';
import { cursorOf, numberOf, pairOf } from '../cursor';
import { type Call, Raw, route } from '../route';
import {
  count,
  filter,
  flag,
  list,
  object,
  oneOf,
  open,
  type Paging,
  page,
  paging,
  period,
  text,
  textOrNull,
  time,
  timeOrNull,
} from '../schemas';
import { shownSteps, shownTrace } from '../views';

const columns = ['received', 'mapped', 'inDoubt', ...STAGES];

const documentShape = object({
  seq: count,
  id: text,
  entity: text,
  kind: text,
  pipeline: textOrNull,
  state: text,
  outcome: textOrNull,
  stage: oneOf(...STAGES),
  amount: textOrNull,
  currency: textOrNull,
  number: textOrNull,
  date: textOrNull,
  sourceId: textOrNull,
  businessKey: textOrNull,
  period: text,
  receivedAt: time,
  updatedAt: time,
  settledAt: timeOrNull,
});

/** Members of a trace. */
export const traceAnswer = {
  document: open({ id: text, entity: text, state: text, deliveries: count }),
  steps: list(open({ id: text, kind: text, target: text, externalKey: text, state: text, attempts: count })),
  bodies: list(object({ role: text, mediaType: text, sha256: text, createdAt: time, text: textOrNull })),
  changes: {
    type: ['array', 'null'],
    items: open({ pointer: text }),
    description: 'what the last correction changed of the source; null where there is none',
  },
  exceptions: list(open({ id: text, code: text })),
  history: list(open({ seq: count, at: time, type: text })),
  comments: list(open({ id: text, actor: text, text, createdAt: time })),
  proposals: list(open({ id: text, kind: text, state: text })),
  odoo: { type: ['object', 'null'] },
  einvoice: { type: ['object', 'null'] },
  masked: { ...flag, description: 'bodies, requests and answers without what tells of persons' },
};

/** @throws STORE_NOT_FOUND where the document of a call is not the user's to see */
export async function assertSeen({ reader, scope, params }: Call): Promise<void> {
  if (await reader.isVisible({ scope, documentId: params.id! })) return;
  throw new FinanceError('STORE_NOT_FOUND', { message: `There is no document ${params.id}.` });
}

/** All that is known of a document, as the user may see it. @throws STORE_NOT_FOUND */
export async function readTrace({ reader, scope, user }: Call, documentId: string) {
  const trace = await reader.documentTrace({ scope, documentId });
  const proposals = await reader.proposals({ documentId, entities: scope.entities });
  return shownTrace(user, trace, proposals);
}

export const documents = [
  route<DocumentFilter & Paging>({
    method: 'get',
    path: '/documents',
    summary: 'Documents, the newest first; the filters are those of the overview’s figures.',
    permissions: ['documents.read'],
    query: {
      entity: filter,
      state: oneOf('ready', 'leased', 'retry', 'waiting', 'held', 'settled'),
      outcome: oneOf('completed', 'duplicate', 'skipped', 'rejected'),
      kind: filter,
      period,
      currency: { type: 'string', pattern: '^([A-Z]{3})?$' },
      stage: oneOf(...columns),
      ...paging,
    },
    answer: page(documentShape),
    handle: async ({ reader, scope, query: { limit, cursor, ...given } }) => {
      const name = JSON.stringify(['documents', given]);
      const { items, next } = await reader.documentList({
        scope,
        filter: given,
        after: numberOf(name, cursor),
        limit,
      });
      return { items, next: cursorOf(name, next) };
    },
  }),
  route({
    method: 'get',
    path: '/documents/:id',
    summary: 'All that is known of a document, from its source event to the last word about it.',
    permissions: ['documents.read'],
    answer: object(traceAnswer),
    handle: (call) => readTrace(call, call.params.id!),
  }),
  route({
    method: 'get',
    path: '/documents/:id/export',
    summary: 'The same as a file.',
    permissions: ['export'],
    answer: object(traceAnswer),
    handle: async (call) => {
      const trace = await readTrace(call, call.params.id!);
      return new Raw((response) => {
        response.setHeader('content-type', 'application/json; charset=utf-8');
        response.setHeader('content-disposition', `attachment; filename="${trace.document.id}.json"`);
        response.end(JSON.stringify(trace, null, 2));
      });
    },
  }),
  route<{ q: string }>({
    method: 'get',
    path: '/search',
    summary:
      'Documents by any reference: id, number (Odoo’s name once posted), id at the source, business key, amount, event id, external key.',
    permissions: ['documents.read'],
    query: { q: { type: 'string', maxLength: 200, default: '' } },
    answer: object({ items: list(documentShape) }),
    handle: async ({ reader, scope, query: { q } }) => ({
      items: q.trim() === '' ? [] : await reader.references({ scope, text: q.trim(), limit: 50 }),
    }),
  }),
  route<{ entity?: string } & Paging>({
    method: 'get',
    path: '/in-doubt',
    summary: 'Steps that have an intent and no result, the oldest first, with what asking the target found.',
    permissions: ['exceptions.read'],
    query: { entity: filter, ...paging },
    answer: page(
      open({
        id: text,
        documentId: text,
        kind: text,
        target: text,
        externalKey: text,
        found: open({ code: textOrNull, cause: textOrNull }),
      }),
    ),
    handle: async ({ reader, scope, user, query: { entity, limit, cursor } }) => {
      const name = JSON.stringify(['in-doubt', entity]);
      const after = pairOf(name, cursor);
      const { items, next } = await reader.stepsInDoubt({ scope, entity, after, limit });
      return { items: shownSteps(user, items), next: cursorOf(name, next) };
    },
  }),
];
