import type { Api, ApiAnswer } from '../../connectors/api';
import type { Effect, Json, Store } from '../../engine';
import { isOlder, type Revision } from '../kit/revision';
import { inTurn } from '../kit/turns';
import type { CallRequest } from './call';
import type { CallRules } from './settings';

/** `msg.api` */
export type CallResult = {
  /** HTTP status; absent where nothing was sent. */
  status?: number;
  body: Json;
  /** A newer state of the object was sent before; nothing was sent. */
  outdated: boolean;
};

const resultOf = ({ status, body }: ApiAnswer): CallResult => ({
  status,
  body: body as Json,
  outdated: false,
});
const OUTDATED: CallResult = { body: null, outdated: true };

/** Writes to the API; with an object, only a state that is not older than the one that was sent last. */
export function callEffect(
  api: Api,
  store: Store,
  { kind, target, probe, refusesDoubles }: CallRules,
): Effect<CallResult> {
  const write = async (request: CallRequest) => resultOf(await api.write(request));
  return {
    refusesDoubles,
    async perform(asked) {
      const request = asked as CallRequest;
      const { newest } = request;
      if (!newest) return await write(request);
      const name = `api-call/${target}/${kind}/${newest.object}`;
      return await inTurn(`${store.name} ${name}`, async () => {
        const text = await store.getCursor({ name });
        if (text !== undefined && isOlder(newest.revision, JSON.parse(text) as Revision)) return OUTDATED;
        // Before it is sent: should the process die in between, an older state is still not sent after it.
        await store.setCursor({ name, value: JSON.stringify(newest.revision) });
        return await write(request);
      });
    },
    ...(probe && {
      async probe(asked: Json) {
        const found = await api.find((asked as CallRequest).probe ?? '');
        return found && resultOf(found);
      },
    }),
  };
}
