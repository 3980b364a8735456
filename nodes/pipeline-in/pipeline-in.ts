import { type Host, type LeasedDocument, Pipeline, type PipelineDefinition } from '../../engine';
import { type FinanceError, toFinanceError } from '../../errors';
import type { DocumentKind, KindPolicy } from '../../finance';
import { configNode, type EntityNode, entityNodes, storeNameOf } from '../kit/config-nodes';
import { numberField, textsField } from '../kit/fields';
import { migrate } from '../kit/migrate';
import type { FlowNode, NodeConfig, RedApi } from '../kit/red';
import { hostOf } from '../kit/settings';
import { StatusLine } from '../kit/status-line';
import { nextTimeOfDay } from '../kit/time-of-day';

interface PipelineInConfig extends NodeConfig {
  /** Id of a document-store node. */
  store?: string;
  /** JSON: ids of legal-entity nodes; empty means all. */
  entities?: unknown;
  /** JSON: kinds of documents; empty means all. */
  kinds?: unknown;
  concurrency?: number | string;
  lanePolicy?: 'block' | 'pass';
  /** JSON: kinds of steps. */
  requiredSteps?: unknown;
}

/** Start of a pipeline: pulls documents from the store, at most so many at once, one open a lane. */
export = (RED: RedApi): void => {
  RED.nodes.registerType('ledgerway-pipeline-in', function (this: FlowNode, given: PipelineInConfig) {
    RED.nodes.createNode(this, given);
    const config = migrate(given);
    const line = new StatusLine(this);
    try {
      const source = new PipelineSource(RED, this, config, line);
      this.on('close', () => source.close());
    } catch (caught) {
      const error = toFinanceError(caught);
      line.fail(error.message);
      this.error(error.message);
    }
  });
};

class PipelineSource {
  private readonly host: Host;
  private readonly storeName: string;
  private readonly name: string;
  private readonly pipeline: Pipeline;
  private readonly stopListening: () => void;
  private declared = '';
  /** Legal entities by key, as of the last deploy. */
  private entities?: Map<string, EntityNode>;
  private readonly deployed = (): void => {
    this.entities = undefined;
    try {
      this.declareNow();
    } catch (error) {
      this.report(error);
    }
  };

  constructor(
    private readonly RED: RedApi,
    private readonly node: FlowNode,
    private readonly config: PipelineInConfig,
    private readonly line: StatusLine,
  ) {
    const host = hostOf(RED);
    this.host = host;
    this.storeName = storeNameOf(RED, config.store);
    this.name = config.name || node.id;
    const most = numberField(config.concurrency, 'concurrency', 8, 1);
    const store = host.store(this.storeName);
    this.pipeline = new Pipeline({
      store,
      leases: host.leases(this.storeName),
      name: this.name,
      /** Nothing more is taken while the process drains. */
      get concurrency() {
        return host.paused ? 0 : most;
      },
      deliver: (document) => void this.deliver(document),
      report: (error) => this.report(error),
    });
    this.stopListening = store.onEnd(() => this.showProgress());
    this.declareNow();
    // the keys of the entities may change while this node stays as it is
    RED.events.on('flows:started', this.deployed);
  }

  private declareNow(): void {
    const definition = this.definition();
    const text = JSON.stringify(definition);
    if (text === this.declared) return;
    this.declared = text;
    this.host.declarePipeline(this.node.id, this.storeName, definition, (error) => this.synced(error));
  }

  /** @throws CONFIG_INVALID */
  private definition(): PipelineDefinition {
    const { entities, kinds, lanePolicy, requiredSteps } = this.config;
    return {
      name: this.name,
      entities: textsField(entities, 'entities').map(
        (id) => configNode(this.RED, 'ledgerway-legal-entity', id).entity().key,
      ),
      kinds: textsField(kinds, 'kinds'),
      lanePolicy: lanePolicy === 'pass' ? 'pass' : 'block',
      requiredSteps: textsField(requiredSteps, 'requiredSteps'),
    };
  }

  /** The host has told the store of the pipelines, or was refused. */
  private synced(error: FinanceError | undefined): void {
    if (error) {
      this.pipeline.stop();
      this.line.fail(error.message);
      return;
    }
    this.showProgress();
    // the host says so before it ends its pause
    setImmediate(() => this.declared && this.pipeline.start());
  }

  close(): void {
    this.declared = '';
    this.RED.events.off('flows:started', this.deployed);
    this.stopListening();
    this.pipeline.stop();
    this.line.stop();
    this.host.retractPipeline(this.node.id);
  }

  private async deliver(document: LeasedDocument): Promise<void> {
    try {
      const { context } = document;
      this.entities ??= entityNodes(this.RED);
      const entity = this.entities.get(context.entity);
      const due = entity && batchDue(entity, context.kind, context.receivedAt);
      if (due !== undefined && due > Date.now()) {
        const { documentId, fence, hop } = context;
        await this.host.store(this.storeName).defer({ documentId, fence, hop, due });
        return;
      }
      const care = entity && careOf(entity, context.kind);
      this.showProgress();
      this.node.send({
        _msgid: this.RED.util.generateId(),
        payload: parseBody(document.body),
        source: document.source,
        ledgerway: { ...context, store: this.storeName, ...(care && { notes: { care } }) },
      });
    } catch (error) {
      this.report(error);
    }
  }

  private showProgress(): void {
    const count = this.host.leases(this.storeName).count(this.name);
    if (count > 0) this.line.busy(`${count} in flight`);
    else this.line.ok('ready');
  }

  private report(caught: unknown): void {
    const error = toFinanceError(caught);
    if (error.code === 'STORE_FENCE_STALE') return;
    this.line.fail(error.code);
    this.node.error(error.message);
  }
}

/** A JSON body as its value; any other, or one that is broken, as its text. */
function parseBody({ mediaType, text }: LeasedDocument['body']): unknown {
  if (!/\bjson\b/i.test(mediaType)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function batchDue(node: EntityNode, kind: string, receivedAt: number): number | undefined {
  const at = node.batchAt(kind);
  return at === undefined ? undefined : nextTimeOfDay(receivedAt, at, node.entity().timeZone);
}

function careOf(node: EntityNode, kind: string): { owner?: string; serviceHours?: number } | undefined {
  const policy: KindPolicy | undefined = node.entity().kinds[kind as DocumentKind];
  if (!policy?.exceptionOwner && policy?.serviceHours === undefined) return undefined;
  return { owner: policy.exceptionOwner, serviceHours: policy.serviceHours };
}
