import { type RunContext, type Store, step } from '../engine';
import { type Bench, figure, median, seconds } from './kit';

const CALLS = 50_000;

/** A store that is done at once: what is left is the cost of the step itself. */
function instantStore(): Store {
  let hop = 0;
  return {
    intend: async () => ({ status: 'new', stepId: 'stp', hop: ++hop, attempts: 1, request: {} }),
    complete: async () => undefined,
  } as unknown as Store;
}

/** A step against the handler of a custom node that does the same effect and nothing else. */
export const stepCost: Bench = async ({ rounds, scale }) => {
  const calls = Math.round(CALLS * scale);
  const costs = [];
  for (let round = 0; round < rounds; round++)
    costs.push({ ours: await stepMicros(calls), trivial: await trivialMicros(calls) });
  return [
    figure('step without store traffic', median(costs.map(({ ours }) => ours)), 'µs'),
    figure('handler of a trivial custom node', median(costs.map(({ trivial }) => trivial)), 'µs'),
    figure('step ÷ trivial handler', median(costs.map(({ ours, trivial }) => ours / trivial)), '×'),
  ];
};

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
