import type { Store } from '../../../engine';
import { FinanceError } from '../../../errors';
import { type Call, route } from '../route';
import { count, flag, list, object, open, reason, text, textOrNull, time, timeOrNull } from '../schemas';

/** What belongs to all entities is not shown to who answers for some of them. */
const ofAll = <Item>({ scope }: Call, items: Item[]): Item[] => (scope.entities ? [] : items);

/** A pipeline may be stood still by who answers for every entity that it claims. */
async function assertOwnPipeline({ reader, scope, params }: Call): Promise<void> {
  const entities = await reader.pipelineEntities({ name: params.name! });
  const own = scope.entities;
  if (!entities || (own && entities.length > 0 && !entities.some((entity) => own.includes(entity))))
    throw new FinanceError('STORE_NOT_FOUND', { message: 'There is no such pipeline.' });
  if (own && (entities.length === 0 || !entities.every((entity) => own.includes(entity))))
    throw new FinanceError('API_FORBIDDEN', { message: 'The pipeline is one of other entities too.' });
}

const pipelineVerb = (verb: 'pause' | 'resume') =>
  route<object, { reason: string }>({
    method: 'post',
    path: `/pipelines/:name/${verb}`,
    summary: verb === 'pause' ? 'Nothing more of it starts until it is resumed.' : 'It goes on.',
    permissions: ['pipelines.operate'],
    body: object({ reason }),
    answer: object({}),
    handle: async (call) => {
      await assertOwnPipeline(call as Call);
      const { store, params, user, body } = call;
      await store.pausePipeline({
        name: params.name!,
        paused: verb === 'pause',
        actor: user.name,
        reason: body.reason,
      });
      return {};
    },
  });

const targetVerb = (verb: 'pause' | 'resume') =>
  route<object, { target: string; reason: string }>({
    method: 'post',
    path: `/targets/${verb}`,
    summary: verb === 'pause' ? 'No step goes there until it is resumed.' : 'Steps go there again.',
    permissions: ['pipelines.operate'],
    body: object({ target: { type: 'string', minLength: 1, maxLength: 500 }, reason }),
    answer: object({}),
    handle: async ({ store, scope, user, body, facts, reader }) => {
      if (scope.entities)
        throw new FinanceError('API_FORBIDDEN', { message: 'A target is one of all entities.' });
      if (!(await isTarget(reader, facts.targets(), body.target)))
        throw new FinanceError('STORE_NOT_FOUND', { message: 'There is no such target.' });
      await store.pauseTarget({ ...body, paused: verb === 'pause', actor: user.name });
      return {};
    },
  });

async function isTarget(reader: Store, known: object, target: string): Promise<boolean> {
  if (Object.hasOwn(known, target)) return true;
  const used = await reader.targetUse({ scope: {} });
  const paused = await reader.targets();
  return [...used, ...paused].some(({ name }) => name === target);
}

export const operations = [
  route({
    method: 'get',
    path: '/pipelines',
    summary:
      'Backlogs of the pipelines, targets and their latency, keys that end, feeds, and what is delayed.',
    permissions: ['pipelines.read'],
    answer: object({
      pipelines: list(
        object({
          name: text,
          paused: flag,
          entities: list(text),
          backlog: object({ source: count, mapping: count, posting: count }),
          inFlight: count,
          oldestAt: timeOrNull,
        }),
      ),
      targets: list(
        object({ name: text, breaker: textOrNull, paused: flag, p50: count, p95: count, waiting: count }),
      ),
      keys: list(object({ connection: text, expiresAt: timeOrNull })),
      feeds: list(object({ name: text, lastAt: time, expectedEveryMs: { type: ['integer', 'null'] } })),
      delayed: list(open({ name: text, documents: count, since: timeOrNull })),
    }),
    handle: async (call) => {
      const { reader, scope, facts } = call;
      const [pipelines, used, paused, feeds, keys, delayed] = await Promise.all([
        reader.backlogs({ scope }),
        reader.targetUse({ scope }),
        reader.targets(),
        facts.feeds(),
        facts.keys(),
        facts.delayed(),
      ]);
      const states = facts.targets();
      const names = new Set(
        scope.entities ? [] : [...Object.keys(states), ...paused.map(({ name }) => name)],
      );
      for (const { name } of used) names.add(name);
      const targets = [...names].sort().map((name) => ({
        p50: 0,
        p95: 0,
        waiting: 0,
        ...used.find((one) => one.name === name),
        name,
        breaker: states[name] ?? null,
        paused: paused.some((one) => one.name === name && one.paused === 1),
      }));
      return {
        pipelines,
        targets,
        keys: ofAll(call, keys),
        feeds: ofAll(call, feeds),
        delayed: ofAll(call, delayed),
      };
    },
  }),
  pipelineVerb('pause'),
  pipelineVerb('resume'),
  targetVerb('pause'),
  targetVerb('resume'),
];
