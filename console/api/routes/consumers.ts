import { type Consumer, consumerToken } from '../../../engine';
import { FinanceError } from '../../../errors';
import { CONSUMER_FUNCTIONS } from '../permissions';
import { Answer, type Call, route } from '../route';
import { list, object, oneOf, period, text, textOrNull, time, timeOrNull, word } from '../schemas';

interface NewConsumer {
  name: string;
  entities: string[];
  functions: string[];
  periodFrom?: string;
  periodTo?: string;
  expiresAt: number;
}

/** A consumer is shown to who sees all of its entities. */
const sees = ({ scope }: Call, { entities }: Pick<Consumer, 'entities'>) =>
  !scope.entities || entities.every((entity) => scope.entities!.includes(entity));

export const consumers = [
  route({
    method: 'get',
    path: '/consumers',
    summary: 'Outside readers of the API: what they may see, and until when.',
    permissions: ['consumers.manage'],
    answer: object({
      items: list(
        object({
          id: text,
          name: text,
          entities: list(text),
          functions: list(text),
          periodFrom: textOrNull,
          periodTo: textOrNull,
          expiresAt: time,
          createdBy: text,
          createdAt: time,
          revokedBy: textOrNull,
          revokedAt: timeOrNull,
        }),
      ),
    }),
    handle: async (call) => ({ items: (await call.reader.consumers()).filter((one) => sees(call, one)) }),
  }),
  route<object, NewConsumer>({
    method: 'post',
    path: '/consumers',
    summary: 'Registers an outside reader. The token is shown once, in this answer.',
    permissions: ['consumers.manage'],
    status: 201,
    body: object({
      name: { ...word, pattern: '\\S' },
      entities: { ...list(word), minItems: 1, maxItems: 200 },
      functions: { ...list(oneOf(...CONSUMER_FUNCTIONS)), minItems: 1, uniqueItems: true },
      'periodFrom?': period,
      'periodTo?': period,
      expiresAt: time,
    }),
    answer: object({ id: text, token: textOrNull }),
    handle: async (call) => {
      const { body, user, store } = call;
      if (!sees(call as Call, body))
        throw new FinanceError('API_FORBIDDEN', { message: 'Not all of these entities are yours.' });
      const { token, tokenHash } = consumerToken();
      const { id } = await store.createConsumer({ ...body, tokenHash, actor: user.name });
      // A repeated request learns the id, and never the token.
      return new Answer(201, { id, token }, { id, token: null });
    },
  }),
  route({
    method: 'post',
    path: '/consumers/:id/revoke',
    summary: 'Its token is worth nothing from now on.',
    permissions: ['consumers.manage'],
    body: object({}),
    answer: object({}),
    handle: async (call) => {
      const known = (await call.reader.consumers()).find(({ id }) => id === call.params.id);
      if (!known || !sees(call, known))
        throw new FinanceError('STORE_NOT_FOUND', { message: 'There is no such consumer.' });
      await call.store.revokeConsumer({ id: known.id, actor: call.user.name });
      return {};
    },
  }),
];
