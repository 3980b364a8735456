import { strict as assert } from 'node:assert';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { type MappingSource, openMappingFolder } from '../../connectors/files';
import { Host, type Log, type Store, type StoreSettings } from '../../engine';
import type { Message, NodeStatus, RedApi } from '../../nodes/kit/red';
import { Scratch } from '../support/store';

/** What of node-red-node-test-helper is used; it brings no types. */
interface TestHelper {
  init(runtime: string): void;
  settings(settings: object): void;
  load(nodes: unknown[], flow: object[], credentials?: object): Promise<void>;
  setFlows(flow: object[], type: string, credentials?: object): Promise<void>;
  unload(): Promise<void>;
  getNode(id: string): HelperNode | null;
  startServer(): Promise<void>;
  stopServer(): Promise<void>;
}

interface HelperNode {
  on(event: string, listener: (given: never) => void): void;
  receive(msg: object): void;
  [member: string]: unknown;
}

const helper = require('node-red-node-test-helper') as TestHelper;
helper.init(require.resolve(process.env.LEDGERWAY_NODE_RED ?? 'node-red'));

/** The mappings of the template, as they are packaged. */
export const MAPPINGS = resolve(__dirname, '..', '..', 'flows', 'billing-invoice', 'mappings');

const TYPES = [
  'legal-entity',
  'document-store',
  'odoo-connection',
  'tax-service',
  'einvoice-channel',
  'webhook-in',
  'pipeline-in',
  'pipeline-out',
  'idempotency-guard',
  'canonical-map',
  'tax-engine-call',
  'odoo-post',
  'einvoice-submit',
  'exception-route',
];

const NODES = TYPES.map(
  (type) => require(join(__dirname, '..', '..', 'nodes', type, `${type}.js`)) as (RED: RedApi) => void,
);

export const TAB = { id: 'tab', type: 'tab', label: 'test' };

/** A legal entity as the editor keeps it. */
export const ENTITY = {
  id: 'entity',
  z: 'tab',
  type: 'ledgerway-legal-entity',
  name: 'Acme DE',
  key: 'acme_de',
  companyName: 'Ledgerway Demo GmbH',
  odooCompany: 1,
  currency: 'EUR',
  timeZone: 'Europe/Berlin',
  mode: 'live',
  numbering: 'source',
  mapping: 'acme_de',
  cutOver: '',
  sellerVatId: 'DE811111111',
  sellerRegistrationId: 'HRB 1234',
  sellerLine1: 'Torstraße 1',
  sellerCity: 'Berlin',
  sellerPostalCode: '10119',
  sellerCountry: 'DE',
  sellerEmail: '',
  sellerEndpointScheme: '9930',
  sellerEndpointId: 'DE811111111',
  kinds: JSON.stringify([
    {
      kind: 'invoice',
      owner: 'stripe',
      timing: 'real-time',
      approval: false,
      exceptionOwner: 'ar',
      serviceHours: 8,
    },
    { kind: 'credit_note', owner: 'stripe', timing: 'real-time', approval: false },
  ]),
};

export const PIPELINE_IN = {
  id: 'in',
  z: 'tab',
  type: 'ledgerway-pipeline-in',
  name: 'billing',
  entities: '["entity"]',
  kinds: '["invoice","credit_note"]',
  concurrency: 8,
  lanePolicy: 'block',
  requiredSteps: '[]',
};

/** A node of the flow under test. */
export const node = (id: string, type: string, more: object = {}): object => ({
  id,
  z: 'tab',
  type: type === 'helper' || type === 'catch' ? type : `ledgerway-${type}`,
  ...more,
});

/** Where pipelines under test end: `out` settles, `exceptions` retries or holds; `done`, `retried`, `held` show it. */
export const ENDINGS = [
  node('out', 'pipeline-out', { wires: [['done']] }),
  node('done', 'helper'),
  node('exceptions', 'exception-route', { mode: 'by kind', wires: [['retried'], ['held'], ['held']] }),
  node('retried', 'helper'),
  node('held', 'helper'),
];

/** Node-RED takes a node without a place on the canvas for a configuration node. */
const CONFIG = /legal-entity|document-store|connection|service|channel/;
const placed = (flow: object[]): object[] => [
  TAB,
  ...flow.map((each) => (CONFIG.test((each as { type: string }).type) ? each : { x: 0, y: 0, ...each })),
];

type Line = { level: string; facts: unknown; text: string };

/** Node-RED with our nodes on a real host with a real store, in a folder of its own. */
export class Bench {
  readonly lines: Line[] = [];
  private readonly scratch = new Scratch();
  private readonly received = new Map<string, Message[]>();
  private server?: Server;
  store!: Store;
  host!: Host;
  RED!: RedApi;

  static async open(
    settings: Partial<StoreSettings> = {},
    more: { mappings?: MappingSource; hostless?: boolean } = {},
  ): Promise<Bench> {
    const bench = new Bench();
    bench.store = await bench.scratch.store({ graceMs: 100, ...settings });
    const say = (level: string) => (facts: unknown, text: string) =>
      void bench.lines.push({ level, facts, text });
    const log: Log = { info: say('info'), warn: say('warn'), error: say('error') };
    bench.host = new Host({ default: bench.store }, { log });
    const ledgerway = { host: bench.host, mappings: more.mappings ?? openMappingFolder(MAPPINGS), log };
    await helper.startServer();
    helper.settings(more.hostless ? { ledgerway: undefined } : { ledgerway });
    return bench;
  }

  get folder(): string {
    return this.scratch.folder;
  }

  async load(flow: object[], credentials: object = {}, nodes: ((RED: RedApi) => void)[] = []): Promise<void> {
    const capture = (RED: RedApi): void => {
      this.RED = RED;
    };
    await helper.load([...NODES, ...nodes, capture], placed(flow), credentials);
    await this.host.flowsStarted();
    this.listen(flow);
  }

  async redeploy(flow: object[], credentials: object = {}, type = 'full'): Promise<void> {
    await helper.setFlows(placed(flow), type, credentials);
    await this.host.flowsStarted();
    this.listen(flow);
  }

  private listen(flow: object[]): void {
    for (const { id, type } of flow as { id: string; type: string }[])
      if (type === 'helper') {
        this.received.set(id, this.received.get(id) ?? []);
        helper.getNode(id)?.on('input', (msg: Message) => void this.received.get(id)!.push(msg));
      }
  }

  /** What a helper node received. */
  at(id: string): Message[] {
    return this.received.get(id) ?? [];
  }

  node<Node = HelperNode>(id: string): Node {
    const found = helper.getNode(id);
    assert.ok(found, `there is no node ${id}`);
    return found as unknown as Node;
  }

  send(id: string, msg: object): void {
    this.node(id).receive(msg);
  }

  /** The last status that a node showed. */
  status(id: string): NodeStatus {
    const { status } = this.node<{ status: { args: [NodeStatus][]; thisValues: { id: string }[] } }>(id);
    const last = status.args.filter((_args, index) => status.thisValues[index]?.id === id).at(-1);
    return last?.[0] ?? {};
  }

  /** The first message that a helper node receives. */
  async message(id: string, count = 1, limitMs = 20_000): Promise<Message> {
    await this.until(() => this.at(id).length >= count, `message ${count} at ${id}`, limitMs);
    return this.at(id)[count - 1]!;
  }

  async until(holds: () => boolean | Promise<boolean>, what = 'it', limitMs = 20_000): Promise<void> {
    const end = Date.now() + limitMs;
    while (!(await holds())) {
      if (Date.now() > end) throw new Error(`${what} did not come to be in ${limitMs} ms`);
      await new Promise((done) => setTimeout(done, 10));
    }
  }

  /** Waits until the document is in a state. */
  async state(documentId: string, state: string): Promise<void> {
    await this.until(
      async () => (await this.store.documentRow({ documentId })).state === state,
      `document ${state}`,
    );
  }

  /** Receives an event as a source does. */
  async receive(body: unknown, more: Partial<Parameters<Store['receive']>[0]> = {}): Promise<string> {
    const { id = 'evt', data } = body as { id?: string; data?: { object?: { id?: string } } };
    const object = data?.object?.id ?? id;
    const { documentId } = await this.store.receive({
      receiveKey: `stripe//${id}/${Math.random()}`,
      entity: 'acme_de',
      kind: 'invoice',
      lane: object,
      source: { system: 'stripe', id: object },
      body: { mediaType: 'application/json', content: JSON.stringify(body) },
      ...more,
    });
    return documentId;
  }

  /** The codes of the open exceptions. */
  async codes(): Promise<string[]> {
    return (await this.store.exceptions({})).map(({ code }) => code);
  }

  async kindsOfSteps(documentId: string): Promise<string[]> {
    const { steps } = await this.store.trace({ documentId });
    return steps.map(({ kind, state }) => `${kind} ${state}`);
  }

  /** Address of the HTTP routes of the nodes. */
  async http(): Promise<string> {
    this.server = createServer(this.RED.httpNode as unknown as RequestListener);
    await new Promise<void>((done) => this.server!.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    await helper.unload();
    await helper.stopServer();
    this.server?.closeAllConnections();
    this.server?.close();
    await this.host.close();
    await this.scratch.remove();
  }
}
