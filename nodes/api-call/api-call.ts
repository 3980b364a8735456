import type { Api } from '../../connectors/api';
import { hashOf } from '../../finance';
import { entityNodes } from '../kit/config-nodes';
import { documentIn } from '../kit/documents';
import type { Message, RedApi } from '../kit/red';
import { requestOnce, runDone } from '../kit/run-step';
import { hostOf } from '../kit/settings';
import { standalone } from '../kit/standalone';
import { defineStep, type Outcome, type Run } from '../kit/step-node';
import { type CallRequest, Evaluation } from './call';
import { type CallResult, callEffect } from './effect';
import { type ApiCallConfig, apiOf, type CallRules, readRules } from './settings';

/** Writes to any HTTP API that speaks JSON, as a recorded step. */
export = (RED: RedApi): void =>
  defineStep<ApiCallConfig>(
    RED,
    'ledgerway-api-call',
    {
      outputs: 2,
      failure: 1,
      make(config, node) {
        const rules = readRules(config);
        const api = apiOf(config, node.credentials?.secret);
        const attributes = { name: node.name || 'api call', nodeId: node.id };
        const inPipeline = async (msg: Message, run: Run): Promise<Outcome> => {
          const timeZone = entityNodes(RED).get(run.context.entity)?.entity().timeZone ?? 'UTC';
          const evaluation = new Evaluation(msg, run.context, timeZone);
          const result = await call(run, api, rules, evaluation, hashOf(msg.payload), attributes);
          msg.api = result;
          return { output: 0, text: result.outdated ? 'outdated' : `HTTP ${result.status}` };
        };
        return {
          inPipeline,
          alone(msg) {
            return standalone(hostOf(RED), { step: rules.kind, document: documentIn(msg) }, msg, inPipeline);
          },
        };
      },
    },
    { credentials: { secret: { type: 'password' } } },
  );

async function call(
  run: Run,
  api: Api,
  rules: CallRules,
  evaluation: Evaluation,
  contentHash: string,
  attributes: { name: string; nodeId: string },
): Promise<CallResult> {
  const { store, context } = run;
  const key = await evaluation.text(rules.key, 'key');
  const identity = { kind: rules.kind, target: rules.target, externalKey: key };
  const make = (): Promise<CallRequest> => evaluation.request(rules, key, contentHash);
  const request = await requestOnce(store, context, identity, contentHash, make);
  return await runDone(store, context, { ...identity, ...attributes, request }, callEffect(api, run, rules));
}
