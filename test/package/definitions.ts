import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createContext, runInContext } from 'node:vm';

/** The repository, seen from `dist/test/package`. */
export const ROOT = resolve(__dirname, '..', '..', '..');

export interface Manifest {
  name: string;
  version: string;
  keywords: string[];
  engines: { node: string };
  dependencies: Record<string, string>;
  'node-red': { version: string; nodes: Record<string, string> };
  [field: string]: unknown;
}

export interface Property {
  value: unknown;
  /** Type of the configuration node that it refers to; `[]` behind it for a list. */
  type?: string;
  required?: boolean;
  validate?: (this: unknown, value: unknown, options: object) => unknown;
}

/** What the editor knows of a node type. */
export interface Definition {
  category: string;
  color: string;
  icon: string;
  inputs?: number;
  outputs?: number;
  defaults: Record<string, Property>;
  credentials?: Record<string, { type: string }>;
  paletteLabel(this: unknown): string;
}

/** Of each node set: type → folder name. */
export const folderOf = (type: string): string => type.replace(/^ledgerway-/, '');
export const LANGUAGES = ['en-US', 'de'] as const;

export const readText = (...path: string[]): string => readFileSync(join(ROOT, ...path), 'utf8');
export const readJson = <Shape>(...path: string[]): Shape => JSON.parse(readText(...path)) as Shape;
export const manifest = (): Manifest => readJson<Manifest>('package.json');
export const htmlOf = (folder: string): string => readText('nodes', folder, `${folder}.html`);

type Messages = { [key: string]: string | Messages };

export const messagesOf = (folder: string, language: string): Messages =>
  readJson<Messages>('nodes', folder, 'locales', language, `${folder}.json`);

/** `label.name` in a catalogue; undefined where it is missing. */
export function lookUp(messages: Messages, key: string): string | undefined {
  let found: string | Messages | undefined = messages;
  for (const part of key.split('.')) found = typeof found === 'object' ? found[part] : undefined;
  return typeof found === 'string' ? found : undefined;
}

export function keysOf(messages: Messages, before = ''): string[] {
  return Object.entries(messages).flatMap(([key, value]) =>
    typeof value === 'string' ? [before + key] : keysOf(value, `${before}${key}.`),
  );
}

/** A node of a flow file. */
export interface FlowNode {
  id: string;
  type: string;
  z?: string;
  g?: string;
  wires?: string[][];
  [property: string]: unknown;
}

/** jQuery with nothing on the page. */
function emptyPage(): unknown {
  const nothing = { length: 0, val: () => undefined };
  const chained: object = new Proxy(nothing, {
    get: (target, name) => (name in target ? Reflect.get(target, name) : () => chained),
  });
  return () => chained;
}

/**
 * The node types as their HTML files register them, with the validators, without a browser. `nodes` is what
 * `RED.nodes` knows: the flow under test.
 */
export function loadDefinitions(nodes: readonly FlowNode[] = []): Map<string, Definition> {
  const found = new Map<string, Definition>();
  const context: Record<string, unknown> = { console, URL, $: emptyPage() };
  context.window = context;
  context.RED = {
    settings: {},
    nodes: {
      registerType: (type: string, definition: Definition) => found.set(type, definition),
      node: (id: string) => nodes.find((node) => node.id === id),
      filterNodes: ({ type }: { type: string }) => nodes.filter((node) => node.type === type),
      eachConfig: (visit: (node: FlowNode) => void) => nodes.forEach(visit),
    },
  };
  createContext(context);
  for (const file of ['rules.js', 'form.js']) runInContext(readText('resources', file), context);
  for (const type of Object.keys(manifest()['node-red'].nodes)) {
    const [, script = ''] =
      /<script type="text\/javascript">([\s\S]*?)<\/script>/.exec(htmlOf(folderOf(type))) ?? [];
    runInContext(script, context, { filename: `${folderOf(type)}.html` });
  }
  return found;
}
