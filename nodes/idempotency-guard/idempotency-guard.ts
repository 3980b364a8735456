import { leaseOf, wrote } from '../../engine';
import { businessKey, contentHash } from '../../finance';
import { documentIn } from '../kit/documents';
import type { Message, NodeConfig, RedApi } from '../kit/red';
import { branched } from '../kit/run-step';
import { hostOf } from '../kit/settings';
import { standalone } from '../kit/standalone';
import { defineStep, type Outcome, type Run } from '../kit/step-node';

const NEW = 0;
const DUPLICATE = 1;
const CONFLICT = 2;

/** Claims the business key of a document; stands behind the map, before the first effect. */
export = (RED: RedApi): void =>
  defineStep<NodeConfig>(RED, 'ledgerway-idempotency-guard', {
    outputs: 3,
    make: ({ name }) => {
      const inPipeline = (msg: Message, run: Run) => claim(msg, run, name || 'idempotency guard');
      return {
        inPipeline,
        alone(msg) {
          const step = { step: 'guard', document: documentIn(msg), identity: RED.util.generateId() };
          return standalone(hostOf(RED), step, msg, inPipeline);
        },
      };
    },
  });

async function claim(msg: Message, { store, context }: Run, name: string): Promise<Outcome> {
  const document = documentIn(msg);
  const claimed = await store.claim({
    ...leaseOf(context),
    businessKey: businessKey(document),
    contentHash: contentHash(document),
  });
  switch (claimed.status) {
    case 'new':
      wrote(context, claimed.hop);
      return { output: NEW };
    case 'waiting':
      return 'waiting';
    case 'branched':
      throw branched(context, name);
    case 'duplicate':
      msg.duplicate = { of: claimed.of, results: claimed.results };
      return { output: DUPLICATE, text: 'duplicate' };
    case 'conflict':
      msg.conflict = { of: claimed.of };
      return { output: CONFLICT, text: 'conflict' };
  }
}
