import { findOverlap, type Host, type PipelineDefinition } from '../engine';
import { FinanceError } from '../errors';

interface FlowNode {
  id: string;
  type: string;
  name?: string;
  d?: boolean;
  entities?: string;
  kinds?: string;
  key?: string;
}

/** The pipelines that a flow configuration declares, as `pipeline in` reads them. */
export function pipelinesOf(flows: FlowNode[]): PipelineDefinition[] {
  const keys = new Map(
    flows.filter(({ type }) => type === 'ledgerway-legal-entity').map(({ id, key }) => [id, key ?? id]),
  );
  const disabled = new Set(flows.filter(({ d, type }) => type === 'tab' && d).map(({ id }) => id));
  return flows
    .filter(
      (node) =>
        node.type === 'ledgerway-pipeline-in' && !node.d && !disabled.has((node as { z?: string }).z ?? ''),
    )
    .map((node) => ({
      name: node.name || node.id,
      entities: list(node.entities).map((id) => keys.get(id) ?? id),
      kinds: list(node.kinds),
      lanePolicy: 'block',
      requiredSteps: [],
    }));
}

function list(text: string | string[] | undefined): string[] {
  if (Array.isArray(text)) return text;
  const parsed: unknown = JSON.parse(text || '[]');
  return Array.isArray(parsed) ? parsed.map(String) : [];
}

/** The part of Node-RED's runtime API that changes flows. */
export interface FlowsApi {
  setFlows(options: { flows?: { flows?: FlowNode[] } }): Promise<unknown>;
  addFlow(options: object): Promise<unknown>;
  updateFlow(options: object): Promise<unknown>;
  deleteFlow(options: object): Promise<unknown>;
}

/**
 * Stands around every deploy: refuses pipelines that overlap, then stops intake and waits until nothing is in
 * flight, since Node-RED drops the messages of a node that is replaced. Intake goes on afterwards. It wraps the
 * runtime API, which is called after authentication and permission checks, and not the HTTP route before them.
 */
export function guardDeploys(api: FlowsApi, host: Host, drainMs: number): void {
  const setFlows = api.setFlows.bind(api);
  const drained = <Options>(deploy: (options: Options) => Promise<unknown>) => {
    return async (options: Options): Promise<unknown> => {
      await host.drain(drainMs);
      try {
        return await deploy(options);
      } finally {
        host.resume();
      }
    };
  };
  api.setFlows = async (options) => {
    const overlap = findOverlap(pipelinesOf(options.flows?.flows ?? []));
    if (overlap) throw refusal(overlap);
    return await drained(setFlows)(options);
  };
  api.addFlow = drained(api.addFlow.bind(api));
  api.updateFlow = drained(api.updateFlow.bind(api));
  api.deleteFlow = drained(api.deleteFlow.bind(api));
}

/** Node-RED answers with the `status` and `code` of an error. */
function refusal(message: string): Error {
  return Object.assign(new FinanceError('CONFIG_PIPELINES_OVERLAP', { message }), { status: 400 });
}
