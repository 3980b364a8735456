import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RunContext } from '../../engine';

/** A message of a flow; plain JSON apart from what other nodes put there. */
export interface Message {
  _msgid?: string;
  payload?: unknown;
  /** The run of the document; absent in an ordinary flow. */
  ledgerway?: RunContext & { settled?: boolean };
  error?: unknown;
  [key: string]: unknown;
}

export interface NodeStatus {
  fill?: 'red' | 'green' | 'yellow' | 'blue' | 'grey';
  shape?: 'ring' | 'dot';
  text?: string;
}

/** What every node of a flow configuration has. */
export interface NodeConfig {
  id: string;
  type: string;
  name?: string;
  version?: number;
}

export type Done = (error?: Error) => void;
export type Send = (messages: Message | (Message | null)[]) => void;

/** A node as Node-RED makes it, in so far as it is used here. */
export interface FlowNode<Credentials = Record<string, string | undefined>> {
  id: string;
  type: string;
  name?: string;
  credentials?: Credentials;
  /** Ids of the nodes behind each output. */
  wires?: string[][];
  status(status: NodeStatus): void;
  send: Send;
  error(error: string | Error, msg?: Message): void;
  warn(text: string): void;
  debug(text: string): void;
  on(event: 'input', listener: (msg: Message, send: Send, done: Done) => void): void;
  on(event: 'close', listener: (() => void) | ((done: () => void) => void)): void;
}

export type Middleware = (req: IncomingMessage, res: ServerResponse, next: () => void) => void;

/** What of Node-RED's `RED` is used; its published types leave out half of it. */
export interface RedApi {
  nodes: {
    createNode(node: FlowNode, config: NodeConfig): void;
    // biome-ignore lint/complexity/noBannedTypes: Node-RED calls it with `new`
    registerType(type: string, maker: Function, options?: object): void;
    getNode(id: string): FlowNode | null;
    eachNode(visit: (config: NodeConfig) => void): void;
  };
  settings: { ledgerway?: unknown };
  httpNode: { use(middleware: Middleware): void };
  events: EventEmitter;
  util: { generateId(): string };
}
