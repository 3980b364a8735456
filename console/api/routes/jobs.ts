import type { ExceptionFilter, Job, JobAction } from '../../../engine';
import { FinanceError } from '../../../errors';
import { type Call, route } from '../route';
import { count, list, object, oneOf, open, reason, text, time, word } from '../schemas';
import { exceptionFilter } from './exceptions';

interface NewJob {
  action: JobAction['action'];
  reason: string;
  ids?: string[];
  filter?: ExceptionFilter;
  owner?: string;
  tags?: string[];
  effects?: 'kept';
  mapping?: 'pinned' | 'latest';
}

const jobShape = open({
  id: text,
  kind: text,
  actor: text,
  reason: text,
  total: count,
  done: count,
  failed: count,
  state: oneOf('running', 'done', 'stopped'),
  createdAt: time,
});

/** So many documents are one job at most. */
const MOST = 100_000;

function actOf({ action, owner, tags, effects, mapping }: NewJob): JobAction {
  switch (action) {
    case 'retry':
      return { action, ...(mapping && { mapping }) };
    case 'skip':
    case 'reject':
      return { action, ...(effects && { effects }) };
    case 'assign':
      return { action, owner: owner?.trim() || null };
    case 'tag':
      return { action, add: tags ?? [] };
  }
}

async function documentsOf({ reader, scope }: Call, { ids, filter }: NewJob): Promise<string[]> {
  if ((ids === undefined) === (filter === undefined))
    throw new FinanceError('API_INVALID', { message: 'A job is about ids, or about what a filter finds.' });
  return ids ?? (await reader.exceptionDocuments({ scope, filter: filter!, limit: MOST }));
}

/** A job's input names entities and documents: it is shown to who began it, and to who sees all entities. */
const isShown = ({ user, scope }: Call, { actor }: Job) => actor === user.name || !scope.entities;

function shownJob({ input: _input, ...job }: Job) {
  return job;
}

export const jobs = [
  route<object, NewJob>({
    method: 'post',
    path: '/jobs',
    summary: 'One action over many held documents: it goes on after a crash, and each is acted on once.',
    permissions: ['exceptions.work'],
    status: 202,
    body: object({
      action: oneOf('retry', 'skip', 'reject', 'assign', 'tag'),
      reason,
      'ids?': { ...list(word), minItems: 1, maxItems: 10_000 },
      'filter?': { type: 'object', additionalProperties: false, properties: exceptionFilter },
      'owner?': { type: 'string', maxLength: 200 },
      'tags?': { ...list(word), minItems: 1, maxItems: 50 },
      'effects?': oneOf('kept'),
      'mapping?': oneOf('pinned', 'latest'),
    }),
    answer: object({ id: text, total: count }),
    handle: async (call) => {
      const { body, user, store, scope } = call;
      const act = actOf(body);
      const decides = act.action !== 'assign' && act.action !== 'tag';
      if (decides && !user.permissions.has('exceptions.resolve')) throw new FinanceError('API_FORBIDDEN');
      return await store.createJob({
        act,
        actor: user.name,
        reason: body.reason,
        documentIds: await documentsOf(call as Call, body),
        entities: scope.entities,
        mayApprove: user.permissions.has('proposals.approve'),
      });
    },
  }),
  route({
    method: 'get',
    path: '/jobs',
    summary: 'The last jobs, the newest first.',
    permissions: ['exceptions.read'],
    answer: object({ items: list(jobShape) }),
    handle: async (call) => {
      const found = await call.reader.jobs(call.scope.entities ? { actor: call.user.name } : {});
      return { items: found.map(shownJob) };
    },
  }),
  route({
    method: 'get',
    path: '/jobs/:id',
    summary: 'How far a job is, and the first documents that failed.',
    permissions: ['exceptions.read'],
    answer: jobShape,
    handle: async (call) => {
      const job = await call.reader.job({ id: call.params.id! });
      if (!isShown(call, job))
        throw new FinanceError('STORE_NOT_FOUND', { message: 'There is no such job.' });
      return shownJob(job);
    },
  }),
];
