import { Raw, route } from '../route';
import { list, object, open, text, textOrNull } from '../schemas';

/** Who one is, and what changes. */
export const session = [
  route({
    method: 'get',
    path: '/me',
    summary: 'Who is logged in, and what they may do.',
    permissions: [],
    answer: object({
      user: text,
      roles: list(text),
      permissions: list(text),
      entities: { type: ['array', 'null'], items: text, description: 'null: all' },
      locale: textOrNull,
    }),
    handle: async ({ user }) => ({
      user: user.name,
      roles: user.roles,
      permissions: [...user.permissions],
      entities: user.entities ?? null,
      locale: user.locale ?? null,
    }),
  }),
  route({
    method: 'get',
    path: '/events',
    summary:
      'Server-sent events: `{type: "changed", topics, at}`. What is shown is read anew; nothing else is told.',
    permissions: [],
    answer: { ...open({}), description: 'text/event-stream' },
    handle: async ({ user, scope, events }) =>
      new Raw((response) => events.listen(user.name, scope, response)),
  }),
];
