import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RunContext, type Store, step } from '../engine';
import { type Bench, child, end, figure, inFolder, median, message, seconds } from './kit';
import type { FlowCosts } from './step-cost-child';

const CALLS = 50_000;
const MESSAGES = 2_000;

/** A store that is done at once: what is left is the cost of the step itself. */
function instantStore(): Store {
  let hop = 0;
  return {
    intend: async () => ({ status: 'new', stepId: 'stp', hop: ++hop, attempts: 1, request: {} }),
    complete: async () => undefined,
  } as unknown as Store;
}

/**
 * An api call node in a flow against a trivial custom node that sends the same request; and the step alone against
 * the same effect and nothing else.
 */
export const stepCost: Bench = async ({ rounds, scale }) => {
  const flows = await inFlows(Math.round(MESSAGES * scale), rounds);
  const calls = Math.round(CALLS * scale);
  const costs = [];
  for (let round = 0; round < rounds; round++)
    costs.push({ ours: await stepMicros(calls), trivial: await trivialMicros(calls) });
  return [
    figure('api call node in a flow, without store traffic', median(flows.map((cost) => cost.step)), 'µs'),
    figure('trivial node that sends the same request', median(flows.map((cost) => cost.trivial)), 'µs'),
    figure('api call node ÷ trivial node', median(flows.map((cost) => cost.step / cost.trivial)), '×'),
    figure('step without store traffic', median(costs.map(({ ours }) => ours)), 'µs'),
    figure('handler of a trivial custom node', median(costs.map(({ trivial }) => trivial)), 'µs'),
    figure('step ÷ trivial handler', median(costs.map(({ ours, trivial }) => ours / trivial)), '×'),
  ];
};

async function inFlows(calls: number, rounds: number): Promise<FlowCosts[]> {
  const target = await listen();
  try {
    return await inFolder(async (folder) => {
      const { port } = target.address() as AddressInfo;
      const url = `http://127.0.0.1:${port}`;
      const flows = child('step-cost-child.js', [folder, url, String(calls), String(rounds)]);
      try {
        return await message<FlowCosts[]>(flows);
      } finally {
        await end(flows);
      }
    });
  } finally {
    target.close();
    target.closeAllConnections();
  }
}

/** Answers every request at once. */
async function listen(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":1}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const effect = async () => ({ id: 1 });

async function stepMicros(calls: number): Promise<number> {
  const store = instantStore();
  const run: RunContext = {
    documentId: 'doc',
    fence: 1,
    hop: 0,
    entity: 'bench',
    kind: 'invoice',
    lane: 'bench',
    pipeline: 'bench',
    attempt: 1,
    correlationId: 'doc',
    receivedAt: 0,
    store: 'default',
  };
  const spec = { kind: 'bench', target: 'bench', externalKey: 'bench', request: {}, name: 'bench' };
  const took = await seconds(async () => {
    for (let n = 0; n < calls; n++) await step(store, run, spec, { perform: effect, refusesDoubles: true });
  });
  return (took / calls) * 1e6;
}

async function trivialMicros(calls: number): Promise<number> {
  const node = async (message: { payload: unknown }) => {
    message.payload = await effect();
    return message;
  };
  const took = await seconds(async () => {
    for (let n = 0; n < calls; n++) await node({ payload: n });
  });
  return (took / calls) * 1e6;
}
