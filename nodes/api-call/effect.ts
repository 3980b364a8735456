import type { Api, ApiAnswer } from '../../connectors/api';
import type { Effect, Json } from '../../engine';
import { isOlder, type Revision } from '../kit/revision';
import type { Run } from '../kit/step-node';
import { inStoreTurn } from '../kit/turns';
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
  { store, context }: Run,
  { kind, target, probe, refusesDoubles }: CallRules,
): Effect<CallResult> {
  const write = async (request: CallRequest) => resultOf(await api.write(request));

  /** @returns false where a newer one was, or may have been, sent before */
  const isNext = async (name: string, revision: Revision): Promise<boolean> => {
    const text = await store.getCursor({ name });
    if (text !== undefined && isOlder(revision, JSON.parse(text) as Revision)) return false;
    // Before it is sent: whatever becomes of the request, an older state is not sent after it.
    await store.setCursor({ name, value: JSON.stringify(revision) });
    return true;
  };

  return {
    refusesDoubles,
    async perform(asked) {
      const request = asked as CallRequest;
      if (!request.newest) return await write(request);
      const { object, revision } = request.newest;
      const name = `object/api-call/${target}/${kind}/${object}`;
      return await inStoreTurn(store, name, context.documentId, async () =>
        (await isNext(name, revision)) ? await write(request) : OUTDATED,
      );
    },
    ...(probe && {
      async probe(asked: Json) {
        const found = await api.find((asked as CallRequest).probe ?? '');
        return found && resultOf(found);
      },
    }),
  };
}
