import { BOOKED_KINDS } from '../../connectors/odoo';
import { FinanceError } from '../../errors';
import type { ControlResult, LegalEntity } from '../../finance';
import { configNode, storeNameOf } from '../kit/config-nodes';
import { requiredField, textsField } from '../kit/fields';
import type { Message, NodeConfig, RedApi } from '../kit/red';
import { hostOf } from '../kit/settings';
import { defineStep, type Outcome } from '../kit/step-node';
import { compare } from './compare';
import { givenTotals } from './given';
import { type PeriodChoice, periodOf } from './period';
import { recordControl } from './record';

interface CheckpointConfig extends NodeConfig {
  /** JSON: ids of legal-entity nodes. */
  entities?: unknown;
  connection?: string;
  store?: string;
  period?: PeriodChoice;
  /** JSON: kinds of documents; empty means all that Odoo books. */
  kinds?: unknown;
  /** JSON: codes of journals. */
  journals?: unknown;
}

/** What the message asks beyond the configuration. */
interface Asked {
  period?: unknown;
  source?: unknown;
}

const EQUAL = 0;
const DIFFERENT = 1;

/** Compares what came from the source with what Odoo has, and keeps the result as a document. */
export = (RED: RedApi): void =>
  defineStep<CheckpointConfig>(RED, 'ledgerway-checkpoint', {
    outputs: 2,
    make(config) {
      const checkpoint = requiredField(config.name, 'name');
      const connection = configNode(RED, 'ledgerway-odoo-connection', config.connection);
      const entityNodes = textsField(config.entities, 'entities').map((id) =>
        configNode(RED, 'ledgerway-legal-entity', id),
      );
      if (entityNodes.length === 0)
        throw new FinanceError('CONFIG_INVALID', { message: 'The checkpoint names no legal entity.' });
      const storeName = storeNameOf(RED, config.store);
      const kinds = kindsOf(config.kinds);
      const journals = textsField(config.journals, 'journals');
      const choice = config.period ?? 'day';
      const host = hostOf(RED);
      host.store(storeName);
      connection.client();

      const check = async (entity: LegalEntity, { period: asked, source }: Asked): Promise<ControlResult> => {
        const { target, prefix } = connection;
        const now = Date.now();
        const period = periodOf(choice, asked, now, entity.timeZone);
        const given = givenTotals(source).filter(
          (one) => (one.entity ?? entity.key) === entity.key && kinds.includes(one.kind),
        );
        const sides = { store: host.store(storeName), client: connection.client(), target, prefix };
        const compared = await compare(sides, { entity, period, kinds, journals, given });
        return {
          schema: 'control_result/1',
          kind: 'control_result',
          entity: entity.key,
          source: { system: 'checkpoint', id: `${checkpoint}/${period.from}/${period.to}` },
          checkpoint,
          period,
          kinds,
          target,
          comparedAt: new Date(now).toISOString(),
          ...compared,
        };
      };

      const run = async (msg: Message): Promise<Outcome> => {
        const asked = (msg.payload ?? {}) as Asked;
        const results = [];
        for (const node of entityNodes) {
          const entity = node.entity();
          const result = await check(entity, asked);
          results.push({ ...result, documentId: await recordControl(host, storeName, result, entity) });
        }
        msg.checkpoint = results;
        const differences = results.reduce((sum, result) => sum + result.differences.length, 0);
        if (differences === 0) return { output: EQUAL, text: 'equal' };
        return { output: DIFFERENT, text: `${differences} differences` };
      };
      return { inPipeline: run, alone: run };
    },
  });

/** @throws CONFIG_INVALID */
function kindsOf(value: unknown): string[] {
  const kinds = textsField(value, 'kinds');
  const unknown = kinds.find((kind) => !BOOKED_KINDS.includes(kind));
  if (unknown !== undefined)
    throw new FinanceError('CONFIG_INVALID', { message: `Odoo has no records of kind ${unknown}.` });
  return kinds.length > 0 ? kinds : [...BOOKED_KINDS];
}
