import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_SETTINGS, Host, type Store } from '../engine';
import { seconds } from './kit';

/** Microseconds that a message takes through a flow, by the node in the middle. */
export interface FlowCosts {
  step: number;
  trivial: number;
}

/** What of Node-RED's embedding API is used. */
interface NodeRed {
  init(server: ReturnType<typeof createServer>, settings: object): void;
  start(): Promise<void>;
  events: NodeJS.EventEmitter;
}

interface SourceNode {
  send(msg: object): void;
}

const WARM = 300;

/**
 * Three nodes of a trivial kind: a source and a sink that the driver holds, and in between one that does the same
 * request as the step, and nothing else.
 */
const NODES = `module.exports = (RED) => {
  const make = (type, set) => RED.nodes.registerType(type, function (config) {
    RED.nodes.createNode(this, config);
    set(this, config);
  });
  make('bench-source', (node) => RED.settings.bench.sources.set(node.id, node));
  make('bench-sink', (node) => node.on('input', (msg, send, done) => { RED.settings.bench.arrived(); done(); }));
  make('bench-trivial', (node, { url }) => node.on('input', async (msg, send, done) => {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(msg.payload),
    });
    msg.api = await answer.json();
    send(msg);
    done();
  }));
};
`;
const TYPES = ['bench-source', 'bench-sink', 'bench-trivial'];

/** A store that is done at once: what is left is the cost of the node. */
function instantStore(): Store {
  let hop = 0;
  const known: Record<string, unknown> = {
    name: 'default',
    settings: DEFAULT_SETTINGS,
    open: 0,
    onWake: () => () => undefined,
    onEnd: () => () => undefined,
    intend: async ({ request }: { request: unknown }) => ({
      status: 'new',
      stepId: 'stp',
      hop: ++hop,
      attempts: 1,
      request,
    }),
    declarePipelines: async () => ({ claimed: 0, declared: [], refused: [] }),
  };
  return new Proxy(known, {
    get: (target, name: string) => target[name] ?? (async () => undefined),
  }) as unknown as Store;
}

const flow = (url: string): object[] => [
  { id: 'tab', type: 'tab', label: 'bench' },
  { id: 'step-in', type: 'bench-source', z: 'tab', wires: [['step']] },
  {
    id: 'step',
    type: 'ledgerway-api-call',
    z: 'tab',
    url,
    method: 'POST',
    path: '"write"',
    body: 'payload',
    authentication: 'none',
    wires: [['sink'], []],
  },
  { id: 'trivial-in', type: 'bench-source', z: 'tab', wires: [['trivial']] },
  { id: 'trivial', type: 'bench-trivial', z: 'tab', url: `${url}/write`, wires: [['sink']] },
  { id: 'sink', type: 'bench-sink', z: 'tab', wires: [] },
];

/** The message that `pipeline in` makes of a document, without one behind it. */
const message = (n: number): object => ({
  payload: { id: n, total: '119.00' },
  ledgerway: {
    documentId: `doc_${n}`,
    fence: 1,
    hop: 0,
    entity: 'bench',
    kind: 'invoice',
    lane: 'bench',
    pipeline: 'bench',
    attempt: 1,
    correlationId: `doc_${n}`,
    receivedAt: 0,
    store: 'default',
  },
});

/** Sends messages through both ways of a flow, one after the other, in turns. */
async function main([folder, url, calls, rounds]: string[]): Promise<void> {
  const nodes = join(folder!, 'nodes');
  mkdirSync(nodes);
  writeFileSync(join(nodes, 'bench.js'), NODES);
  writeFileSync(
    join(nodes, 'bench.html'),
    TYPES.map((type) => `<script type="text/html" data-template-name="${type}"></script>`).join('\n'),
  );
  writeFileSync(join(folder!, 'flows.json'), JSON.stringify(flow(url!)));
  const sources = new Map<string, SourceNode>();
  let arrived: () => void = () => undefined;
  const { default: red } = (await import('node-red')) as unknown as { default: NodeRed };
  red.init(createServer(), {
    userDir: folder,
    flowFile: 'flows.json',
    nodesDir: [join(__dirname, '..', 'nodes'), nodes],
    httpAdminRoot: false,
    httpNodeRoot: false,
    logging: { console: { level: 'error', metrics: false, audit: false } },
    ledgerway: { host: new Host({ default: instantStore() }) },
    bench: { sources, arrived: () => arrived() },
  });
  const started = new Promise((resolve) => red.events.once('flows:started', resolve));
  await red.start();
  await started;
  await sleep(500);
  const micros = async (source: string, count: number): Promise<number> => {
    const took = await seconds(async () => {
      for (let n = 0; n < count; n++)
        await new Promise<void>((resolve) => {
          arrived = resolve;
          sources.get(source)!.send(message(n));
        });
    });
    return (took / count) * 1e6;
  };
  for (const source of ['step-in', 'trivial-in']) await micros(source, WARM);
  const costs: FlowCosts[] = [];
  for (let round = 0; round < Number(rounds); round++)
    costs.push({
      step: await micros('step-in', Number(calls)),
      trivial: await micros('trivial-in', Number(calls)),
    });
  process.send!(costs);
}

void main(process.argv.slice(2));
